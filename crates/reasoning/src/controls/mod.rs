//! Controls: reasoners that a model has to beat to have learnt something.
//!
//! They run through the same path as every model, so that a figure of theirs means the same. Those of
//! labels follow a rule and look at no word; those of responses say one sentence always, draw a
//! training response, or take that of the most similar training moment. What the latter need of a
//! corpus is handed to them: nothing here reads one. Their labels are MESC's, and the labels they fall back on are
//! the most frequent of its train split, counted over the 8,170 instances of the published
//! protocol: user emotion *neutral* 3,240, strategy *Interpretation* 2,122, system emotion
//! *neutral*. The controls that `smes score` sets beside every system are computed from the
//! prediction file instead, with the majorities of whichever corpus it is of.

mod always_neutral;
mod constant_sentence;
mod example;
mod majority;
mod nearest_context;
mod random_response;
mod repeat_last_strategy;

pub use always_neutral::AlwaysNeutral;
pub use constant_sentence::ConstantSentence;
pub use example::Example;
pub use majority::Majority;
pub use nearest_context::NearestContext;
pub use random_response::RandomResponse;
pub use repeat_last_strategy::{RepeatForm, RepeatLastStrategy};

/// The most frequent emotion, of seekers and of supporters alike, in MESC's train split.
const MAJORITY_EMOTION: &str = "neutral";
/// The most frequent strategy in MESC's train split.
const MAJORITY_STRATEGY: &str = "Interpretation";
/// The most frequent strategy among MESC's training utterances that open a turn.
const OPENING_STRATEGY: &str = "Open question";
