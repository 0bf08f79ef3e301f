//! Tokens that never come: `bad_words_ids` of single tokens in transformers.

use super::{LogitsProcessor, Moment, bar};

/// Bars tokens.
#[derive(Debug, Clone)]
pub struct BarredTokens {
    /// Their ids.
    pub token_ids: Vec<u32>,
}

impl LogitsProcessor for BarredTokens {
    fn apply(&self, _moment: Moment<'_>, scores: &mut [f32]) {
        for &token_id in &self.token_ids {
            bar(scores, token_id);
        }
    }
}
