//! From a recipe and a corpus to a trained model: data to batches, loop, selection on validation,
//! run folder, resume.
//!
//! Each model has a folder of its own (`starter/`); what they share stands here. The server never
//! reaches this crate.

mod error;
mod progress;
mod run_folder;
pub mod starter;

pub use error::TrainingError;
pub use progress::{Progress, Silent};
pub use run_folder::{CorpusRef, RunFolder, RunManifest};
