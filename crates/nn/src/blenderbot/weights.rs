//! The files of a Blenderbot: what a published folder holds, made into parameters of one name each.

use std::{collections::BTreeMap, path::Path};

use candle_core::{DType, Device, Tensor};

use super::{BlenderbotConfig, LOGITS_BIAS, SHARED};
use crate::{
    Init, NnError, Params,
    checkpoint::{self, Checkpoint},
    model_folder,
};

/// Other names under which checkpoints hold the token table.
const ALIASES: [&str; 3] = [
    "model.encoder.embed_tokens.weight",
    "model.decoder.embed_tokens.weight",
    "lm_head.weight",
];

/// Reads configuration and weights of a model folder: `config.json`, and `model.safetensors` or
/// `pytorch_model.bin`.
///
/// The token table may be there under several names, or under another than its own, and the bias
/// of the logits may be absent (it is zero then); what else is missing or unused is an error when
/// the model is loaded.
///
/// # Errors
/// [`NnError::Read`] for an absent file, [`NnError::Config`] and [`NnError::ConfigFileValue`] for a
/// configuration of another model, [`NnError::Untied`] for a head of its own, and as for
/// [`checkpoint::read_file`].
pub fn open(folder: &Path) -> Result<(BlenderbotConfig, Params), NnError> {
    let (json, file) = model_folder::read_config(folder)?;
    let config = BlenderbotConfig::from_json(&json, &file)?;
    let (checkpoint, file) = model_folder::read_weights(folder)?;
    let checkpoint = with_one_name_each(checkpoint, &file)?;
    Ok((config, Params::from_checkpoint(checkpoint, &file)?))
}

fn with_one_name_each(mut read: Checkpoint, file: &str) -> Result<Checkpoint, NnError> {
    for alias in ALIASES {
        read.join(alias, SHARED, file)?;
    }
    if let (Some(shared), false) = (
        read.tensors.get(SHARED),
        read.tensors.contains_key(LOGITS_BIAS),
    ) {
        let zeros = Tensor::zeros((1, shared.dim(0)?), DType::F32, &Device::Cpu)?;
        read.tensors.insert(LOGITS_BIAS.to_owned(), zeros);
    }
    Ok(read)
}

/// Writes configuration and weights to a folder from which [`open`], and transformers, read them.
///
/// # Errors
/// [`NnError::Write`].
pub fn save(folder: &Path, config: &BlenderbotConfig, params: &Params) -> Result<u64, NnError> {
    let file = folder.join(model_folder::CONFIG);
    let json = serde_json::to_vec_pretty(config).map_err(|source| NnError::Config {
        file: file.display().to_string(),
        source,
    })?;
    checkpoint::write_atomically(&file, &json).map_err(|source| NnError::Write { file, source })?;
    // transformers asks for this field.
    let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    let stored_as = |_: &str| checkpoint::StoredAs::F32;
    params.save(folder.join(model_folder::WEIGHTS[0]), &metadata, stored_as)
}

/// Makes room for added tokens, before the model is loaded: new rows of the token table are normal
/// with standard deviation `init_std`, drawn from the seed and their own number; new biases are 0.
///
/// # Errors
/// [`NnError::ConfigValue`] when there would be fewer tokens than now, [`NnError::MissingTensor`]
/// when the parameters are of another model.
pub fn resize_vocabulary(
    params: &Params,
    config: &mut BlenderbotConfig,
    vocab_size: usize,
    seed: u64,
) -> Result<(), NnError> {
    let n_before = config.vocab_size;
    if vocab_size < n_before {
        return Err(NnError::ConfigValue {
            field: "vocab_size",
            found: vocab_size.to_string(),
            expected: "at least the tokens that the model has",
        });
    }
    let (n_new, width) = (vocab_size - n_before, config.d_model);
    let init = Init::Normal(config.init_std);
    let new_rows = Params::new();
    let rows = (n_before..vocab_size)
        .map(|row| {
            new_rows
                .initialiser(seed)
                .get(&format!("{SHARED}.{row}"), &[1, width], init)
        })
        .collect::<Result<Vec<Tensor>, _>>()?;
    let bias = Tensor::zeros((1, n_new), DType::F32, &Device::Cpu)?;
    if n_new > 0 {
        params.append(SHARED, &Tensor::cat(&rows, 0)?, 0)?;
        params.append(LOGITS_BIAS, &bias, 1)?;
    }
    config.vocab_size = vocab_size;
    Ok(())
}
