//! A model folder, as `smes train` writes it to `RUN/model`.
//!
//! ```text
//! config.json         the architecture, as Hugging Face has it
//! model.safetensors   the weights, likewise
//! vocab.json merges.txt added_tokens.json   the tokenizer with the label tokens
//! sequence.toml       label sets, layout, decoding
//! ```

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_dialogue::{emotion_set, strategy_set};
use smes_nn::generation::GenerationSettings;
use smes_nn::tokenizer;

use crate::ReasoningError;
use crate::sequence::{LabelTokens, Sequence, SequenceLayout};

/// Name of the file with label sets, layout and decoding.
pub const SEQUENCE_FILE: &str = "sequence.toml";

/// What makes a sequence-to-sequence network a reasoner: `sequence.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceFile {
    /// Version of this format; 1.
    pub version: u32,
    /// Name of the emotion set.
    pub emotions: String,
    /// Name of the strategy set.
    pub strategies: String,
    /// How sequences are laid out.
    pub layout: SequenceLayout,
    /// How responses are decoded. Label tokens are barred in any case.
    pub decoding: GenerationSettings,
}

/// The folder of the model itself: `dir`, or `dir/model` when `dir` is a run.
pub(crate) fn model_folder(dir: &Path) -> PathBuf {
    let inside = dir.join("model");
    if inside.join(SEQUENCE_FILE).exists() {
        inside
    } else {
        dir.to_owned()
    }
}

impl SequenceFile {
    /// Reads and checks the file of a folder.
    ///
    /// # Errors
    /// [`ReasoningError::ModelFile`] or [`ReasoningError::ModelConfig`].
    pub fn read(folder: &Path) -> Result<Self, ReasoningError> {
        let path = folder.join(SEQUENCE_FILE);
        let text = fs_err::read_to_string(&path).map_err(|source| ReasoningError::ModelFile {
            path: path.clone(),
            source,
        })?;
        let invalid = |reason: String| ReasoningError::ModelConfig {
            path: path.display().to_string(),
            reason,
        };
        let file: Self = toml::from_str(&text).map_err(|error| invalid(error.to_string()))?;
        if file.version != 1 {
            return Err(invalid(format!(
                "format version {}, expected 1",
                file.version
            )));
        }
        let wrong = |field, found, expected| {
            invalid(format!("`{field}` is `{found}`, expected {expected}"))
        };
        if let Some((field, found, expected)) = file.layout.fault() {
            return Err(wrong(
                format!("layout.{field}"),
                found.to_string(),
                expected,
            ));
        }
        if let Some((field, found, expected)) = file.layout.fault_of_decoding(&file.decoding) {
            return Err(wrong(format!("decoding.{field}"), found, expected));
        }
        Ok(file)
    }

    /// The sequence over the tokenizer of the same folder.
    ///
    /// # Errors
    /// [`ReasoningError::ModelConfig`] for an unknown label set,
    /// [`ReasoningError::MissingLabelTokens`], or when the tokenizer cannot be read.
    pub(super) fn sequence(&self, folder: &Path) -> Result<Sequence, ReasoningError> {
        let unknown = |set: &str| ReasoningError::ModelConfig {
            path: folder.join(SEQUENCE_FILE).display().to_string(),
            reason: format!("unknown label set `{set}`"),
        };
        let emotions = emotion_set(&self.emotions).ok_or_else(|| unknown(&self.emotions))?;
        let strategies = strategy_set(&self.strategies).ok_or_else(|| unknown(&self.strategies))?;
        let tokenizer = tokenizer::open(folder)?;
        let sequence = Sequence::new(self.layout.clone(), tokenizer, emotions, strategies);
        sequence.map_err(|error| error.of_folder(folder))
    }

    /// That the network has positions for the longest sequences.
    ///
    /// # Errors
    /// [`ReasoningError::ModelConfig`].
    pub(super) fn check_positions(
        &self,
        folder: &Path,
        n_positions: usize,
    ) -> Result<(), ReasoningError> {
        let lengths = [
            ("layout.max_source", self.layout.max_source),
            ("layout.max_target", self.layout.max_target),
            ("decoding.max_length", self.decoding.max_length),
        ];
        match lengths
            .into_iter()
            .find(|(_, length)| *length > n_positions)
        {
            None => Ok(()),
            Some((field, length)) => Err(ReasoningError::ModelConfig {
                path: folder.join(SEQUENCE_FILE).display().to_string(),
                reason: format!(
                    "`{field}` is {length}, but the network has {n_positions} positions"
                ),
            }),
        }
    }

    /// The decoding of responses with all label tokens barred.
    pub(super) fn decoding(&self, labels: &LabelTokens) -> GenerationSettings {
        let mut decoding = self.decoding.clone();
        decoding.barred.extend(labels.all());
        decoding
    }
}
