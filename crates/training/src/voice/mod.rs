//! The voice model: which acted emotion a voice sounds most like.
//!
//! Recordings become windows of descriptors (`smes_cues::voice::descriptors`), as they are and in
//! varied copies; a few small networks learn from them. Every speaker is judged by networks that
//! never heard them; the shipped ones learn from all speakers.

mod augment;
mod fit;
mod recipe;
mod recordings;
mod scores;
mod trainer;
mod windows;

pub use augment::AugmentRecipe;
pub use recipe::{VoiceFit, VoiceRecipe, VoiceShape};
pub use scores::VoiceScores;
pub use trainer::{TrainedVoice, train_voice};
pub use windows::Condition;
