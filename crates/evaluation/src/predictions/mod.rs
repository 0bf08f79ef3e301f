//! The prediction file: `predictions.jsonl`, format `smes-predictions`, version 1.
//!
//! The first line is a [`Header`]; every further line is one [`Record`], one supporter utterance.
//! UTF-8, one JSON object a line, unknown fields refused. Anyone's program may write such a file
//! and have it scored. Every label stands in the header's lists; a prediction may be `null` and
//! then counts as wrong; `n_instances` says how many records there must be.

mod format;
mod reader;
mod writer;

pub use format::{
    CorpusRef, FORMAT, Gold, Header, Majority, Predicted, PredictedLabel, PredictionTimings,
    Record, TargetLogProb, VERSION, bytes_hash, config_hash, content_hash,
};
pub use reader::PredictionReader;
pub(crate) use reader::unknown_label;
pub use writer::PredictionWriter;
