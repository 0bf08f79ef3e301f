//! Lets no run of n tokens of the source come in its output (a default of BlenderBot-400M).

use super::{LogitsProcessor, Moment, bar_completed_runs};

/// Bars what would repeat a run of the source.
#[derive(Debug, Clone, Copy)]
pub struct EncoderNoRepeatNgram {
    /// Length of the runs, 1 or more.
    pub n: usize,
}

impl LogitsProcessor for EncoderNoRepeatNgram {
    fn apply(&self, moment: Moment<'_>, scores: &mut [f32]) {
        bar_completed_runs(scores, moment.source, moment.output, self.n);
    }
}
