//! Softmax over the last dimension, with or without hidden positions, and its logarithm.

use candle_core::{CpuStorage, CustomOp1, D, DType, Layout, Result as CandleResult, Shape, Tensor};

use super::kernel::{dot, for_pieces, numbers, softmax_row, with_numbers};
use crate::NnError;

/// Probabilities over the last dimension.
///
/// # Errors
/// When the tensor is a scalar or not `f32`.
pub fn softmax(x: &Tensor) -> Result<Tensor, NnError> {
    Ok(x.contiguous()?.apply_op1(SoftmaxOp { is_visible: None })?)
}

/// Probabilities over the visible positions of the last dimension; hidden ones get exactly 0, and
/// a row in which nothing is visible is all 0.
///
/// # Shapes
/// `x`: `[.., N]` · `is_visible`: the same shape, any integer type, 0 hides · returns the same
///
/// # Errors
/// [`NnError::InputShape`] when the shapes differ.
pub fn masked_softmax(x: &Tensor, is_visible: &Tensor) -> Result<Tensor, NnError> {
    if x.dims() != is_visible.dims() {
        return Err(NnError::shape(
            "is_visible",
            format!("{:?}", x.dims()),
            is_visible.dims(),
        ));
    }
    let is_visible = is_visible
        .to_dtype(DType::U8)?
        .flatten_all()?
        .to_vec1::<u8>()?;
    Ok(x.contiguous()?.apply_op1(SoftmaxOp {
        is_visible: Some(is_visible),
    })?)
}

/// `log(softmax(x))` over the last dimension, stable for large numbers. A composite: it is used on
/// a handful of labels, where a fused form gains nothing.
///
/// # Errors
/// When the tensor is a scalar.
pub fn log_softmax(x: &Tensor) -> Result<Tensor, NnError> {
    // The shift cancels out of the result, so it carries no gradient.
    let shifted = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?;
    let log_total = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    Ok(shifted.broadcast_sub(&log_total)?)
}

struct SoftmaxOp {
    is_visible: Option<Vec<u8>>,
}

impl CustomOp1 for SoftmaxOp {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let width = layout.shape().dim(D::Minus1)?;
        let mut y = numbers(x, layout)?.to_vec();
        for_pieces(&mut y, width, |first_row, y| {
            for (i, row) in y.chunks_exact_mut(width).enumerate() {
                let start = (first_row + i) * width;
                match &self.is_visible {
                    Some(is_visible) => softmax_row(row, |j| is_visible[start + j] != 0),
                    None => softmax_row(row, |_| true),
                }
            }
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, grad: &Tensor) -> CandleResult<Option<Tensor>> {
        let width = y.dim(D::Minus1)?;
        let mut dx = with_numbers(grad, <[f32]>::to_vec)?;
        with_numbers(y, |y| {
            for_pieces(&mut dx, width, |first_row, dx| {
                for (i, dx) in dx.chunks_exact_mut(width).enumerate() {
                    let y = &y[(first_row + i) * width..][..width];
                    let mean = dot(y, dx);
                    for (dx, y) in dx.iter_mut().zip(y) {
                        *dx = y * (*dx - mean);
                    }
                }
            });
        })?;
        Ok(Some(Tensor::from_vec(dx, y.shape(), y.device())?))
    }
}
