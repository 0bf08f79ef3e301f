//! Fused CPU operations for candle, each with its hand-written backward pass.
//!
//! Composed from candle's element-wise operations, a layer norm or an attention costs several
//! passes over memory forward and more backward; here each is one. Instructions are chosen at run
//! time: matrix products use AVX-512 (bf16 and int8 where the processor has them), everything else
//! is plain Rust compiled for each instruction set and gives the same bits on all of them.
//! Knows tensors, not layers and not dialogues; one file an operation.
//!
//! [`backward`] runs the backward pass of a loss; it sums the gradients of parameters in place,
//! where candle's own would fill a tensor of zeros and add to it (docs/adr/0004).

mod adamw;
mod affine;
mod attention;
mod cross_entropy;
mod dropout;
mod embedding;
mod error;
mod feed_forward;
mod gelu;
mod gemm;
mod gradients;
mod gru;
mod key_values;
mod layer_norm;
mod linear;
mod lstm;
mod math;
mod matrix;
mod memory;
mod packed;
mod patches;
mod pool;
mod projected_attention;
mod random;
mod residual;
mod simd;
mod softmax;
mod storage;
mod sub_layer;
#[cfg(test)]
mod tests;
mod tied_cross_entropy;

pub use adamw::{AdamWFactors, adamw_update, squared_norm};
pub use affine::Affine;
pub use attention::{AttentionSpec, attention};
pub use cross_entropy::{NllSum, cross_entropy};
pub use dropout::{DropoutMask, dropout, dropout_add};
pub use embedding::embedding;
pub use error::KernelError;
pub use feed_forward::feed_forward;
pub use gelu::gelu;
pub use gemm::Precision;
pub use gradients::backward;
pub use gru::gru;
pub use key_values::KeyValues;
pub use layer_norm::layer_norm;
pub use linear::linear;
pub use lstm::lstm;
pub use memory::keep_freed_memory;
pub use packed::{PackedLinear, QuantisedLinear};
pub use patches::patches;
pub use pool::on_pool;
pub use projected_attention::{Projections, projected_attention};
pub use random::RandomStream;
pub use residual::{PostNorm, residual_layer_norm};
pub use simd::force_portable;
pub use softmax::{log_softmax, masked_softmax, softmax};
pub use tied_cross_entropy::tied_cross_entropy;
