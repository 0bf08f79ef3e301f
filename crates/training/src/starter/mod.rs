//! Training of the starter: a frozen encoder, a dialogue model over its vectors.
//!
//! ```text
//! recipe.rs    what, how, chosen how
//! data.rs      dialogues to vectors, targets, padded batches
//! auxiliary.rs emotions of single utterances from a second corpus
//! loss.rs      the parts of the loss
//! trainer.rs   the loop: optimiser, running average, resume
//! epochs.rs    the record of each epoch, selection, curves
//! validate.rs  scores on the validation split, and temperatures
//! export.rs    the model folder, as shipped
//! ```

mod auxiliary;
mod data;
mod epochs;
mod export;
mod loss;
mod recipe;
mod trainer;
mod validate;

pub use epochs::EpochRecord;
pub use loss::Losses;
pub use recipe::{
    AuxiliaryRecipe, EncoderRecipe, FitRecipe, LossRecipe, ModelRecipe, StarterRecipe,
};
pub use trainer::{TrainedStarter, train_starter};
pub use validate::{TaskScores, ValidationScores};
