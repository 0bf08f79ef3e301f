//! The model folder `models/head`, inside the program.

use super::HeadReader;
use crate::CueError;

const CONFIG: &[u8] = include_bytes!("../../../../../models/head/config.toml");
const WEIGHTS: &[u8] = include_bytes!("../../../../../models/head/weights.safetensors");

impl HeadReader {
    /// The model that ships with the program; `models/head/README.md` is its card.
    ///
    /// # Errors
    /// When the embedded files do not fit this version, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, CueError> {
        Self::from_parts(CONFIG, WEIGHTS, "models/head (embedded)")
    }
}
