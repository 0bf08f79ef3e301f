//! Keeps an output from ending too early.

use super::{LogitsProcessor, Moment, bar};

/// Bars the end token until the output has its least length.
#[derive(Debug, Clone, Copy)]
pub struct MinLength {
    /// In tokens, those the output began with included.
    pub min_length: usize,
    /// The end token.
    pub eos_id: u32,
}

impl LogitsProcessor for MinLength {
    fn apply(&self, moment: Moment<'_>, scores: &mut [f32]) {
        if moment.output.len() < self.min_length {
            bar(scores, self.eos_id);
        }
    }
}
