//! Leaves only the most likely tokens that together pass a probability (Holtzman et al. 2020).

use super::{LogitsProcessor, Moment};
use crate::generation::sampling::softmax_of;

/// Bars the unlikely tail. The token that crosses `p` stays; at least one does.
#[derive(Debug, Clone, Copy)]
pub struct TopP {
    /// In `(0, 1)`.
    pub p: f32,
}

impl LogitsProcessor for TopP {
    fn apply(&self, _moment: Moment<'_>, scores: &mut [f32]) {
        let probs = softmax_of(scores);
        let mut ascending: Vec<usize> = (0..scores.len()).collect();
        ascending.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
        // From the unlikely end, as in transformers: what fits into 1 - p goes.
        let tail = 1.0 - self.p;
        let mut mass = 0.0;
        for &token in &ascending[..ascending.len().saturating_sub(1)] {
            mass += probs[token];
            if mass > tail {
                break;
            }
            scores[token] = f32::NEG_INFINITY;
        }
    }
}
