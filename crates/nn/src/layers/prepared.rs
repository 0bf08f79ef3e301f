//! Weights in the form in which decoding reads them fastest. They pass no gradient.

use candle_core::Tensor;
use smes_kernels::{PackedLinear, QuantisedLinear};

use crate::NnError;

/// How weights are stored for decoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodingWeights {
    /// Rounded to bf16: half the memory, nearly the same logits.
    Bf16,
    /// In int8 with a scale a row, activations quantised when they come: a quarter of the memory
    /// and the fastest; logits differ visibly.
    Int8,
}

/// A weight and a bias prepared for decoding.
#[derive(Debug)]
pub(crate) enum Prepared {
    Bf16(PackedLinear),
    Int8(QuantisedLinear),
}

impl Prepared {
    /// Prepares `weight` `[out, in]` and `bias` `[out]`.
    pub(crate) fn new(
        weight: &Tensor,
        bias: Option<&Tensor>,
        how: DecodingWeights,
    ) -> Result<Self, NnError> {
        Ok(match how {
            DecodingWeights::Bf16 => Self::Bf16(PackedLinear::from_f32(weight, bias)?),
            DecodingWeights::Int8 => Self::Int8(QuantisedLinear::from_f32(weight, bias)?),
        })
    }

    /// `x Wᵀ + b` over the last dimension.
    pub(crate) fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        Ok(match self {
            Self::Bf16(weight) => weight.forward(x)?,
            Self::Int8(weight) => weight.forward(x)?,
        })
    }
}
