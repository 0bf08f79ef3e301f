//! Makes tokens that stand in the output already less likely (Keskar et al. 2019, CTRL).

use super::{LogitsProcessor, Moment};

/// Divides positive and multiplies negative scores of tokens of the output.
#[derive(Debug, Clone, Copy)]
pub struct RepetitionPenalty {
    /// Above 1 discourages, 1 changes nothing.
    pub penalty: f32,
}

impl LogitsProcessor for RepetitionPenalty {
    fn apply(&self, moment: Moment<'_>, scores: &mut [f32]) {
        let mut seen = moment.output.to_vec();
        seen.sort_unstable();
        seen.dedup();
        for token_id in seen {
            if let Some(score) = scores.get_mut(token_id as usize) {
                *score = if *score < 0.0 {
                    *score * self.penalty
                } else {
                    *score / self.penalty
                };
            }
        }
    }
}
