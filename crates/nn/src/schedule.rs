//! Learning rate over the steps of a run: linear warm-up, then decay.

use serde::{Deserialize, Serialize};

/// How the learning rate falls after warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decay {
    /// Stays at its peak.
    Constant,
    /// Falls on a straight line to 0 at the last step.
    Linear,
    /// Falls on half a cosine to 0 at the last step (Loshchilov and Hutter 2017).
    Cosine,
}

/// A schedule: what to multiply the peak learning rate with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Steps of linear warm-up.
    pub n_warmup_steps: u64,
    /// Steps of the run, warm-up included.
    pub n_steps: u64,
    /// What follows warm-up.
    pub decay: Decay,
}

impl Schedule {
    /// The factor, in `[0, 1]`, of a step counted from 0 (transformers' `get_linear_schedule_with_warmup`
    /// and `get_cosine_schedule_with_warmup`).
    pub fn factor(&self, step: u64) -> f64 {
        if step < self.n_warmup_steps {
            return step as f64 / self.n_warmup_steps as f64;
        }
        let n_decay = self.n_steps.saturating_sub(self.n_warmup_steps).max(1);
        let done = ((step - self.n_warmup_steps) as f64 / n_decay as f64).min(1.0);
        match self.decay {
            Decay::Constant => 1.0,
            Decay::Linear => 1.0 - done,
            Decay::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * done).cos()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rises_to_the_peak_and_falls_to_zero() {
        let check = |decay, expected: [f64; 5]| {
            let schedule = Schedule {
                n_warmup_steps: 4,
                n_steps: 12,
                decay,
            };
            for (step, expected) in [0, 2, 4, 8, 12].into_iter().zip(expected) {
                let found = schedule.factor(step);
                assert!(
                    (found - expected).abs() < 1e-12,
                    "{decay:?} at {step}: {found}"
                );
            }
        };
        check(Decay::Linear, [0.0, 0.5, 1.0, 0.5, 0.0]);
        check(Decay::Cosine, [0.0, 0.5, 1.0, 0.5, 0.0]);
        check(Decay::Constant, [0.0, 0.5, 1.0, 1.0, 1.0]);
        let past_the_end = Schedule {
            n_warmup_steps: 0,
            n_steps: 0,
            decay: Decay::Linear,
        };
        assert!(past_the_end.factor(5).abs() < 1e-12);
    }
}
