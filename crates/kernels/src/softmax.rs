//! Softmax over the last dimension, with or without hidden positions, and its logarithm.

use candle_core::{CpuStorage, CustomOp1, D, DType, Layout, Result, Shape, Tensor};

use crate::{
    KernelError,
    math::{dot, exp, hide, largest, softmax_row, sum_over},
    simd::vectorise,
    storage::{map_pieces, numbers, with_numbers},
};

/// Probabilities over the last dimension.
///
/// # Errors
/// When the tensor is a scalar or not `f32`.
pub fn softmax(x: &Tensor) -> std::result::Result<Tensor, KernelError> {
    Ok(x.contiguous()?.apply_op1(SoftmaxOp { is_visible: None })?)
}

/// Probabilities over the visible positions of the last dimension; hidden ones get exactly 0, and
/// a row in which nothing is visible is all 0.
///
/// # Shapes
/// `x`: `[.., N]` · `is_visible`: the same shape, any integer type, 0 hides · returns the same
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes differ.
pub fn masked_softmax(x: &Tensor, is_visible: &Tensor) -> std::result::Result<Tensor, KernelError> {
    if x.dims() != is_visible.dims() {
        let expected = format!("{:?}", x.dims());
        return Err(KernelError::shape(
            "is_visible",
            expected,
            is_visible.dims(),
        ));
    }
    let is_visible = Some(visibility(is_visible)?);
    Ok(x.contiguous()?.apply_op1(SoftmaxOp { is_visible })?)
}

/// `log(softmax(x))` over the last dimension, stable for large numbers.
///
/// # Errors
/// When the tensor is a scalar or not `f32`.
pub fn log_softmax(x: &Tensor) -> std::result::Result<Tensor, KernelError> {
    Ok(x.contiguous()?.apply_op1(LogSoftmaxOp)?)
}

/// A mask of any integer type as bytes, 0 for hidden.
pub(crate) fn visibility(mask: &Tensor) -> Result<Vec<u8>> {
    // Through a comparison, since a cast would take 256 for hidden.
    mask.ne(&mask.zeros_like()?)?
        .flatten_all()?
        .to_dtype(DType::U8)?
        .to_vec1()
}

/// The logarithm of the sum of the exponentials of a row.
#[inline(always)]
pub(crate) fn log_sum_exp(row: &[f32]) -> f32 {
    let largest = largest(row);
    largest + sum_over(row.len(), |i| exp(row[i] - largest)).ln()
}

/// Calls `f(row of y, where it begins)` on a copy of `x`.
#[inline(always)]
fn map_rows(x: &[f32], width: usize, f: impl Fn(&mut [f32], usize) + Sync) -> Vec<f32> {
    let width = width.max(1);
    map_pieces(x, width, |first_row, y| {
        vectorise(
            #[inline(always)]
            || {
                for (i, row) in y.chunks_exact_mut(width).enumerate() {
                    f(row, (first_row + i) * width);
                }
            },
        );
    })
}

struct SoftmaxOp {
    is_visible: Option<Vec<u8>>,
}

impl CustomOp1 for SoftmaxOp {
    fn name(&self) -> &'static str {
        "softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = layout.shape().dim(D::Minus1)?;
        let y = map_rows(
            numbers(x, layout)?,
            width,
            #[inline(always)]
            |row, start| {
                if let Some(is_visible) = &self.is_visible {
                    hide(row, &is_visible[start..]);
                }
                softmax_row(row);
            },
        );
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let width = y.dim(D::Minus1)?;
        let backward = |y: &[f32], grad: &[f32]| {
            map_rows(
                grad,
                width,
                #[inline(always)]
                |dx, start| {
                    let y = &y[start..][..dx.len()];
                    let mean = dot(y, dx);
                    dx.iter_mut()
                        .zip(y)
                        .for_each(|(dx, y)| *dx = y * (*dx - mean));
                },
            )
        };
        let dx = with_numbers(y, |y| with_numbers(grad, |grad| backward(y, grad)))??;
        Ok(Some(Tensor::from_vec(dx, y.shape(), y.device())?))
    }
}

struct LogSoftmaxOp;

impl CustomOp1 for LogSoftmaxOp {
    fn name(&self) -> &'static str {
        "log-softmax"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = layout.shape().dim(D::Minus1)?;
        let y = map_rows(
            numbers(x, layout)?,
            width,
            #[inline(always)]
            |row, _| {
                let total = log_sum_exp(row);
                row.iter_mut().for_each(|value| *value -= total);
            },
        );
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let width = y.dim(D::Minus1)?;
        let backward = |y: &[f32], grad: &[f32]| {
            map_rows(
                grad,
                width,
                #[inline(always)]
                |dx, start| {
                    let y = &y[start..][..dx.len()];
                    let total = sum_over(dx.len(), |i| dx[i]);
                    dx.iter_mut()
                        .zip(y)
                        .for_each(|(dx, y)| *dx -= total * exp(*y));
                },
            )
        };
        let dx = with_numbers(y, |y| with_numbers(grad, |grad| backward(y, grad)))??;
        Ok(Some(Tensor::from_vec(dx, y.shape(), y.device())?))
    }
}
