//! The update of `AdamW` (Loshchilov and Hutter 2019) in one pass over memory, and the norm that
//! clipping needs.

use std::cell::RefCell;

use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor, Var, bail};
use rayon::prelude::*;

use crate::{KernelError, math::dot, simd::vectorise, storage::with_numbers};

/// The numbers of one update that are the same for every element.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWFactors {
    /// What remains of a parameter after weight decay: `1 - rate * decay`.
    pub keep: f32,
    /// Decay of the running mean of gradients.
    pub beta1: f32,
    /// `1 - beta1`, from the double-precision number.
    pub one_minus_beta1: f32,
    /// Decay of the running mean of squared gradients.
    pub beta2: f32,
    /// `1 - beta2`, from the double-precision number.
    pub one_minus_beta2: f32,
    /// The rate over the bias correction of the first mean.
    pub step_size: f32,
    /// One over the root of the bias correction of the second mean.
    pub second_scale: f32,
    /// Added to the denominator.
    pub epsilon: f32,
    /// Factor of the gradient (clipping).
    pub clip: f32,
}

/// Updates a parameter and its two running means in place.
///
/// # Errors
/// [`KernelError::InputShape`] when the lengths differ; when a tensor is not `f32` on the CPU.
pub fn adamw_update(
    var: &Var,
    gradient: &Tensor,
    first: &mut [f32],
    second: &mut [f32],
    factors: AdamWFactors,
) -> std::result::Result<(), KernelError> {
    let n = var.elem_count();
    if (gradient.elem_count(), first.len(), second.len()) != (n, n, n) {
        return Err(KernelError::shape(
            "gradient",
            format!("{:?}", var.dims()),
            gradient.dims(),
        ));
    }
    with_numbers(gradient, |gradient| {
        var.inplace_op1(&Update {
            factors,
            gradient,
            means: RefCell::new((first, second)),
        })
    })??;
    Ok(())
}

/// Sum of the squares of all numbers, in double precision.
///
/// # Errors
/// When the tensor is not `f32` on the CPU.
pub fn squared_norm(tensor: &Tensor) -> std::result::Result<f64, KernelError> {
    const PIECE: usize = 1 << 15;
    let piece_norm = |piece: &[f32]| {
        vectorise(
            #[inline(always)]
            || {
                let parts = piece.chunks(1024).map(|part| f64::from(dot(part, part)));
                parts.sum::<f64>()
            },
        )
    };
    Ok(with_numbers(tensor, |values| {
        let pieces: Vec<f64> = values.par_chunks(PIECE).map(piece_norm).collect();
        pieces.iter().sum()
    })?)
}

struct Update<'a> {
    factors: AdamWFactors,
    gradient: &'a [f32],
    means: RefCell<(&'a mut [f32], &'a mut [f32])>,
}

impl InplaceOp1 for Update<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        const PIECE: usize = 1 << 15;
        let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            bail!("a parameter is contiguous f32");
        };
        let (factors, gradient) = (self.factors, self.gradient);
        let mut means = self.means.borrow_mut();
        let (first, second) = &mut *means;
        values[start..end]
            .par_chunks_mut(PIECE)
            .zip(first.par_chunks_mut(PIECE))
            .zip(second.par_chunks_mut(PIECE))
            .zip(gradient.par_chunks(PIECE))
            .for_each(|(((values, first), second), gradient)| {
                vectorise(
                    #[inline(always)]
                    || update(factors, values, gradient, first, second),
                );
            });
        Ok(())
    }
}

#[inline(always)]
fn update(
    f: AdamWFactors,
    values: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
) {
    let elements = values.iter_mut().zip(first).zip(second).zip(gradient);
    for (((value, first), second), gradient) in elements {
        let gradient = gradient * f.clip;
        *first = f.beta1 * *first + f.one_minus_beta1 * gradient;
        *second = f.beta2 * *second + f.one_minus_beta2 * gradient * gradient;
        let denominator = second.sqrt() * f.second_scale + f.epsilon;
        *value = *value * f.keep - f.step_size * *first / denominator;
    }
}
