//! The model folder `models/face`, inside the program.

use super::ExpressionReader;
use crate::CueError;

const CONFIG: &[u8] = include_bytes!("../../../../../models/face/config.toml");
const WEIGHTS: &[u8] = include_bytes!("../../../../../models/face/weights.safetensors");

impl ExpressionReader {
    /// The model that ships with the program; `models/face/README.md` is its card.
    ///
    /// # Errors
    /// When the embedded files do not fit this version, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, CueError> {
        Self::from_parts(CONFIG, WEIGHTS, "models/face (embedded)")
    }
}
