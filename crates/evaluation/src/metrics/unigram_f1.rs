//! F1 over the words of a pair, each counted as often as it occurs on both sides.
//!
//! As in question answering (SQuAD) and in `myMetrics.py` of thu-coai/Emotional-Support-Conversation.
//! Tokens: [`crate::text::word_tokenize`]. Range `0..=1`, higher is better; an empty side gives 0. A
//! corpus's score is the mean over its pairs.

use super::rouge::rouge_n;

/// F1 over token numbers; the same quantity as ROUGE-1's F1 over other tokens.
pub fn unigram_f1(hypothesis: &[u32], reference: &[u32]) -> f64 {
    rouge_n(hypothesis, reference, 1)
}
