//! The shape of an expression model, stored beside its weights as `config.toml`.

use serde::{Deserialize, Serialize};

/// Version of this format.
pub const VERSION: u32 = 1;

/// Everything that, with the weights, makes an expression model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceModelConfig {
    /// Version of this format; [`VERSION`].
    pub version: u32,
    /// Name of the emotion set whose labels name the expressions.
    pub expressions: String,
    /// Side of the face that is read, in pixels.
    pub side: usize,
    /// The face that is read, in sides of the detector's square.
    pub margin: f32,
    /// Width and stride of each convolution.
    pub layers: Vec<(usize, usize)>,
    /// Dropout before the last map, in training.
    pub dropout: f64,
    /// Divisor of the logits, fitted on validation, so that probabilities are calibrated.
    pub temperature: f64,
}
