//! A sub-layer of a transformer as one operation: its branch alone, `branch(x)`, or with the end that
//! the post-norm form gives it, `layer_norm(x + dropout(branch(x)))`.
//!
//! `x` then passes through candle's graph once and not three times (as the branch's argument, as the
//! residual, as the branch's result), each of which costs a tensor of zeros and an addition on the
//! way back: its gradient is summed in place.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::{
    KernelError, PostNorm,
    dropout::masked,
    gradients::ready_gradient,
    storage::{numbers, with_numbers},
};

/// What stands on the branch: a function of `x`, and of the memory of an encoder where it has one.
pub(crate) trait Branch: Send + Sync + 'static {
    /// As errors call it.
    const NAME: &'static str;

    /// Width of a row of the result.
    fn n_out(&self) -> usize;

    /// May leave what the backward pass takes.
    fn forward(&self, x: &[f32], memory: Option<&[f32]>) -> Result<Vec<f32>>;

    /// Sends the gradients of parameters to their sums; gives those of `x`, added to `so_far` where
    /// there is one, and of the memory, empty where there is none.
    fn backward(
        &self,
        x: &[f32],
        memory: Option<&[f32]>,
        grad: &[f32],
        so_far: Option<Vec<f32>>,
    ) -> Result<[Vec<f32>; 2]>;
}

/// Joins a branch to its end. Parameters must be able to travel (see [`crate::Affine`]).
///
/// # Errors
/// [`KernelError::InputShape`] when the end does not fit.
pub(crate) fn sub_layer<B: Branch>(
    branch: B,
    x: &Tensor,
    memory: Option<&Tensor>,
    end: Option<&PostNorm>,
) -> std::result::Result<Tensor, KernelError> {
    if let Some(end) = end {
        end.check(x)?;
        if x.dims().last() != Some(&branch.n_out()) {
            let expected = format!("[.., {}]", branch.n_out());
            return Err(KernelError::shape("residual", expected, x.dims()));
        }
    }
    let op = SubLayer {
        branch,
        is_kept: x.track_op() || memory.is_some_and(Tensor::track_op),
        sum: Mutex::new(None),
        end: end.cloned(),
    };
    let x = x.contiguous()?;
    Ok(match memory {
        None => x.apply_op1(op)?,
        Some(memory) => x.apply_op2(&memory.contiguous()?, op)?,
    })
}

struct SubLayer<B> {
    branch: B,
    end: Option<PostNorm>,
    /// Whether a backward pass may follow.
    is_kept: bool,
    /// `x + dropout(branch(x))`, kept for the backward pass, which takes it; a second one makes it
    /// again.
    sum: Mutex<Option<Vec<f32>>>,
}

impl<B: Branch> SubLayer<B> {
    fn forward(
        &self,
        x: &[f32],
        memory: Option<&[f32]>,
        layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let found = self.branch.forward(x, memory)?;
        let y = match &self.end {
            None => found,
            Some(end) if !self.is_kept => end.forward(&found, x)?,
            Some(end) => {
                let sum = end.sum(&found, x);
                drop(found);
                let y = end.normalise(&sum)?;
                if let Ok(mut kept) = self.sum.lock() {
                    *kept = Some(sum);
                }
                y
            }
        };
        let mut shape = layout.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = self.branch.n_out();
        }
        Ok((CpuStorage::F32(y), Shape::from(shape)))
    }

    fn backward(&self, x: &[f32], memory: Option<&[f32]>, grad: &[f32]) -> Result<[Vec<f32>; 2]> {
        let Some(end) = &self.end else {
            return self.branch.backward(x, memory, grad, None);
        };
        end.check_collecting()?;
        let kept = self.sum.lock().ok().and_then(|mut kept| kept.take());
        let sum = match kept {
            Some(sum) => sum,
            None => end.sum(&self.branch.forward(x, memory)?, x),
        };
        let of_sum = end.backward(sum, grad)?;
        let of_found = end.mask.map(|mask| masked(&of_sum, mask));
        let grad = of_found.unwrap_or_else(|| of_sum.clone());
        self.branch.backward(x, memory, &grad, Some(of_sum))
    }
}

impl<B: Branch> CustomOp1 for SubLayer<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward(numbers(x, layout)?, None, layout)
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let backward = |x: &[f32], grad: &[f32]| self.backward(x, None, grad);
        let [d_x, _] = with_numbers(x, |x| with_numbers(grad, |grad| backward(x, grad)))???;
        ready_gradient(x, d_x)
    }
}

impl<B: Branch> CustomOp2 for SubLayer<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        memory: &CpuStorage,
        memory_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, memory) = (numbers(x, x_layout)?, numbers(memory, memory_layout)?);
        self.forward(x, Some(memory), x_layout)
    }

    fn bwd(
        &self,
        x: &Tensor,
        memory: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [d_x, d_memory] = with_numbers(x, |x| {
            with_numbers(memory, |memory| {
                with_numbers(grad, |grad| self.backward(x, Some(memory), grad))
            })
        })????;
        Ok((ready_gradient(x, d_x)?, ready_gradient(memory, d_memory)?))
    }
}
