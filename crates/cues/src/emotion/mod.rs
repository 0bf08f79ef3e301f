//! Which acted emotion a voice sounds most like.
//!
//! Small networks ([`VoiceNet`]) read the descriptors of each window of a clip and the impression that
//! a pretrained [`VoiceEncoder`] has of it, against the speaker's [`UsualVoice`]; what they say of the
//! windows is averaged, weighted by how much voice each holds, and its probabilities are
//! calibrated by a temperature. Arousal and valence follow from the emotion by a table
//! ([`Circumplex`]). The model that ships with the program is `models/voice`; its card says what
//! it was trained on and what it cannot do.

mod config;
mod embedded;
mod encoder;
mod network;
mod reader;
mod usual;

pub use config::{Circumplex, VERSION, VoiceModelConfig};
pub use encoder::{HeardWindow, N_IMPRESSION, N_INPUTS, VoiceEncoder};
pub use network::VoiceNet;
pub use reader::{EmotionReader, VoiceEmotion, average, softmax};
pub use usual::UsualVoice;
