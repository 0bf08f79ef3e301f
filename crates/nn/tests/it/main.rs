//! Parity with PyTorch and transformers, stage by stage, and what holds for whole models.

mod adamw;
mod bert;
mod checkpoint;
mod gru;
mod loss;
mod minilm;
mod support;
