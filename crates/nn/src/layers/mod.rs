//! Layers: parameters in, pure functions of a tensor and a [`crate::Pass`] out.
//!
//! Layer norm, GELU, softmax, bias, dropout, attention and the GRU are single operations with a
//! hand-written backward pass: composed from candle's element-wise operations each would cost
//! several passes over memory forward and more backward. Every one has its composite as a twin in
//! the tests. All are differentiable in every argument that can be trained.

mod attention;
mod dropout;
mod embedding;
mod gelu;
mod gru;
mod kernel;
mod layer_norm;
mod linear;
mod softmax;
#[cfg(test)]
mod twin;

pub use attention::{SelfAttention, attend};
pub use dropout::Dropout;
pub use embedding::Embedding;
pub use gelu::gelu;
pub use gru::Gru;
pub(crate) use kernel::{squared_norm, with_numbers};
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use softmax::{log_softmax, masked_softmax, softmax};
