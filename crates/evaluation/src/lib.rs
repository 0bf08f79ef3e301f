//! Metrics, controls, bootstrap intervals and tables over prediction files. No tensors, no models.
//!
//! The place in the flow: a reasoner's plans over a corpus are written as a prediction file
//! ([`PredictionWriter`]); [`score()`] reads such a file, whoever wrote it, and sets its figures
//! beside the controls that every model has to beat.

mod align;
mod constant;
mod controls;
pub mod detail;
mod error;
mod evaluation;
mod foreign;
mod gold;
mod instances;
pub mod measure;
pub mod metrics;
mod predictions;
pub mod protocol;
mod random;
pub mod report;
mod score;
mod scorer;
pub mod significance;
pub mod suite;
pub mod table;
mod tally;
#[cfg(test)]
mod test_support;
pub mod text;

pub use align::Predictions;
pub use constant::best_constant;
pub use controls::Control;
pub use error::{InstanceError, PredictionError};
pub use evaluation::{Evaluation, SeedBertScores, SystemRun, evaluate};
pub use foreign::{ForeignFormat, read_foreign};
pub use gold::{GoldDialogue, GoldInstance, GoldSet, GoldSource, with_cue};
pub use instances::{Instance, NO_SEEKER_EMOTION, instances, train_majority};
pub use metrics::{ClassCounts, ClassScore, accuracy, macro_f1, per_class, weighted_f1};
pub use predictions::{
    CorpusRef, FORMAT, Gold, Header, Majority, Predicted, PredictedLabel, PredictionReader,
    PredictionTimings, PredictionWriter, Record, TargetLogProb, VERSION, bytes_hash, config_hash,
    content_hash,
};
pub use random::SplitMix64;
pub use report::{TABLE_HEADERS, table_rows};
pub use score::{ControlReport, NamedClassScore, ScoreReport, TaskScore, score};
pub use scorer::{BertScores, Rights, Scorer};
pub use significance::{Interval, Resampling};
pub use tally::{SystemTally, TextTally};
