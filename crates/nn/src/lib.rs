//! Layers, tokenizers, checkpoints, one file an architecture. Knows tensors, not dialogues.
//!
//! Built on candle (CPU, `f32`). `candle-nn` is left out on purpose: its `layer_norm` and
//! `softmax_last_dim` drop gradients in silence. The layers here are checked against finite
//! differences, against a plain composite twin and against PyTorch (`goldens/nn`).
//!
//! The flow: [`Params`] holds the named tensors; a [`ParamLoader`] hands them to the layers, which
//! are then pure functions of their input and a [`Pass`] (training or evaluation, and the dropout
//! stream); [`Gradients`] come back by name and go to [`optim::AdamW`].

mod average;
pub mod bert;
pub mod blenderbot;
pub mod checkpoint;
mod encoder_decoder;
mod error;
pub mod generation;
mod gradients;
pub mod layers;
pub mod loss;
pub mod mel;
mod model_folder;
pub mod optim;
mod params;
mod pass;
pub mod schedule;
pub mod seq2seq;
pub mod token_vectors;
pub mod tokenizer;
pub mod whisper;

pub use average::ParamAverage;
pub use candle_core::{DType, Device, Tensor};
pub use error::NnError;
pub use gradients::Gradients;
pub use params::{Init, ParamLoader, Params};
pub use pass::Pass;
pub use smes_kernels::{NllSum, Precision, RandomStream, keep_freed_memory, on_pool};
