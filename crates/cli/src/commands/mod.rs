//! One file a command; each has its arguments and a `run`.

pub(crate) mod chat;
pub(crate) mod clip;
pub(crate) mod corpus;
pub(crate) mod cues;
pub(crate) mod engine;
pub(crate) mod evaluate;
pub(crate) mod extractor;
pub(crate) mod models;
pub(crate) mod predict;
pub(crate) mod rate;
pub(crate) mod reasoners;
pub(crate) mod reproduce;
pub(crate) mod score;
pub(crate) mod serve;
pub(crate) mod train;
mod train_face;
mod train_head;
mod train_voice;
pub(crate) mod transcribe;
mod transcriber;
pub(crate) mod turn;
