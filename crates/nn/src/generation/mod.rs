//! Searching for an output: greedy, beams, sampling, over any [`crate::seq2seq::Seq2Seq`].
//!
//! A [`Session`] holds the outputs being made for a batch of sources. It can be fed tokens, asked
//! for the distribution over a few tokens (constrained labels), and told to [`Session::generate`]
//! the rest. Reference: `generate` of Hugging Face transformers, whose order of processors is kept
//! and whose token ids are met exactly for greedy and beam search (`tests/golden/generation`).
//!
//! Departures: an output that is finished leaves the batch instead of being padded, and chance is
//! a function of (seed, source, position), so that neither batching nor order changes an output.
//! Absent on purpose: sampling inside beams, diverse groups.

mod beam;
mod processors;
mod sampling;
mod session;
mod settings;
mod stepwise;

pub use processors::{
    BarredTokens, EncoderNoRepeatNgram, ForcedEos, LogitsProcessor, MinLength, Moment,
    NoRepeatNgram, RepetitionPenalty, Temperature, TopK, TopP,
};
pub use sampling::{argmax, softmax_of, token_at};
pub use session::{Output, Session};
pub use settings::{BeamSearch, Decoding, EarlyStopping, GenerationSettings, Sampling};
