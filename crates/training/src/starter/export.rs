//! The model folder as it is shipped: configuration, tokenizer, weights.

use std::collections::BTreeMap;
use std::path::Path;

use smes_nn::Params;
use smes_nn::checkpoint::StoredAs;
use smes_reasoning::starter::{CONFIG_FILE, StarterConfig, TOKENIZER_FILE, WEIGHTS_FILE};

use crate::TrainingError;

/// Writes the folder; returns the bytes of the weights.
///
/// The word table, half of all parameters, is stored as 8-bit rows with a scale each, the rest as
/// 16-bit numbers: 33 MB instead of 91, at no cost that validation can see.
///
/// # Errors
/// When the disk refuses.
pub(super) fn export_model(
    dir: &Path,
    config: &StarterConfig,
    encoder: &Params,
    dialogue: &Params,
    encoder_folder: &Path,
) -> Result<u64, TrainingError> {
    fs_err::create_dir_all(dir)?;
    let text = toml::to_string(config).expect("a configuration is made of plain TOML values");
    fs_err::write(dir.join(CONFIG_FILE), text)?;
    fs_err::copy(
        encoder_folder.join("tokenizer.json"),
        dir.join(TOKENIZER_FILE),
    )?;
    let all = Params::new();
    all.absorb(encoder, "encoder.");
    all.absorb(dialogue, "");
    let stored_as = |name: &str| {
        if name.ends_with("word_embeddings.weight") {
            StoredAs::Int8Rows
        } else {
            StoredAs::F16
        }
    };
    Ok(all.save(dir.join(WEIGHTS_FILE), &BTreeMap::new(), stored_as)?)
}
