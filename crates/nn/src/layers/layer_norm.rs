//! Layer normalisation over the last dimension (Ba, Kiros, Hinton 2016), PyTorch's `nn.LayerNorm`.

use candle_core::Tensor;
use smes_kernels::{DropoutMask, PostNorm, layer_norm};

use crate::{Init, NnError, ParamLoader};

/// Layer normalisation with scale and shift.
#[derive(Debug, Clone)]
pub struct LayerNorm {
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl LayerNorm {
    /// Takes `weight` and `bias`, both `[D]`; new ones start at one and zero.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(loader: &ParamLoader<'_>, width: usize, epsilon: f64) -> Result<Self, NnError> {
        Ok(Self {
            weight: loader.get("weight", &[width], Init::Ones)?,
            bias: loader.get("bias", &[width], Init::Zeros)?,
            #[expect(clippy::cast_possible_truncation, reason = "used beside f32 numbers")]
            epsilon: epsilon as f32,
        })
    }

    /// # Shapes
    /// `x`: `[.., D]` · returns the same
    ///
    /// # Equation
    /// `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`, with the biased variance.
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the last dimension is not `D`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        Ok(layer_norm(x, &self.weight, &self.bias, self.epsilon)?)
    }

    /// The end of a sub-layer with this norm.
    pub fn post_norm(&self, mask: Option<DropoutMask>) -> PostNorm {
        PostNorm {
            mask,
            weight: self.weight.clone(),
            bias: self.bias.clone(),
            epsilon: self.epsilon,
        }
    }
}
