//! The model folder `models/voice`, inside the program.

use super::{EmotionReader, VoiceEncoder};
use crate::CueError;

const CONFIG: &[u8] = include_bytes!("../../../../models/voice/config.toml");
const WEIGHTS: &[u8] = include_bytes!("../../../../models/voice/weights.safetensors");
const ENCODER: &[u8] = include_bytes!("../../../../models/voice/encoder.safetensors");

impl VoiceEncoder {
    /// The encoder that ships with the program; `scripts/fetch-voice-encoder.sh` makes its file.
    ///
    /// # Errors
    /// When the embedded file does not fit this version, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, CueError> {
        Self::from_bytes(ENCODER, "models/voice/encoder.safetensors (embedded)")
    }
}

impl EmotionReader {
    /// The model that ships with the program; `models/voice/README.md` is its card.
    ///
    /// # Errors
    /// When the embedded files do not fit this version, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, CueError> {
        Self::from_parts(CONFIG, WEIGHTS, "models/voice (embedded)")
    }
}
