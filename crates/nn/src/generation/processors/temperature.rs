//! Sharpens or flattens the distribution.

use super::{LogitsProcessor, Moment};

/// Divides the scores.
#[derive(Debug, Clone, Copy)]
pub struct Temperature {
    /// Below 1 sharpens, above 1 flattens.
    pub temperature: f32,
}

impl LogitsProcessor for Temperature {
    fn apply(&self, _moment: Moment<'_>, scores: &mut [f32]) {
        for score in scores {
            *score /= self.temperature;
        }
    }
}
