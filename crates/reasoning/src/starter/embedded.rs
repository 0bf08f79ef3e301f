//! The model folder `models/starter`, inside the program: the first command needs no download.

use super::StarterReasoner;
use crate::ReasoningError;

const CONFIG: &[u8] = include_bytes!("../../../../models/starter/config.toml");
const TOKENIZER: &[u8] = include_bytes!("../../../../models/starter/tokenizer.json");
const WEIGHTS: &[u8] = include_bytes!("../../../../models/starter/weights.safetensors");

impl StarterReasoner {
    /// The model that ships with the program; `models/starter/README.md` is its card.
    ///
    /// # Errors
    /// When the embedded files do not fit this version, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, ReasoningError> {
        Self::from_parts(CONFIG, TOKENIZER, WEIGHTS, "models/starter (embedded)")
    }
}
