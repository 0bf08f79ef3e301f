//! Leaves only the k most likely tokens (Fan et al. 2018); those equal to the k-th stay.

use super::{LogitsProcessor, Moment};

/// Bars all but the k most likely tokens.
#[derive(Debug, Clone, Copy)]
pub struct TopK {
    /// 1 or more.
    pub k: usize,
}

impl LogitsProcessor for TopK {
    fn apply(&self, _moment: Moment<'_>, scores: &mut [f32]) {
        let k = self.k.min(scores.len());
        if k == 0 {
            return;
        }
        let mut sorted = scores.to_vec();
        let (_, least, _) = sorted.select_nth_unstable_by(k - 1, |a, b| b.total_cmp(a));
        let least = *least;
        for score in scores {
            if *score < least {
                *score = f32::NEG_INFINITY;
            }
        }
    }
}
