//! BLEU-1 to 4 as the published code computes them: nltk's corpus BLEU with smoothing method 3.
//!
//! Source: Papineni et al. 2002, smoothing: Chen and Cherry 2014, method 3. Reference:
//! `nltk.translate.bleu_score.corpus_bleu` of nltk 3.10.4 as called by `myMetrics.py` of
//! thu-coai/Emotional-Support-Conversation: equal weights over the orders `1..=k`, one reference.
//! Tokens: [`crate::text::word_tokenize`]. Range `0..=1` (the papers print it times 100), higher is
//! better. An order without any match counts `1 / (2^i * total)` for the i-th such order; no shared
//! word at all, or no pair, gives 0.

use super::ngrams::{n_shared, sorted_ngrams};

/// Longest n-gram.
pub(super) const MAX_ORDER: usize = 4;

/// N-gram counts of pairs of hypothesis and reference; they add up over pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BleuCounts {
    pub(super) matches: [u64; MAX_ORDER],
    pub(super) totals: [u64; MAX_ORDER],
    pub(super) hypothesis_len: u64,
    pub(super) reference_len: u64,
}

impl BleuCounts {
    /// Counts of one pair of token numbers.
    pub fn new(hypothesis: &[u32], reference: &[u32]) -> Self {
        let mut counts = Self {
            hypothesis_len: hypothesis.len() as u64,
            reference_len: reference.len() as u64,
            ..Self::default()
        };
        for n in 1..=MAX_ORDER {
            let ours = sorted_ngrams(hypothesis, n);
            counts.totals[n - 1] = ours.len() as u64;
            counts.matches[n - 1] = n_shared(&ours, &sorted_ngrams(reference, n));
        }
        counts
    }

    /// The same with nltk's convention that a hypothesis has at least one n-gram of every order.
    pub fn nltk(hypothesis: &[u32], reference: &[u32]) -> Self {
        let mut counts = Self::new(hypothesis, reference);
        for total in &mut counts.totals {
            *total = (*total).max(1);
        }
        counts
    }

    /// Adds the counts of other pairs.
    pub fn merge(&mut self, other: &Self) {
        for n in 0..MAX_ORDER {
            self.matches[n] += other.matches[n];
            self.totals[n] += other.totals[n];
        }
        self.hypothesis_len += other.hypothesis_len;
        self.reference_len += other.reference_len;
    }

    /// Tokens of the hypotheses over tokens of the references; 0 where there are no references.
    pub fn length_ratio(&self) -> f64 {
        if self.reference_len == 0 {
            0.0
        } else {
            self.hypothesis_len as f64 / self.reference_len as f64
        }
    }

    /// 1, or less where the hypotheses are shorter than the references; 0 where they are empty.
    pub(super) fn brevity_penalty(&self) -> f64 {
        if self.hypothesis_len == 0 {
            0.0
        } else if self.hypothesis_len >= self.reference_len {
            1.0
        } else {
            (1.0 - self.reference_len as f64 / self.hypothesis_len as f64).exp()
        }
    }
}

/// BLEU over the orders `1..=max_order` of counts made with [`BleuCounts::nltk`].
///
/// # Panics
/// When `max_order` is not in `1..=4`.
pub fn bleu(counts: &BleuCounts, max_order: usize) -> f64 {
    assert!((1..=MAX_ORDER).contains(&max_order), "orders are 1 to 4");
    if counts.matches[0] == 0 {
        return 0.0;
    }
    let mut penalty = 1.0;
    let mut log_sum = 0.0;
    for n in 0..max_order {
        let total = counts.totals[n] as f64;
        let precision = if counts.matches[n] == 0 {
            penalty *= 2.0;
            1.0 / (penalty * total)
        } else {
            counts.matches[n] as f64 / total
        };
        log_sum += precision.ln();
    }
    counts.brevity_penalty() * (log_sum / max_order as f64).exp()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn corpus(pairs: &[(Vec<u32>, Vec<u32>)]) -> BleuCounts {
        let mut counts = BleuCounts::default();
        for (hypothesis, reference) in pairs {
            counts.merge(&BleuCounts::nltk(hypothesis, reference));
        }
        counts
    }

    #[test]
    fn a_pair_worked_by_hand_has_its_known_value() {
        // "the the cat" against "the cat sat": 2 of 3 words, 1 of 2 pairs, same length.
        let counts = BleuCounts::nltk(&[1, 1, 2], &[1, 2, 3]);
        assert!((bleu(&counts, 1) - 2.0 / 3.0).abs() < 1e-12);
        assert!((bleu(&counts, 2) - (2.0_f64 / 3.0 * 0.5).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn nothing_in_common_and_no_pair_at_all_give_zero() {
        assert!(bleu(&BleuCounts::nltk(&[1], &[2]), 4).abs() < 1e-12);
        assert!(bleu(&BleuCounts::default(), 4).abs() < 1e-12);
        assert!(bleu(&BleuCounts::nltk(&[], &[2]), 2).abs() < 1e-12);
    }

    fn words() -> impl Strategy<Value = Vec<u32>> {
        prop::collection::vec(0_u32..6, 0..12)
    }

    proptest! {
        #[test]
        fn order_and_batching_change_nothing_and_bleu_is_a_share(
            mut pairs in prop::collection::vec((words(), words()), 0..12),
            cut in 0_usize..12,
        ) {
            let forward = corpus(&pairs);
            let cut = cut.min(pairs.len());
            let mut batched = corpus(&pairs[..cut]);
            batched.merge(&corpus(&pairs[cut..]));
            prop_assert_eq!(forward, batched);
            pairs.reverse();
            prop_assert_eq!(forward, corpus(&pairs));
            for order in 1..=4 {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&bleu(&forward, order)));
            }
        }

        #[test]
        fn a_text_equals_itself(text in prop::collection::vec(0_u32..6, 4..20)) {
            prop_assert!((bleu(&BleuCounts::nltk(&text, &text), 4) - 1.0).abs() < 1e-12);
        }
    }
}
