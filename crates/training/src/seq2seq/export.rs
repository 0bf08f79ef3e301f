//! The model folder, as `blenderbot:RUN` opens it.

use std::path::Path;

use smes_nn::Params;
use smes_nn::blenderbot::{self, BlenderbotConfig};
use smes_reasoning::blenderbot::{SEQUENCE_FILE, SequenceFile};
use smes_reasoning::sequence::Sequence;

use super::Seq2seqRecipe;
use crate::TrainingError;

/// Writes the folder; returns the bytes of the weights, which are stored exactly.
///
/// # Errors
/// When the disk refuses.
pub(super) fn export_model(
    dir: &Path,
    recipe: &Seq2seqRecipe,
    config: &BlenderbotConfig,
    sequence: &Sequence,
    params: &Params,
) -> Result<u64, TrainingError> {
    fs_err::create_dir_all(dir)?;
    sequence.tokenizer().save(dir)?;
    let file = SequenceFile {
        version: 1,
        emotions: sequence.emotions().name.clone(),
        strategies: sequence.strategies().name.clone(),
        layout: recipe.layout.clone(),
        decoding: recipe.decoding.clone(),
    };
    let text = toml::to_string(&file).expect("a sequence file is made of plain TOML values");
    let n_bytes = blenderbot::save(dir, config, params)?;
    // Last: its presence says that the folder is whole.
    fs_err::write(dir.join(SEQUENCE_FILE), text)?;
    Ok(n_bytes)
}
