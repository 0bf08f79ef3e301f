//! The shape of a head model, stored beside its weights as `config.toml`.

use serde::{Deserialize, Serialize};

use super::HeadPose;

/// Version of this format.
pub const VERSION: u32 = 1;

/// Everything that, with the weights, makes a head model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadModelConfig {
    /// Version of this format; [`VERSION`].
    pub version: u32,
    /// Side of the face that is read, in pixels.
    pub side: usize,
    /// The face that is read, in sides of the detector's square.
    pub margin: f32,
    /// Width and stride of each convolution.
    pub layers: Vec<(usize, usize)>,
    /// Dropout before the last map, in training.
    pub dropout: f64,
    /// How far a reading lies off, on average over the faces of validation, in degrees.
    pub error: HeadPose,
}
