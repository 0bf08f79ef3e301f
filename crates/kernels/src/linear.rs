//! Affine map over the last dimension, PyTorch's `linear`: weight `[out, in]`, `y = x Wᵀ + b`.

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::{
    KernelError, Precision,
    gemm::{Onto, Product},
    gradients::{gradient, ready_gradient},
    math::add_scaled,
    matrix::{MatrixMut, MatrixRef},
    simd::vectorise,
    storage::{numbers, rows_per_piece, with_numbers},
};

/// `x Wᵀ + b` over the last dimension.
///
/// # Shapes
/// `x`: `[.., in]` · `weight`: `[out, in]` · `bias`: `[out]` · returns `[.., out]`
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes do not fit.
pub fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    precision: Precision,
) -> std::result::Result<Tensor, KernelError> {
    let (n_out, n_in) = weight
        .dims2()
        .map_err(|_| KernelError::shape("weight", "[out, in]", weight.dims()))?;
    if x.dims().last() != Some(&n_in) {
        return Err(KernelError::shape("x", format!("[.., {n_in}]"), x.dims()));
    }
    let op = LinearOp { precision };
    let (x, weight) = (x.contiguous()?, weight.contiguous()?);
    match bias {
        None => Ok(x.apply_op2(&weight, op)?),
        Some(bias) if bias.dims() == [n_out] => {
            Ok(x.apply_op3(&weight, &bias.contiguous()?, op)?)
        }
        Some(bias) => Err(KernelError::shape(
            "bias",
            format!("[{n_out}]"),
            bias.dims(),
        )),
    }
}

/// Sum of each column of rows of `width` numbers. The pieces are added in order, so the result
/// does not depend on the number of cores.
pub(crate) fn column_sums(values: &[f32], width: usize) -> Vec<f32> {
    let piece = rows_per_piece(width) * width;
    let sum_piece = |rows: &[f32]| {
        let mut sums = vec![0.0; width];
        vectorise(
            #[inline(always)]
            || {
                rows.chunks_exact(width)
                    .for_each(|row| add_scaled(&mut sums, 1.0, row));
            },
        );
        sums
    };
    let partial: Vec<Vec<f32>> = values.par_chunks(piece.max(1)).map(sum_piece).collect();
    let mut sums = vec![0.0; width];
    for part in &partial {
        add_scaled(&mut sums, 1.0, part);
    }
    sums
}

struct LinearOp {
    precision: Precision,
}

impl LinearOp {
    fn forward(
        &self,
        (x, x_layout): (&CpuStorage, &Layout),
        (weight, weight_layout): (&CpuStorage, &Layout),
        bias: Option<&[f32]>,
    ) -> Result<(CpuStorage, Shape)> {
        let (n_out, n_in) = weight_layout.shape().dims2()?;
        let mut shape = x_layout.dims().to_vec();
        let n_rows: usize = shape[..shape.len() - 1].iter().product();
        let x = MatrixRef::new(numbers(x, x_layout)?, n_rows, n_in);
        let weight = MatrixRef::new(numbers(weight, weight_layout)?, n_out, n_in);
        let y = Product::parallel(self.precision).fresh(x, weight.t(), bias);
        if let Some(last) = shape.last_mut() {
            *last = n_out;
        }
        Ok((CpuStorage::F32(y), Shape::from(shape)))
    }

    /// Gradients of `x` and the weight.
    fn backward(
        &self,
        x: &Tensor,
        weight: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (n_out, n_in) = weight.dims2()?;
        let n_rows = grad.elem_count() / n_out.max(1);
        let product = Product::parallel(self.precision);
        with_numbers(grad, |grad| {
            let grad = MatrixRef::new(grad, n_rows, n_out);
            let of_x = with_numbers(weight, |weight| {
                let weight = MatrixRef::new(weight, n_out, n_in);
                gradient(
                    x,
                    || product.fresh(grad, weight, None),
                    |sum| {
                        product.write(
                            MatrixMut::new(sum, n_rows, n_in),
                            grad,
                            weight,
                            Onto::Output,
                        );
                    },
                )
            })??;
            let of_weight = with_numbers(x, |x| {
                let x = MatrixRef::new(x, n_rows, n_in);
                gradient(
                    weight,
                    || product.fresh(grad.t(), x, None),
                    |sum| {
                        product.write(MatrixMut::new(sum, n_out, n_in), grad.t(), x, Onto::Output);
                    },
                )
            })??;
            Ok((of_x, of_weight))
        })?
    }
}

impl CustomOp2 for LinearOp {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        self.forward((x, x_layout), (weight, weight_layout), None)
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.backward(x, weight, grad)
    }
}

impl CustomOp3 for LinearOp {
    fn name(&self) -> &'static str {
        "linear"
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
        let bias = Some(numbers(bias, bias_layout)?);
        self.forward((x, x_layout), (weight, weight_layout), bias)
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (of_x, of_weight) = self.backward(x, weight, grad)?;
        let of_bias = if bias.track_op() {
            let sums = with_numbers(grad, |grad| column_sums(grad, bias.elem_count()))?;
            ready_gradient(bias, sums)?
        } else {
            None
        };
        Ok((of_x, of_weight, of_bias))
    }
}
