//! One pass through a model: training or evaluation, where its randomness comes from, and how
//! precise its products are.
//!
//! Random numbers are a pure function of (seed, step, how many were drawn before), so a resumed
//! run draws what the uninterrupted one would have drawn and no generator state is stored.

use smes_kernels::{Precision, RandomStream};

/// Says whether a model is being trained, and carries the dropout stream and the precision.
#[derive(Debug, Clone)]
pub struct Pass {
    dropout: Option<RandomStream>,
    n_drawn: u64,
    precision: Precision,
}

impl Pass {
    /// Evaluation: no dropout, the same output every time.
    pub fn eval() -> Self {
        Self {
            dropout: None,
            n_drawn: 0,
            precision: Precision::F32,
        }
    }

    /// Training: dropout is drawn from the seed of the run and the number of the step, so the same
    /// step of the same run always drops the same units.
    pub fn train(seed: u64, step: u64) -> Self {
        Self {
            dropout: Some(RandomStream::new(seed).numbered(step)),
            n_drawn: 0,
            precision: Precision::F32,
        }
    }

    /// The same pass with products of another precision, in the layers that heed it
    /// ([`crate::blenderbot`]).
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// Precision of the products.
    pub fn precision(&self) -> Precision {
        self.precision
    }

    /// Whether dropout is active.
    pub fn is_training(&self) -> bool {
        self.dropout.is_some()
    }

    /// The stream of the next dropout layer; none in evaluation.
    pub fn next_dropout(&mut self) -> Option<RandomStream> {
        let stream = self.dropout?.numbered(self.n_drawn);
        self.n_drawn += 1;
        Some(stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_step_draws_the_same_streams_and_another_step_others() {
        let draw = |step| {
            let mut pass = Pass::train(7, step);
            [pass.next_dropout(), pass.next_dropout()]
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        assert_ne!(draw(3)[0], draw(3)[1]);
        assert!(Pass::eval().next_dropout().is_none());
    }
}
