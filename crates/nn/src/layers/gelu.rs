//! Gaussian error linear unit (Hendrycks and Gimpel 2016), the exact form with the error function.

use std::f32::consts::FRAC_1_SQRT_2;

use candle_core::{CpuStorage, CustomOp1, Layout, Result as CandleResult, Shape, Tensor};

use super::kernel::{erf_and_gauss, for_pieces, numbers, with_numbers};
use crate::NnError;

/// Applies `x * Phi(x)` to every number, `Phi` being the normal distribution function.
///
/// # Errors
/// When the tensor is not `f32` on the CPU.
pub fn gelu(x: &Tensor) -> Result<Tensor, NnError> {
    Ok(x.contiguous()?.apply_op1(GeluOp)?)
}

struct GeluOp;

impl CustomOp1 for GeluOp {
    fn name(&self) -> &'static str {
        "gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let mut y = numbers(x, layout)?.to_vec();
        for_pieces(&mut y, 1, |_, y| {
            for value in y {
                let (erf, _) = erf_and_gauss(*value * FRAC_1_SQRT_2);
                *value *= 0.5 * (1.0 + erf);
            }
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> CandleResult<Option<Tensor>> {
        // d/dx = Phi(x) + x * phi(x), phi(x) = exp(-x^2 / 2) / sqrt(2 pi).
        const DENSITY: f32 = 0.398_942_3;
        let mut dx = with_numbers(grad, <[f32]>::to_vec)?;
        with_numbers(x, |x| {
            for_pieces(&mut dx, 1, |start, dx| {
                for (dx, &x) in dx.iter_mut().zip(&x[start..]) {
                    let (erf, gauss) = erf_and_gauss(x * FRAC_1_SQRT_2);
                    *dx *= 0.5 * (1.0 + erf) + x * DENSITY * gauss;
                }
            });
        })?;
        Ok(Some(Tensor::from_vec(dx, x.shape(), x.device())?))
    }
}
