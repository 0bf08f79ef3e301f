//! Gaussian error linear unit (Hendrycks and Gimpel 2016), the exact form with the error function.

use std::f32::consts::FRAC_1_SQRT_2;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use crate::{
    KernelError,
    math::erf_and_gauss,
    simd::vectorise,
    storage::{map_pieces, numbers, with_numbers},
};

/// Applies `x * Phi(x)` to every number, `Phi` being the normal distribution function.
///
/// # Errors
/// When the tensor is not `f32` on the CPU.
pub fn gelu(x: &Tensor) -> std::result::Result<Tensor, KernelError> {
    Ok(x.contiguous()?.apply_op1(GeluOp)?)
}

/// `x * Phi(x)`.
#[inline(always)]
pub(crate) fn value(x: f32) -> f32 {
    x * (0.5 * (1.0 + erf_and_gauss(x * FRAC_1_SQRT_2).0))
}

/// `Phi(x) + x * phi(x)`, `phi(x) = exp(-x^2 / 2) / sqrt(2 pi)`.
#[inline(always)]
pub(crate) fn slope(x: f32) -> f32 {
    const DENSITY: f32 = 0.398_942_3;
    let (erf, gauss) = erf_and_gauss(x * FRAC_1_SQRT_2);
    0.5 * (1.0 + erf) + x * DENSITY * gauss
}

struct GeluOp;

impl CustomOp1 for GeluOp {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let y = map_pieces(numbers(x, layout)?, 1, |_, y| {
            vectorise(
                #[inline(always)]
                || y.iter_mut().for_each(|y| *y = value(*y)),
            );
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let dx = with_numbers(x, |x| {
            with_numbers(grad, |grad| {
                map_pieces(grad, 1, |first, dx| {
                    let x = &x[first..];
                    vectorise(
                        #[inline(always)]
                        || dx.iter_mut().zip(x).for_each(|(dx, x)| *dx *= slope(*x)),
                    );
                })
            })
        })??;
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
