//! From a recipe and a corpus to a trained model: data to batches, loop, selection on validation,
//! run folder, resume.
//!
//! Each model has a folder of its own (`starter/`); what they share stands here. The server never
//! reaches this crate.

mod batches;
mod calibration;
mod curves;
mod epoch_loop;
mod error;
pub mod face;
pub mod head;
mod learner;
mod progress;
mod recipe;
mod run_folder;
pub mod seq2seq;
pub mod starter;
pub mod voice;

pub use error::TrainingError;
pub use progress::{Progress, Silent};
pub use recipe::{Recipe, RecipeFile, RecipeKind};
pub use run_folder::{CorpusRef, RunFolder, RunManifest};
