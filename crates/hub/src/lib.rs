//! Pretrained models: fetched from a Hugging Face hub, checked, kept for offline use.
//!
//! [`ModelStore`] is a folder of the machine in the layout of Hugging Face's cache (blobs,
//! snapshots), in which a snapshot counts as a model once its record lies in it: every file whole,
//! its checksum compared with the hub's. What is there is never asked for again. Knows files, not
//! tensors and not dialogues.

mod checksum;
mod error;
mod name;
mod pull;
mod store;

pub use error::HubError;
pub use name::ModelName;
pub use pull::{Hub, PullProgress};
pub use store::{ModelFile, ModelRecord, ModelStore, StoredModel};
