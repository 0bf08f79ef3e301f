//! What is done to the scores of the next token before one is chosen, one file a processor.
//!
//! Each equals the `LogitsProcessor` of its name in transformers (`tests/golden/processors`).
//! Scores are logits under greedy and sampling, log-probabilities under beam search, as there.

mod barred_tokens;
mod encoder_no_repeat_ngram;
mod forced_eos;
mod min_length;
mod no_repeat_ngram;
mod repetition_penalty;
mod temperature;
mod top_k;
mod top_p;

pub use barred_tokens::BarredTokens;
pub use encoder_no_repeat_ngram::EncoderNoRepeatNgram;
pub use forced_eos::ForcedEos;
pub use min_length::MinLength;
pub use no_repeat_ngram::NoRepeatNgram;
pub use repetition_penalty::RepetitionPenalty;
pub use temperature::Temperature;
pub use top_k::TopK;
pub use top_p::TopP;

/// Where an output stands when its next token is to be chosen.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// The output so far, start token first.
    pub output: &'a [u32],
    /// The source, without padding.
    pub source: &'a [u32],
}

/// Changes the scores of the next token.
pub trait LogitsProcessor: std::fmt::Debug + Send + Sync {
    /// `scores`: `[V]`, changed in place.
    fn apply(&self, moment: Moment<'_>, scores: &mut [f32]);
}

/// Bars a token; one outside the vocabulary is none.
fn bar(scores: &mut [f32], token_id: u32) {
    if let Some(score) = scores.get_mut(token_id as usize) {
        *score = f32::NEG_INFINITY;
    }
}

/// Bars every token that would complete a run of `n` tokens of `text` after the end of `output`.
fn bar_completed_runs(scores: &mut [f32], text: &[u32], output: &[u32], n: usize) {
    let Some(begun_at) = (output.len() + 1).checked_sub(n) else {
        return;
    };
    let begun = &output[begun_at..];
    for run in text.windows(n) {
        if &run[..n - 1] == begun {
            bar(scores, run[n - 1]);
        }
    }
}
