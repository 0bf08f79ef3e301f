//! `layer_norm(residual + dropout(x))`, the end of every sub-layer of a post-norm transformer, in
//! one pass: the sum is not stored but made again in the backward pass.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

use crate::{
    DropoutMask, KernelError,
    dropout::{dropout_add, masked_gradient},
    gradients::{is_collecting, ready_gradient},
    layer_norm::{backward, check_shapes, layer_norm, normalise},
    math::add_scaled,
    simd::vectorise,
    storage::{map_pieces, numbers, with_numbers},
};

/// `layer_norm(residual + dropout(x))`; without a mask nothing is dropped. Under a loss whose
/// backward pass is [`crate::backward`]; elsewhere the same as the operations one by one.
///
/// # Shapes
/// `x`, `residual`: `[.., D]` · `weight`, `bias`: `[D]` · returns `[.., D]`
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes do not fit.
pub fn residual_layer_norm(
    x: &Tensor,
    residual: &Tensor,
    mask: Option<DropoutMask>,
    weight: &Tensor,
    bias: &Tensor,
    epsilon: f32,
) -> std::result::Result<Tensor, KernelError> {
    check_shapes(x, weight, bias)?;
    if residual.dims() != x.dims() {
        let expected = format!("{:?}", x.dims());
        return Err(KernelError::shape("residual", expected, residual.dims()));
    }
    // candle passes gradients through three arguments at most. Weight and bias travel inside the
    // operation, which is right only if they are leaves and something else keeps it in the graph.
    let is_leaf = |tensor: &Tensor| tensor.is_variable() || !tensor.track_op();
    let is_in_graph =
        x.track_op() || residual.track_op() || !(weight.track_op() || bias.track_op());
    if !(is_leaf(weight) && is_leaf(bias) && is_in_graph) {
        return layer_norm(&dropout_add(x, residual, mask)?, weight, bias, epsilon);
    }
    let op = ResidualOp {
        mask,
        weight: weight.contiguous()?,
        bias: bias.contiguous()?,
        epsilon,
    };
    Ok(x.contiguous()?.apply_op2(&residual.contiguous()?, op)?)
}

struct ResidualOp {
    mask: Option<DropoutMask>,
    weight: Tensor,
    bias: Tensor,
    epsilon: f32,
}

impl ResidualOp {
    /// `residual + dropout(x)`, each row then changed by `f`.
    #[inline(always)]
    fn sum(&self, x: &[f32], residual: &[f32], f: impl Fn(&mut [f32]) + Sync) -> Vec<f32> {
        let width = self.weight.elem_count().max(1);
        map_pieces(x, width, |first_row, sum| {
            let first = first_row * width;
            vectorise(
                #[inline(always)]
                || {
                    if let Some(mask) = self.mask {
                        mask.apply(sum, first);
                    }
                    add_scaled(sum, 1.0, &residual[first..]);
                    sum.chunks_exact_mut(width).for_each(&f);
                },
            );
        })
    }
}

impl CustomOp2 for ResidualOp {
    fn name(&self) -> &'static str {
        "residual-layer-norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, residual) = (numbers(x, x_layout)?, numbers(residual, residual_layout)?);
        let forward = |weight: &[f32], bias: &[f32]| {
            self.sum(
                x,
                residual,
                #[inline(always)]
                |row| normalise(row, weight, bias, self.epsilon),
            )
        };
        let y = with_numbers(&self.weight, |weight| {
            with_numbers(&self.bias, |bias| forward(weight, bias))
        })??;
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        residual: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        if !is_collecting() && (self.weight.track_op() || self.bias.track_op()) {
            candle_core::bail!("run the backward pass with smes_kernels::backward");
        }
        let sum = with_numbers(x, |x| {
            with_numbers(residual, |residual| self.sum(x, residual, |_| ()))
        })??;
        let found = with_numbers(grad, |dy| {
            with_numbers(&self.weight, |weight| {
                backward(sum, dy, weight, self.epsilon)
            })
        })??;
        ready_gradient(&self.weight, found.weight)?;
        ready_gradient(&self.bias, found.bias)?;
        let of_sum = Tensor::from_vec(found.x, x.shape(), x.device())?;
        let of_x = x
            .track_op()
            .then(|| masked_gradient(&of_sum, self.mask))
            .transpose()?;
        Ok((of_x, residual.track_op().then_some(of_sum)))
    }
}
