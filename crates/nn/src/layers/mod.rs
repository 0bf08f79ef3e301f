//! Layers: parameters in, pure functions of a tensor and a [`crate::Pass`] out.
//!
//! The operations themselves, with their backward passes, are in `smes-kernels`; a layer holds the
//! parameters and their names.

mod attention;
mod conv;
mod conv1d;
mod dropout;
mod embedding;
mod gru;
mod layer_norm;
mod linear;
mod lstm;
mod prepared;

pub use attention::SelfAttention;
pub use conv::Conv3x3;
pub use conv1d::Conv1d;
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use gru::Gru;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use lstm::Lstm;
pub use prepared::DecodingWeights;
pub(crate) use prepared::Prepared;
pub use smes_kernels::{gelu, log_softmax, masked_softmax, softmax};
