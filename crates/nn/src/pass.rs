//! One pass through a model: training or evaluation, and where its randomness comes from.
//!
//! Random numbers are a pure function of (seed, step, how many were drawn before), so a resumed
//! run draws what the uninterrupted one would have drawn and no generator state is stored.

use smes_kernels::RandomStream;

/// Says whether a model is being trained and carries the dropout stream.
#[derive(Debug, Clone)]
pub struct Pass {
    dropout: Option<RandomStream>,
    n_drawn: u64,
}

impl Pass {
    /// Evaluation: no dropout, the same output every time.
    pub fn eval() -> Self {
        Self {
            dropout: None,
            n_drawn: 0,
        }
    }

    /// Training: dropout is drawn from the seed of the run and the number of the step, so the same
    /// step of the same run always drops the same units.
    pub fn train(seed: u64, step: u64) -> Self {
        Self {
            dropout: Some(RandomStream::new(seed).numbered(step)),
            n_drawn: 0,
        }
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
