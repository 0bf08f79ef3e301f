//! How much a response repeats itself: the share of its 4-grams that it has said before.
//!
//! Source: Welleck et al. 2020, *seq-rep-4*: `1 - distinct / all` 4-grams of one response. Tokens:
//! [`crate::text::word_tokenize`]. Range `0..=1`, lower is better; 0 for a response of fewer than four
//! tokens. A corpus's score is the mean over its responses.

use super::ngrams::sorted_ngrams;

/// The share of repeated 4-grams of a response's token numbers.
pub fn repetition(response: &[u32]) -> f64 {
    let mut ngrams = sorted_ngrams(response, 4);
    let total = ngrams.len();
    if total == 0 {
        return 0.0;
    }
    ngrams.dedup();
    1.0 - ngrams.len() as f64 / total as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_repeats_and_a_sentence_does_not() {
        assert!((repetition(&[1, 2, 1, 2, 1, 2, 1, 2]) - 0.6).abs() < 1e-12);
        assert!(repetition(&[1, 2, 3, 4, 5]).abs() < 1e-12);
        assert!(repetition(&[1, 1, 1]).abs() < 1e-12);
    }
}
