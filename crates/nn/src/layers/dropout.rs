//! Dropout (Srivastava et al. 2014): zeroes numbers at random in training, scales up the others.

use candle_core::Tensor;
use smes_kernels::{DropoutMask, dropout};

use crate::{NnError, Pass};

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
            Some(mask) => Ok(dropout(x, mask)?),
            None => Ok(x.clone()),
        }
    }

    /// Whether this pass drops anything.
    pub fn is_active(self, pass: &Pass) -> bool {
        self.probability > 0.0 && pass.is_training()
    }

    /// What to drop in this pass; none in evaluation or with probability 0.
    pub fn mask(self, pass: &mut Pass) -> Option<DropoutMask> {
        if self.probability <= 0.0 {
            return None;
        }
        Some(DropoutMask::new(pass.next_dropout()?, self.probability))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Tensor;

    use super::*;

    #[test]
    fn does_nothing_in_evaluation_and_something_in_training() {
        let x = Tensor::new(&[1_f32, 2.0, 3.0, 4.0], &candle_core::Device::Cpu).unwrap();
        let y = Dropout::new(0.9).forward(&x, &mut Pass::eval()).unwrap();
        assert_eq!(y.to_vec1::<f32>().unwrap(), [1.0, 2.0, 3.0, 4.0]);
        let y = Dropout::new(0.9)
            .forward(&x, &mut Pass::train(1, 1))
            .unwrap();
        assert!(y.to_vec1::<f32>().unwrap().contains(&0.0));
    }
}
