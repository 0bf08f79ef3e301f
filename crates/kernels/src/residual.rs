//! `layer_norm(residual + dropout(x))`, the end of every sub-layer of a post-norm transformer, in
//! one pass: the sum is not stored but made again in the backward pass. [`crate::sub_layer`] joins
//! it to what stands before it.

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

/// The end of a sub-layer: dropout of what it found, the sum with what it read, and the norm of that.
#[derive(Debug, Clone)]
pub struct PostNorm {
    /// Nothing is dropped without one.
    pub mask: Option<DropoutMask>,
    /// Of the norm, `[D]`.
    pub weight: Tensor,
    /// Of the norm, `[D]`.
    pub bias: Tensor,
    /// Of the norm.
    pub epsilon: f32,
}

impl PostNorm {
    /// Checks that it fits `x` `[.., D]`.
    pub(crate) fn check(&self, x: &Tensor) -> std::result::Result<(), KernelError> {
        check_shapes(x, &self.weight, &self.bias)
    }

    /// Whether an operation over these arguments may carry weight and bias: candle passes gradients
    /// through three arguments at most, so they travel inside, which is right only if they are
    /// leaves and something else keeps the operation in the graph.
    pub(crate) fn can_travel(&self, arguments: &[&Tensor]) -> bool {
        let parameters = [&self.weight, &self.bias];
        let is_trained = parameters.iter().any(|tensor| tensor.track_op());
        parameters
            .iter()
            .all(|tensor| tensor.is_variable() || !tensor.track_op())
            && (!is_trained || arguments.iter().any(|argument| argument.track_op()))
    }

    /// Refuses a backward pass in which the gradients of weight and bias would be lost.
    pub(crate) fn check_collecting(&self) -> Result<()> {
        if !is_collecting() && (self.weight.track_op() || self.bias.track_op()) {
            candle_core::bail!("run the backward pass with smes_kernels::backward");
        }
        Ok(())
    }

    /// `residual + dropout(x)`, each row then changed by `f`.
    #[inline(always)]
    fn sum_and(&self, x: &[f32], residual: &[f32], f: impl Fn(&mut [f32]) + Sync) -> Vec<f32> {
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
                    for row in sum.chunks_exact_mut(width) {
                        f(row);
                    }
                },
            );
        })
    }

    /// `residual + dropout(x)`.
    pub(crate) fn sum(&self, x: &[f32], residual: &[f32]) -> Vec<f32> {
        self.sum_and(x, residual, |_| ())
    }

    /// The norm of `residual + dropout(x)`.
    pub(crate) fn forward(&self, x: &[f32], residual: &[f32]) -> Result<Vec<f32>> {
        with_numbers(&self.weight, |weight| {
            with_numbers(&self.bias, |bias| {
                self.sum_and(
                    x,
                    residual,
                    #[inline(always)]
                    |row| normalise(row, weight, bias, self.epsilon),
                )
            })
        })?
    }

    /// The norm of a sum.
    pub(crate) fn normalise(&self, sum: &[f32]) -> Result<Vec<f32>> {
        let width = self.weight.elem_count().max(1);
        with_numbers(&self.weight, |weight| {
            with_numbers(&self.bias, |bias| {
                map_pieces(sum, width, |_, rows| {
                    vectorise(
                        #[inline(always)]
                        || {
                            // A plain loop: `for_each` would be a call that is not compiled for
                            // the wide vectors.
                            for row in rows.chunks_exact_mut(width) {
                                normalise(row, weight, bias, self.epsilon);
                            }
                        },
                    );
                })
            })
        })?
    }

    /// Sends the gradients of weight and bias to their sums; gives that of the sum.
    pub(crate) fn backward(&self, sum: Vec<f32>, grad: &[f32]) -> Result<Vec<f32>> {
        let found = with_numbers(&self.weight, |weight| {
            backward(sum, grad, weight, self.epsilon)
        })?;
        ready_gradient(&self.weight, found.weight)?;
        ready_gradient(&self.bias, found.bias)?;
        Ok(found.x)
    }
}

/// `layer_norm(residual + dropout(x))`. Under a loss whose backward pass is [`crate::backward`];
/// elsewhere the same as the operations one by one.
///
/// # Shapes
/// `x`, `residual`: `[.., D]` · returns `[.., D]`
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes do not fit.
pub fn residual_layer_norm(
    x: &Tensor,
    residual: &Tensor,
    end: &PostNorm,
) -> std::result::Result<Tensor, KernelError> {
    end.check(x)?;
    if residual.dims() != x.dims() {
        let expected = format!("{:?}", x.dims());
        return Err(KernelError::shape("residual", expected, residual.dims()));
    }
    if !end.can_travel(&[x, residual]) {
        let sum = dropout_add(x, residual, end.mask)?;
        return layer_norm(&sum, &end.weight, &end.bias, end.epsilon);
    }
    let op = ResidualOp { end: end.clone() };
    Ok(x.contiguous()?.apply_op2(&residual.contiguous()?, op)?)
}

struct ResidualOp {
    end: PostNorm,
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
        let y = self.end.forward(x, residual)?;
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        residual: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.end.check_collecting()?;
        let sum = with_numbers(x, |x| {
            with_numbers(residual, |residual| self.end.sum(x, residual))
        })??;
        let of_sum = with_numbers(grad, |grad| self.end.backward(sum, grad))??;
        let of_sum = Tensor::from_vec(of_sum, x.shape(), x.device())?;
        let of_x = x
            .track_op()
            .then(|| masked_gradient(&of_sum, self.end.mask))
            .transpose()?;
        Ok((of_x, residual.track_op().then_some(of_sum)))
    }
}
