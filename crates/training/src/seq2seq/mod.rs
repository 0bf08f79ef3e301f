//! Training of a sequence-to-sequence network on the paper's sequence, by maximum likelihood with
//! teacher forcing: labels and response are one target.
//!
//! ```text
//! recipe.rs    what, how, from where
//! data.rs      dialogues to sources and targets, padded batches
//! model.rs     the network at the start: pretrained and enlarged, or new with its own tokenizer
//! trainer.rs   the step: shards, fixed-order sum of gradients, optimiser, early stop, resume
//! epochs.rs    the record of each epoch, selection, curves
//! validate.rs  perplexity and label scores on the validation split
//! export.rs    the model folder, as `blenderbot:RUN` opens it
//! ```
//!
//! Reference: `chuyq/Mi-Therapist`, `train.py` (loss, optimiser, schedule). Departures: no example
//! is dropped, and an epoch is chosen on validation (there, none is).

mod data;
mod epochs;
mod export;
mod model;
mod recipe;
mod trainer;
mod validate;

pub use epochs::EpochRecord;
pub use recipe::{FitRecipe, Precision, Pretrained, Scratch, SelectBy, Seq2seqRecipe, Start};
pub use trainer::{TrainedSeq2seq, train_seq2seq};
pub use validate::{LabelScores, ValidationScores};
