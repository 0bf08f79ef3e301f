//! The model folder as it is shipped: configuration, tokenizer, weights.

use std::collections::BTreeMap;
use std::path::Path;

use smes_nn::checkpoint::{self, StoredAs};
use smes_nn::{Params, Tensor};
use smes_reasoning::starter::{
    CONFIG_FILE, ENCODER_FILE, HEADS_FILE, StarterConfig, TOKENIZER_FILE,
};

use super::auxiliary;
use crate::{RunFolder, TrainingError};

/// Writes the folder; returns the bytes of the weights.
///
/// The word table, half of all parameters, is stored as 8-bit rows with a scale each, the rest as
/// 16-bit numbers: 33 MB instead of 91, at no cost that validation can see.
///
/// # Errors
/// When the disk refuses.
pub(super) fn export_model(
    run: &RunFolder,
    config: &StarterConfig,
    encoder: &Params,
    heads: &Params,
    encoder_folder: &Path,
) -> Result<u64, TrainingError> {
    run.write_config(CONFIG_FILE, config)?;
    let dir = run.model_dir();
    fs_err::copy(
        encoder_folder.join("tokenizer.json"),
        dir.join(TOKENIZER_FILE),
    )?;
    let stored_as = |name: &str| {
        if name.ends_with("word_embeddings.weight") {
            StoredAs::Int8Rows
        } else {
            StoredAs::F16
        }
    };
    let save = |name: &str, tensors: &BTreeMap<String, Tensor>| {
        checkpoint::write(&dir.join(name), tensors, &BTreeMap::new(), stored_as)
    };
    let mut shipped = heads.tensors();
    shipped.retain(|name, _| !name.starts_with(auxiliary::PLACE));
    Ok(save(ENCODER_FILE, &encoder.tensors())? + save(HEADS_FILE, &shipped)?)
}
