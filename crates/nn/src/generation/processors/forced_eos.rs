//! Ends an output that has reached its greatest length with the end token.

use super::{LogitsProcessor, Moment};

/// Leaves only the end token for the last place.
#[derive(Debug, Clone, Copy)]
pub struct ForcedEos {
    /// In tokens, those the output began with included.
    pub max_length: usize,
    /// The end token.
    pub eos_id: u32,
}

impl LogitsProcessor for ForcedEos {
    fn apply(&self, moment: Moment<'_>, scores: &mut [f32]) {
        if moment.output.len() + 1 == self.max_length {
            scores.fill(f32::NEG_INFINITY);
            if let Some(score) = scores.get_mut(self.eos_id as usize) {
                *score = 0.0;
            }
        }
    }
}
