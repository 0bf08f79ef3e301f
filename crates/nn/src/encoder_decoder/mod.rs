//! The layers of encoder-decoder transformers of BART's family (Lewis et al. 2019), as Hugging Face
//! names their parameters: `self_attn`, `encoder_attn`, `fc1`, `fc2` and a norm for each. Blenderbot
//! and Whisper are built of them.

mod attention;
mod layer;

pub(crate) use layer::{DecoderLayer, EncoderLayer};

/// PyTorch's default, which all of the family use.
pub(crate) const EPSILON: f64 = 1e-5;

/// What a layer is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct LayerConfig {
    /// `D`, width of the hidden states.
    pub(crate) width: usize,
    /// Width of the feed-forward part.
    pub(crate) wide: usize,
    /// Attention heads; they divide `D`.
    pub(crate) n_heads: usize,
    /// Whether a norm stands before its sub-layer, or after it.
    pub(crate) is_norm_first: bool,
    /// Whether keys have a bias.
    pub(crate) has_key_bias: bool,
    /// Dropout of hidden states in training.
    pub(crate) dropout: f64,
    /// Dropout of attention weights in training.
    pub(crate) attention_dropout: f64,
    /// Dropout within the feed-forward part in training.
    pub(crate) activation_dropout: f64,
    /// Standard deviation of new weights.
    pub(crate) init_std: f64,
}
