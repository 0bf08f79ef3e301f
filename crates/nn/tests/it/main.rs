//! Parity with PyTorch and transformers, stage by stage, and what holds for whole models.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "helpers of tests, and the line that says what was skipped"
)]

mod adamw;
mod bert;
mod blenderbot;
mod checkpoint;
mod generation;
mod gru;
mod loss;
mod lstm;
mod minilm;
mod processors;
mod pytorch;
mod support;
mod tokenizers;
