//! Convolution over pictures: PyTorch's `Conv2d(in, out, 3, stride, padding=1)`, channels last.

use candle_core::Tensor;
use smes_kernels::patches;

use super::Linear;
use crate::{NnError, ParamLoader};

/// A 3 x 3 convolution with zeros beyond the edges.
#[derive(Debug, Clone)]
pub struct Conv3x3 {
    map: Linear,
    stride: usize,
}

impl Conv3x3 {
    /// Takes `weight` `[out, 9 in]` (PyTorch's `[out, in, 3, 3]` with its axes as 0, 2, 3, 1) and
    /// `bias` `[out]`; new ones start uniform in `±1/sqrt(9 in)`, as PyTorch's.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(
        loader: &ParamLoader<'_>,
        n_in: usize,
        n_out: usize,
        stride: usize,
    ) -> Result<Self, NnError> {
        Ok(Self {
            map: Linear::load(loader, 9 * n_in, n_out)?,
            stride,
        })
    }

    /// # Shapes
    /// `x`: `[B, H, W, in]` · returns `[B, (H-1)/stride + 1, (W-1)/stride + 1, out]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when `x` is not of that shape.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        self.map.forward(&patches(x, self.stride)?)
    }
}
