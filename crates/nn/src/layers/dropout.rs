//! Dropout (Srivastava et al. 2014): zeroes numbers at random in training, scales up the others.

use candle_core::{CpuStorage, CustomOp1, Layout, Result as CandleResult, Shape, Tensor};

use super::kernel::{for_pieces, numbers};
use crate::{NnError, Pass, RandomStream};

/// Dropout with a fixed probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dropout {
    probability: f64,
}

impl Dropout {
    /// `probability` of zeroing a number, held to `[0, 1)`.
    pub fn new(probability: f64) -> Self {
        Self {
            probability: probability.clamp(0.0, 1.0 - f64::EPSILON),
        }
    }

    /// Drops in training; hands back the input itself in evaluation.
    ///
    /// # Errors
    /// When the tensor is not `f32` on the CPU.
    pub fn forward(self, x: &Tensor, pass: &mut Pass) -> Result<Tensor, NnError> {
        match self.mask(pass) {
            Some(mask) => Ok(x.contiguous()?.apply_op1(DropoutOp { mask })?),
            None => Ok(x.clone()),
        }
    }

    /// What to drop in this pass; none in evaluation or with probability 0.
    pub(crate) fn mask(self, pass: &mut Pass) -> Option<DropoutMask> {
        if self.probability <= 0.0 {
            return None;
        }
        let stream = pass.next_dropout()?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a probability below 1 times 2^32"
        )]
        let threshold = (self.probability * f64::from(u32::MAX)) as u32;
        #[expect(clippy::cast_possible_truncation, reason = "used beside f32 numbers")]
        let scale = (1.0 / (1.0 - self.probability)) as f32;
        Some(DropoutMask {
            stream,
            threshold,
            scale,
        })
    }
}

/// The factor of each position, 0 or `1 / (1 - p)`; computed when needed, never stored, so the
/// backward pass reads the same mask again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DropoutMask {
    stream: RandomStream,
    threshold: u32,
    scale: f32,
}

impl DropoutMask {
    #[inline]
    pub(crate) fn factor(self, position: u64) -> f32 {
        let random = (self.stream.bits(position) >> 32) as u32;
        if random < self.threshold {
            0.0
        } else {
            self.scale
        }
    }
}

struct DropoutOp {
    mask: DropoutMask,
}

impl CustomOp1 for DropoutOp {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> CandleResult<(CpuStorage, Shape)> {
        let mut y = numbers(x, layout)?.to_vec();
        for_pieces(&mut y, 1, |start, y| {
            for (position, value) in (start as u64..).zip(y) {
                *value *= self.mask.factor(position);
            }
        });
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, grad: &Tensor) -> CandleResult<Option<Tensor>> {
        Ok(Some(grad.contiguous()?.apply_op1_no_bwd(self)?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn drops_the_stated_share_keeps_the_mean_and_passes_the_gradient_of_what_it_kept() {
        let x =
            Var::from_tensor(&Tensor::ones(40_000, candle_core::DType::F32, &Device::Cpu).unwrap())
                .unwrap();
        let y = Dropout::new(0.25)
            .forward(&x, &mut Pass::train(1, 1))
            .unwrap();
        let kept = y.to_vec1::<f32>().unwrap();
        let n_zero = kept.iter().filter(|value| **value == 0.0).count();
        assert!(
            (9_600..10_400).contains(&n_zero),
            "{n_zero} of 40000 dropped"
        );
        assert!(
            kept.iter()
                .all(|value| *value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6)
        );
        let grads = y.sum_all().unwrap().backward().unwrap();
        assert_eq!(grads.get(&x).unwrap().to_vec1::<f32>().unwrap(), kept);
    }

    #[test]
    fn does_nothing_in_evaluation() {
        let x = Tensor::new(&[1_f32, 2.0], &Device::Cpu).unwrap();
        let y = Dropout::new(0.9).forward(&x, &mut Pass::eval()).unwrap();
        assert_eq!(y.to_vec1::<f32>().unwrap(), [1.0, 2.0]);
    }
}
