//! The model folder `models/starter`, inside the program: the first command needs no download.

use super::StarterReasoner;
use super::reasoner::ModelFiles;
use crate::ReasoningError;

const CONFIG: &[u8] = include_bytes!("../../../../models/starter/config.toml");
const TOKENIZER: &[u8] = include_bytes!("../../../../models/starter/tokenizer.json");
const ENCODER: &[u8] = include_bytes!("../../../../models/starter/encoder.safetensors");
const HEADS: &[u8] = include_bytes!("../../../../models/starter/heads.safetensors");

impl StarterReasoner {
    /// The model that ships with the program; `models/starter/README.md` is its card.
    ///
    /// # Errors
    /// When the embedded files do not fit this version, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, ReasoningError> {
        let files = ModelFiles {
            config: CONFIG,
            tokenizer: TOKENIZER,
            encoder: ENCODER,
            heads: HEADS,
        };
        Self::from_files(&files, "models/starter (embedded)")
    }

    /// What decides the vectors of the encoder that ships with the program: tokenizer and weights, as
    /// the files have them. For whoever keeps results and has to know when they are old.
    pub const fn embedded_encoder() -> [&'static [u8]; 2] {
        [TOKENIZER, ENCODER]
    }
}
