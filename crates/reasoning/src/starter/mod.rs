//! The embedded reasoner: small, fast, trained by `recipes/starter.toml`.
//!
//! ```text
//! history    -> readable.rs its end, long utterances cut into sentences
//! utterances -> encoder.rs  frozen MiniLM, two of its layers, mean over tokens
//!            -> surface.rs  who spoke, past strategies, place in the dialogue, punctuation
//!            -> model.rs    causal mixing over the dialogue, heads E -> S -> SE, and a ranker query
//!            -> ensemble.rs several such models, their answers averaged
//!            -> reasoner.rs the plan; the response from the bank, ranked in context
//! ```
//!
//! It chooses among responses that people wrote and cannot say anything else: honest about what a
//! model of this size can do, and safe by construction.

mod config;
mod embedded;
mod encoder;
mod ensemble;
mod memory;
mod model;
mod readable;
mod reasoner;
mod surface;

pub use config::{StarterConfig, Temperatures};
pub use encoder::{UtteranceEncoder, cue_words};
pub use ensemble::Ensemble;
pub use model::{DialogueInputs, DialogueModel, DialogueOutputs};
pub use reasoner::{CONFIG_FILE, ENCODER_FILE, HEADS_FILE, StarterReasoner, TOKENIZER_FILE};
pub use surface::{surface_features, surface_width};
