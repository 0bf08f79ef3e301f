//! Controls: reasoners that follow a rule and look at no word.
//!
//! They run through the same path as every model, so that a figure of theirs means the same. They
//! plan; they do not word responses. Their labels are MESC's, and the labels they fall back on are
//! the most frequent of its train split, counted over the 8,170 instances of the published
//! protocol: user emotion *neutral* 3,240, strategy *Interpretation* 2,122, system emotion
//! *neutral*. The controls that `smes score` sets beside every system are computed from the
//! prediction file instead, with the majorities of whichever corpus it is of.

mod majority;
mod repeat_last_strategy;

pub use majority::Majority;
pub use repeat_last_strategy::RepeatLastStrategy;

/// The most frequent emotion, of seekers and of supporters alike, in MESC's train split.
const MAJORITY_EMOTION: &str = "neutral";
/// The most frequent strategy in MESC's train split.
const MAJORITY_STRATEGY: &str = "Interpretation";
