//! The 3 x 3 neighbourhood of each place of a picture, as one row of numbers (`im2col`).
//!
//! With a linear map after it this is a convolution: PyTorch's `Conv2d(kernel_size=3, padding=1)`
//! with its weight `[out, in, 3, 3]` written as `[out, 3 x 3 x in]`. Channels come last, so that
//! a neighbour is copied in one piece.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::{
    KernelError,
    math::add_scaled,
    storage::{numbers, with_numbers},
};

/// Side of a neighbourhood.
const SIDE: usize = 3;

/// The neighbourhoods around every `stride`-th place, with zeros beyond the edges.
///
/// # Shapes
/// `x`: `[B, H, W, C]` · returns `[B, (H-1)/stride + 1, (W-1)/stride + 1, 9 C]`, rows of a
/// neighbourhood from top to bottom, places of a row from left to right
///
/// # Errors
/// [`KernelError::InputShape`] when `x` has not four dimensions, one of them is 0, or `stride` is.
pub fn patches(x: &Tensor, stride: usize) -> std::result::Result<Tensor, KernelError> {
    if x.rank() != 4 || x.elem_count() == 0 || stride == 0 {
        let expected = "[B, H, W, C], none 0, and a stride";
        return Err(KernelError::shape("x", expected, x.dims()));
    }
    Ok(x.contiguous()?.apply_op1(PatchesOp { stride })?)
}

struct PatchesOp {
    stride: usize,
}

/// Sizes of one picture before and after.
#[derive(Clone, Copy)]
struct Sizes {
    height: usize,
    width: usize,
    channels: usize,
    rows: usize,
    columns: usize,
    stride: usize,
}

impl Sizes {
    fn new(dims: &[usize], stride: usize) -> Self {
        let (height, width, channels) = (dims[1], dims[2], dims[3]);
        Self {
            height,
            width,
            channels,
            rows: (height - 1) / stride + 1,
            columns: (width - 1) / stride + 1,
            stride,
        }
    }

    fn picture(self) -> usize {
        self.height * self.width * self.channels
    }

    fn patch(self) -> usize {
        SIDE * SIDE * self.channels
    }

    fn patches(self) -> usize {
        self.rows * self.columns * self.patch()
    }

    /// Calls `f(where in the picture, where in the patches)` for each neighbour within the picture.
    fn for_each_neighbour(self, mut f: impl FnMut(usize, usize)) {
        for row in 0..self.rows {
            for column in 0..self.columns {
                let patch = (row * self.columns + column) * self.patch();
                for below in 0..SIDE {
                    let y = row * self.stride + below;
                    if !(1..=self.height).contains(&y) {
                        continue;
                    }
                    for right in 0..SIDE {
                        let x = column * self.stride + right;
                        if (1..=self.width).contains(&x) {
                            let from = ((y - 1) * self.width + x - 1) * self.channels;
                            f(from, patch + (below * SIDE + right) * self.channels);
                        }
                    }
                }
            }
        }
    }
}

impl CustomOp1 for PatchesOp {
    fn name(&self) -> &'static str {
        "patches"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let sizes = Sizes::new(layout.dims(), self.stride);
        let n_pictures = layout.dims()[0];
        let x = numbers(x, layout)?;
        let mut out = vec![0.0; n_pictures * sizes.patches()];
        out.par_chunks_mut(sizes.patches())
            .zip(x.par_chunks(sizes.picture()))
            .for_each(|(out, x)| {
                sizes.for_each_neighbour(|from, to| {
                    out[to..to + sizes.channels].copy_from_slice(&x[from..from + sizes.channels]);
                });
            });
        let shape = (n_pictures, sizes.rows, sizes.columns, sizes.patch());
        Ok((CpuStorage::F32(out), Shape::from(shape)))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let sizes = Sizes::new(x.dims(), self.stride);
        let mut dx = vec![0.0; x.elem_count()];
        with_numbers(grad, |grad| {
            dx.par_chunks_mut(sizes.picture())
                .zip(grad.par_chunks(sizes.patches()))
                .for_each(|(dx, grad)| {
                    sizes.for_each_neighbour(|to, from| {
                        let of_neighbour = &grad[from..from + sizes.channels];
                        add_scaled(&mut dx[to..to + sizes.channels], 1.0, of_neighbour);
                    });
                });
        })?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
