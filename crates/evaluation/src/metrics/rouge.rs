//! ROUGE-1, ROUGE-2 and ROUGE-L of a pair, in two forms.
//!
//! Source: Lin 2004. [`rouge_n`] and [`rouge_l`] are the F1 of the package `rouge-score` 0.1.2 (tokens:
//! [`crate::text::rouge_words`], with or without stemming). [`rouge_l_beta`] is the form of the
//! published code (`myMetrics.py` of thu-coai/Emotional-Support-Conversation, after the COCO caption
//! code): tokens of [`crate::text::word_tokenize`] and `F = (1 + b^2) P R / (R + b^2 P)` with
//! `b = 1.2`, which leans towards recall. Range `0..=1`, higher is better; an empty side gives 0. A
//! corpus's score is the mean over its pairs.

use super::ngrams::{n_shared, sorted_ngrams};

/// Weight of recall in the published code.
const BETA: f64 = 1.2;

/// F1 over n-grams of token numbers, `n` in `1..=4`.
pub fn rouge_n(hypothesis: &[u32], reference: &[u32], n: usize) -> f64 {
    let (ours, theirs) = (sorted_ngrams(hypothesis, n), sorted_ngrams(reference, n));
    let shared = n_shared(&ours, &theirs) as f64;
    f1(
        shared / (ours.len().max(1) as f64),
        shared / (theirs.len().max(1) as f64),
    )
}

/// F1 over the longest common subsequence of token numbers.
pub fn rouge_l(hypothesis: &[u32], reference: &[u32]) -> f64 {
    let Some((precision, recall)) = subsequence_shares(hypothesis, reference) else {
        return 0.0;
    };
    f1(precision, recall)
}

/// The published code's F over the longest common subsequence of token numbers.
pub fn rouge_l_beta(hypothesis: &[u32], reference: &[u32]) -> f64 {
    match subsequence_shares(hypothesis, reference) {
        Some((precision, recall)) if precision > 0.0 && recall > 0.0 => {
            let weight = BETA * BETA;
            (1.0 + weight) * precision * recall / (recall + weight * precision)
        }
        _ => 0.0,
    }
}

fn f1(precision: f64, recall: f64) -> f64 {
    if precision + recall > 0.0 {
        2.0 * precision * recall / (precision + recall)
    } else {
        0.0
    }
}

/// Length of the longest common subsequence over the length of each side.
fn subsequence_shares(hypothesis: &[u32], reference: &[u32]) -> Option<(f64, f64)> {
    if hypothesis.is_empty() || reference.is_empty() {
        return None;
    }
    let len = f64::from(longest_common_subsequence(hypothesis, reference));
    Some((len / hypothesis.len() as f64, len / reference.len() as f64))
}

fn longest_common_subsequence(a: &[u32], b: &[u32]) -> u32 {
    let mut row = vec![0_u32; b.len() + 1];
    for token in a {
        let mut diagonal = 0;
        for (idx, other) in b.iter().enumerate() {
            let above = row[idx + 1];
            row[idx + 1] = if token == other {
                diagonal + 1
            } else {
                above.max(row[idx])
            };
            diagonal = above;
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pair_worked_by_hand_has_its_known_values() {
        // Common subsequence 1 3 of 1 2 3 and 1 3 4 5: P 2/3, R 2/4.
        let (ours, theirs) = ([1, 2, 3], [1, 3, 4, 5]);
        assert!((rouge_l(&ours, &theirs) - 4.0 / 7.0).abs() < 1e-12);
        let (p, r) = (2.0 / 3.0, 0.5);
        let expected = 2.44 * p * r / (r + 1.44 * p);
        assert!((rouge_l_beta(&ours, &theirs) - expected).abs() < 1e-12);
        assert!((rouge_n(&ours, &theirs, 1) - 4.0 / 7.0).abs() < 1e-12);
        assert!(rouge_n(&ours, &theirs, 2).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn every_form_is_a_share_and_one_for_equal_texts(
            a in prop::collection::vec(0_u32..5, 0..15),
            b in prop::collection::vec(0_u32..5, 0..15),
        ) {
            for value in [rouge_l(&a, &b), rouge_l_beta(&a, &b), rouge_n(&a, &b, 1), rouge_n(&a, &b, 2)] {
                prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
            }
            prop_assert!((rouge_l(&a, &b) - rouge_l(&b, &a)).abs() < 1e-12);
            if !a.is_empty() {
                prop_assert!((rouge_l_beta(&a, &a) - 1.0).abs() < 1e-12);
            }
        }
    }
}
