//! The feed-forward part of a transformer layer, `down(gelu(up(x)))`, as one operation: its wide
//! middle never passes through candle's graph, where it would be the largest tensor to add up.

use std::sync::Mutex;

use candle_core::{Result, Tensor};

use crate::{
    Affine, KernelError, PostNorm, Precision, gelu,
    gelu::{slope, value},
    linear, residual_layer_norm,
    simd::vectorise,
    storage::map_pieces,
    sub_layer::{Branch, sub_layer},
};

/// `down(gelu(up(x)))`, and where `end` is given the whole sub-layer, `layer_norm(x + dropout(..))`.
/// Under a loss whose backward pass is [`crate::backward`].
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
    end: Option<&PostNorm>,
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
    let arguments = [x];
    if !Affine::can_travel(&[up, down], &arguments)
        || end.is_some_and(|end| !end.can_travel(&arguments))
    {
        let wide = linear(x, up.weight(), Some(up.bias()), precision)?;
        let y = linear(&gelu(&wide)?, down.weight(), Some(down.bias()), precision)?;
        return end.map_or(Ok(y.clone()), |end| residual_layer_norm(&y, x, end));
    }
    let branch = FeedForward {
        up: up.clone(),
        down: down.clone(),
        precision,
        is_kept: x.track_op(),
        wide: Mutex::new(None),
    };
    sub_layer(branch, x, None, end)
}

struct FeedForward {
    up: Affine,
    down: Affine,
    precision: Precision,
    /// Whether a backward pass may follow.
    is_kept: bool,
    /// `up(x)`, kept for the backward pass, which takes it; a second one makes it again.
    wide: Mutex<Option<Vec<f32>>>,
}

impl FeedForward {
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

impl Branch for FeedForward {
    const NAME: &'static str = "feed-forward";

    fn n_out(&self) -> usize {
        self.down.n_out()
    }

    fn forward(&self, x: &[f32], _memory: Option<&[f32]>) -> Result<Vec<f32>> {
        let wide = self.up.forward(x, self.precision)?;
        let y = self.down.forward(&Self::activate(&wide), self.precision)?;
        if self.is_kept {
            self.keep(wide);
        }
        Ok(y)
    }

    fn backward(
        &self,
        x: &[f32],
        _memory: Option<&[f32]>,
        grad: &[f32],
        so_far: Option<Vec<f32>>,
    ) -> Result<[Vec<f32>; 2]> {
        Affine::check_collecting(&[&self.up, &self.down])?;
        let wide = self.kept(x)?;
        self.down
            .give_gradients(&Self::activate(&wide), grad, self.precision)?;
        let d_active = self.down.input_gradient(grad, None, self.precision)?;
        let d_wide = map_pieces(&d_active, 1, |first, d| {
            let wide = &wide[first..];
            vectorise(
                #[inline(always)]
                || d.iter_mut().zip(wide).for_each(|(d, x)| *d *= slope(*x)),
            );
        });
        drop((d_active, wide));
        self.up.give_gradients(x, &d_wide, self.precision)?;
        let d_x = self.up.input_gradient(&d_wide, so_far, self.precision)?;
        Ok([d_x, Vec::new()])
    }
}
