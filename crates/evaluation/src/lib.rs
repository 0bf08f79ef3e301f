//! Metrics, controls, bootstrap intervals and tables over prediction files. No tensors, no models.
//!
//! The place in the flow: a reasoner's plans over a corpus are written as a prediction file
//! ([`PredictionWriter`]); [`score`] reads such a file, whoever wrote it, and sets its figures
//! beside the controls that every model has to beat.

mod controls;
mod error;
mod instances;
pub mod metrics;
mod predictions;
mod random;
mod report;
mod score;
pub mod significance;
#[cfg(test)]
mod test_support;
pub mod text;

pub use controls::Control;
pub use error::{InstanceError, PredictionError};
pub use instances::{Instance, NO_SEEKER_EMOTION, instances, train_majority};
pub use metrics::{ClassCounts, ClassScore, accuracy, macro_f1, per_class, weighted_f1};
pub use predictions::{
    CorpusRef, FORMAT, Gold, Header, Majority, Predicted, PredictedLabel, PredictionReader,
    PredictionTimings, PredictionWriter, Record, VERSION, config_hash,
};
pub use random::SplitMix64;
pub use report::{TABLE_HEADERS, table_rows};
pub use score::{ControlReport, NamedClassScore, ScoreReport, TaskScore, score};
pub use significance::{Interval, Resampling};
