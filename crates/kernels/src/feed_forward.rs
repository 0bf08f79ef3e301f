//! The feed-forward part of a transformer layer, `down(gelu(up(x)))`, as one operation: its wide
//! middle never passes through candle's graph, where it would be the largest tensor to add up.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use crate::{
    Affine, KernelError, Precision, gelu,
    gelu::{slope, value},
    gradients::ready_gradient,
    linear,
    simd::vectorise,
    storage::{map_pieces, numbers, with_numbers},
};

/// `down(gelu(up(x)))`. Under a loss whose backward pass is [`crate::backward`].
///
/// # Shapes
/// `x`: `[.., D]` · `up`: `D` to `F` · `down`: `F` to `D` · returns `[.., D]`
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes do not fit.
pub fn feed_forward(
    x: &Tensor,
    up: &Affine,
    down: &Affine,
    precision: Precision,
) -> std::result::Result<Tensor, KernelError> {
    if x.dims().last() != Some(&up.n_in()) {
        return Err(KernelError::shape(
            "x",
            format!("[.., {}]", up.n_in()),
            x.dims(),
        ));
    }
    if down.n_in() != up.n_out() {
        let expected = format!("[.., {}]", up.n_out());
        return Err(KernelError::shape("down", expected, down.weight().dims()));
    }
    if !Affine::can_travel(&[up, down], &[x]) {
        let wide = linear(x, up.weight(), Some(up.bias()), precision)?;
        return linear(&gelu(&wide)?, down.weight(), Some(down.bias()), precision);
    }
    let op = FeedForwardOp {
        up: up.clone(),
        down: down.clone(),
        precision,
        is_kept: x.track_op(),
        wide: Mutex::new(None),
    };
    Ok(x.contiguous()?.apply_op1(op)?)
}

struct FeedForwardOp {
    up: Affine,
    down: Affine,
    precision: Precision,
    /// Whether a backward pass may follow.
    is_kept: bool,
    /// `up(x)`, kept for the backward pass, which takes it; a second one makes it again.
    wide: Mutex<Option<Vec<f32>>>,
}

impl FeedForwardOp {
    fn activate(wide: &[f32]) -> Vec<f32> {
        map_pieces(wide, 1, |_, piece| {
            vectorise(
                #[inline(always)]
                || piece.iter_mut().for_each(|x| *x = value(*x)),
            );
        })
    }

    fn keep(&self, wide: Vec<f32>) {
        if let Ok(mut kept) = self.wide.lock() {
            *kept = Some(wide);
        }
    }

    fn kept(&self, x: &[f32]) -> Result<Vec<f32>> {
        let kept = self.wide.lock().ok().and_then(|mut kept| kept.take());
        kept.map_or_else(|| self.up.forward(x, self.precision), Ok)
    }
}

impl CustomOp1 for FeedForwardOp {
    fn name(&self) -> &'static str {
        "feed-forward"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let wide = self.up.forward(numbers(x, layout)?, self.precision)?;
        let y = self.down.forward(&Self::activate(&wide), self.precision)?;
        if self.is_kept {
            self.keep(wide);
        }
        let mut shape = layout.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = self.down.n_out();
        }
        Ok((CpuStorage::F32(y), Shape::from(shape)))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Affine::check_collecting(&[&self.up, &self.down])?;
        let dx = with_numbers(x, |x| {
            with_numbers(grad, |grad| {
                let wide = self.kept(x)?;
                self.down
                    .give_gradients(&Self::activate(&wide), grad, self.precision)?;
                let d_active = self.down.input_gradient(grad, self.precision)?;
                let d_wide = map_pieces(&d_active, 1, |first, d| {
                    let wide = &wide[first..];
                    vectorise(
                        #[inline(always)]
                        || d.iter_mut().zip(wide).for_each(|(d, x)| *d *= slope(*x)),
                    );
                });
                drop((d_active, wide));
                self.up.give_gradients(x, &d_wide, self.precision)?;
                self.up.input_gradient(&d_wide, self.precision)
            })
        })???;
        ready_gradient(x, dx)
    }
}
