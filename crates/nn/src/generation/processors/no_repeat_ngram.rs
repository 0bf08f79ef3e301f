//! Lets no run of n tokens come twice in an output.

use super::{LogitsProcessor, Moment, bar_completed_runs};

/// Bars what would repeat a run of the output.
#[derive(Debug, Clone, Copy)]
pub struct NoRepeatNgram {
    /// Length of the runs, 1 or more.
    pub n: usize,
}

impl LogitsProcessor for NoRepeatNgram {
    fn apply(&self, moment: Moment<'_>, scores: &mut [f32]) {
        bar_completed_runs(scores, moment.output, moment.output, self.n);
    }
}
