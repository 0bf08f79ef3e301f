//! Training of the starter: a frozen encoder, a dialogue model over its vectors.
//!
//! ```text
//! recipe.rs    what, how, chosen how
//! data.rs      dialogues to vectors, targets, padded batches
//! trainer.rs   the loop: loss, optimiser, running average, resume
//! validate.rs  scores on the validation split, and temperatures
//! export.rs    the model folder, as shipped
//! ```

mod data;
mod export;
mod recipe;
mod trainer;
mod validate;

pub use recipe::{EncoderRecipe, FitRecipe, LossRecipe, ModelRecipe, StarterRecipe};
pub use trainer::{EpochRecord, Losses, TrainedStarter, train_starter};
pub use validate::{TaskScores, ValidationScores};
