//! Layer normalisation over the last dimension (Ba, Kiros, Hinton 2016), PyTorch's `nn.LayerNorm`.

use candle_core::{CpuStorage, CustomOp3, Layout, Result as CandleResult, Shape, Tensor};
use rayon::prelude::*;

use super::kernel::{add_scaled, for_pieces, numbers, rows_per_piece, sum_over, with_numbers};
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
        let width = self.weight.elem_count();
        if x.dims().last() != Some(&width) {
            return Err(NnError::shape("x", format!("[.., {width}]"), x.dims()));
        }
        let op = LayerNormOp {
            epsilon: self.epsilon,
        };
        Ok(x.contiguous()?
            .apply_op3(&self.weight.contiguous()?, &self.bias.contiguous()?, op)?)
    }
}

struct LayerNormOp {
    epsilon: f32,
}

impl LayerNormOp {
    /// Mean and inverse standard deviation of a row.
    #[inline]
    fn moments(&self, row: &[f32]) -> (f32, f32) {
        let n = row.len() as f32;
        let mean = sum_over(row.len(), |i| row[i]) / n;
        let variance = sum_over(row.len(), |i| (row[i] - mean) * (row[i] - mean)) / n;
        (mean, 1.0 / (variance + self.epsilon).sqrt())
    }

    /// Gradients of rows: of `x` into `dx`; of weight and bias as sums, weight first.
    fn rows_backward(&self, dx: &mut [f32], x: &[f32], dy: &[f32], weight: &[f32]) -> Vec<f32> {
        let width = weight.len();
        let n = width as f32;
        let mut sums = vec![0.0; 2 * width];
        let (d_weight, d_bias) = sums.split_at_mut(width);
        let rows = dx
            .chunks_exact_mut(width)
            .zip(x.chunks_exact(width))
            .zip(dy.chunks_exact(width));
        for ((dx, x), dy) in rows {
            let (mean, scale) = self.moments(x);
            let a = sum_over(width, |i| dy[i] * weight[i]) / n;
            let c = sum_over(width, |i| dy[i] * weight[i] * (x[i] - mean)) * scale / n;
            for i in 0..width {
                let normal = (x[i] - mean) * scale;
                dx[i] = scale * (dy[i] * weight[i] - a - normal * c);
                d_weight[i] += dy[i] * normal;
                d_bias[i] += dy[i];
            }
        }
        sums
    }
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
    ) -> CandleResult<(CpuStorage, Shape)> {
        let (weight, bias) = (numbers(weight, weight_layout)?, numbers(bias, bias_layout)?);
        let mut y = numbers(x, x_layout)?.to_vec();
        let width = weight.len();
        for_pieces(&mut y, width, |_, y| {
            for row in y.chunks_exact_mut(width) {
                let (mean, scale) = self.moments(row);
                for ((value, weight), bias) in row.iter_mut().zip(weight).zip(bias) {
                    *value = (*value - mean) * scale * weight + bias;
                }
            }
        });
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let width = weight.elem_count();
        let piece = rows_per_piece(width) * width;
        let mut dx = vec![0.0; x.elem_count()];
        let mut backward = |x: &[f32], dy: &[f32], weight: &[f32]| {
            let pieces = dx
                .par_chunks_mut(piece)
                .zip(x.par_chunks(piece))
                .zip(dy.par_chunks(piece));
            let partial: Vec<Vec<f32>> = pieces
                .map(|((dx, x), dy)| self.rows_backward(dx, x, dy, weight))
                .collect();
            let mut sums = vec![0.0; 2 * width];
            for part in &partial {
                add_scaled(&mut sums, 1.0, part);
            }
            sums
        };
        let sums = with_numbers(x, |x| {
            with_numbers(grad, |dy| {
                with_numbers(weight, |weight| backward(x, dy, weight))
            })
        })???;
        let device = x.device();
        let (d_weight, d_bias) = sums.split_at(width);
        Ok((
            Some(Tensor::from_vec(dx, x.shape(), device)?),
            Some(Tensor::from_slice(d_weight, width, device)?),
            Some(Tensor::from_slice(d_bias, width, device)?),
        ))
    }
}
