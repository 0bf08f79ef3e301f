//! Layer normalisation over the last dimension (Ba, Kiros, Hinton 2016), PyTorch's `layer_norm`.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::{
    KernelError,
    gradients::ready_gradient,
    math::{add_scaled, sum_over},
    simd::vectorise,
    storage::{map_pieces, numbers, rows_per_piece, with_numbers},
};

/// `y = (x - mean) / sqrt(variance + epsilon) * weight + bias`, with the biased variance.
///
/// # Shapes
/// `x`: `[.., D]` · `weight`, `bias`: `[D]` · returns `[.., D]`
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes do not fit.
pub fn layer_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    epsilon: f32,
) -> std::result::Result<Tensor, KernelError> {
    check_shapes(x, weight, bias)?;
    Ok(x.contiguous()?.apply_op3(
        &weight.contiguous()?,
        &bias.contiguous()?,
        LayerNormOp { epsilon },
    )?)
}

pub(crate) fn check_shapes(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
) -> std::result::Result<(), KernelError> {
    let width = weight.elem_count();
    if weight.rank() != 1 {
        return Err(KernelError::shape("weight", "[D]", weight.dims()));
    }
    if bias.dims() != weight.dims() {
        return Err(KernelError::shape(
            "bias",
            format!("[{width}]"),
            bias.dims(),
        ));
    }
    if x.dims().last() != Some(&width) {
        return Err(KernelError::shape("x", format!("[.., {width}]"), x.dims()));
    }
    Ok(())
}

/// Mean and inverse standard deviation of a row.
#[inline(always)]
fn moments(row: &[f32], epsilon: f32) -> (f32, f32) {
    let n = row.len() as f32;
    let mean = sum_over(row.len(), |i| row[i]) / n;
    let variance = sum_over(row.len(), |i| (row[i] - mean) * (row[i] - mean)) / n;
    (mean, 1.0 / (variance + epsilon).sqrt())
}

/// Normalises a row in place.
#[inline(always)]
pub(crate) fn normalise(row: &mut [f32], weight: &[f32], bias: &[f32], epsilon: f32) {
    let (mean, scale) = moments(row, epsilon);
    for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
        *value = (*value - mean) * scale * weight + bias;
    }
}

/// Gradients of rows: each of `dx` holds a row of `x` and becomes its gradient; those of weight and
/// bias are added to `sums`, weight first.
#[inline(always)]
fn rows_backward(dx: &mut [f32], dy: &[f32], weight: &[f32], epsilon: f32, sums: &mut [f32]) {
    let width = weight.len();
    let n = width as f32;
    let (d_weight, d_bias) = sums.split_at_mut(width);
    let d_bias = &mut d_bias[..width];
    for (row, dy) in dx.chunks_exact_mut(width).zip(dy.chunks_exact(width)) {
        let (mean, scale) = moments(row, epsilon);
        let a = sum_over(width, |i| dy[i] * weight[i]) / n;
        let c = sum_over(width, |i| dy[i] * weight[i] * (row[i] - mean)) * scale / n;
        for i in 0..width {
            let normal = (row[i] - mean) * scale;
            row[i] = scale * (dy[i] * weight[i] - a - normal * c);
            d_weight[i] += dy[i] * normal;
            d_bias[i] += dy[i];
        }
    }
}

/// Gradients of a layer norm over `x`.
pub(crate) struct Backward {
    pub(crate) x: Vec<f32>,
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

/// Works out all gradients. `x` is handed over and becomes its own gradient. The sums of the
/// pieces are added in order, so the result does not depend on the number of cores.
pub(crate) fn backward(mut x: Vec<f32>, dy: &[f32], weight: &[f32], epsilon: f32) -> Backward {
    let width = weight.len();
    let piece = (rows_per_piece(width) * width).max(1);
    let backward_piece = |(x, dy): (&mut [f32], &[f32])| {
        let mut sums = vec![0.0; 2 * width];
        vectorise(
            #[inline(always)]
            || rows_backward(x, dy, weight, epsilon, &mut sums),
        );
        sums
    };
    let pieces = x.par_chunks_mut(piece).zip(dy.par_chunks(piece));
    let partial: Vec<Vec<f32>> = pieces.map(backward_piece).collect();
    let mut weight = vec![0.0; 2 * width];
    for part in &partial {
        add_scaled(&mut weight, 1.0, part);
    }
    let bias = weight.split_off(width);
    Backward { x, weight, bias }
}

struct LayerNormOp {
    epsilon: f32,
}

impl CustomOp3 for LayerNormOp {
    fn name(&self) -> &'static str {
        "layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (weight, bias) = (numbers(weight, weight_layout)?, numbers(bias, bias_layout)?);
        let width = weight.len().max(1);
        let y = map_pieces(numbers(x, x_layout)?, width, |_, y| {
            vectorise(
                #[inline(always)]
                || {
                    let rows = y.chunks_exact_mut(width);
                    for row in rows {
                        normalise(row, weight, bias, self.epsilon);
                    }
                },
            );
        });
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let x_values = with_numbers(x, <[f32]>::to_vec)?;
        let found = with_numbers(grad, |dy| {
            with_numbers(weight, |weight| {
                backward(x_values, dy, weight, self.epsilon)
            })
        })??;
        Ok((
            ready_gradient(x, found.x)?,
            ready_gradient(weight, found.weight)?,
            ready_gradient(bias, found.bias)?,
        ))
    }
}
