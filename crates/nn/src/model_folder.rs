//! A model's folder as Hugging Face lays it out: `config.json`, and `model.safetensors` or
//! `pytorch_model.bin`; and what every architecture here asks of its configuration.

use std::path::Path;

use serde::de::DeserializeOwned;

use crate::NnError;
use crate::checkpoint::{self, Checkpoint};

pub(crate) const CONFIG: &str = "config.json";
/// Names of the weights' file in the order in which they are looked for; written is the first.
pub(crate) const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];

/// The fields of a `config.json`.
pub(crate) trait ModelConfig: DeserializeOwned {
    /// Refuses what the architecture here cannot honour.
    ///
    /// # Errors
    /// [`NnError::ConfigValue`].
    fn check(&self) -> Result<(), NnError>;
}

/// Reads a `config.json` held in memory; `file` names it in errors.
///
/// # Errors
/// [`NnError::Config`] for invalid JSON or a missing field, [`NnError::ConfigFileValue`] for what
/// [`ModelConfig::check`] refuses.
pub(crate) fn config_from_json<C: ModelConfig>(json: &[u8], file: &str) -> Result<C, NnError> {
    let config: C = json_from(json, file)?;
    config.check().map_err(|error| error.of_file(file))?;
    Ok(config)
}

pub(crate) fn json_from<T: DeserializeOwned>(json: &[u8], file: &str) -> Result<T, NnError> {
    serde_json::from_slice(json).map_err(|source| NnError::Config {
        file: file.to_owned(),
        source,
    })
}

/// The `config.json` of a folder and its name.
///
/// # Errors
/// [`NnError::Read`].
pub(crate) fn read_config(folder: &Path) -> Result<(Vec<u8>, String), NnError> {
    let file = folder.join(CONFIG);
    let name = file.display().to_string();
    let json = fs_err::read(&file).map_err(|source| NnError::Read { file, source })?;
    Ok((json, name))
}

/// The weights of a folder and the name of their file.
///
/// # Errors
/// As for [`checkpoint::read_file`].
pub(crate) fn read_weights(folder: &Path) -> Result<(Checkpoint, String), NnError> {
    let files = WEIGHTS.map(|name| folder.join(name));
    let file = files.iter().find(|file| file.exists());
    let file = file.unwrap_or(&files[0]);
    Ok((checkpoint::read_file(file)?, file.display().to_string()))
}

/// The error for a value that is not `expected`.
pub(crate) fn refused(
    field: &'static str,
    found: &(impl ToString + ?Sized),
    expected: &'static str,
) -> NnError {
    NnError::ConfigValue {
        field,
        found: found.to_string(),
        expected,
    }
}

/// # Errors
/// [`NnError::ConfigValue`] for another activation than the exact GELU.
pub(crate) fn is_gelu(field: &'static str, found: &str) -> Result<(), NnError> {
    match found {
        "gelu" => Ok(()),
        _ => Err(refused(field, found, "`gelu`")),
    }
}

/// # Errors
/// [`NnError::ConfigValue`] for a head with weights of its own.
pub(crate) fn is_tied(tie_word_embeddings: bool) -> Result<(), NnError> {
    if tie_word_embeddings {
        Ok(())
    } else {
        Err(refused("tie_word_embeddings", "false", "true"))
    }
}

/// # Errors
/// [`NnError::ConfigValue`] for a size of 0.
pub(crate) fn are_sizes<const N: usize>(sizes: [(&'static str, usize); N]) -> Result<(), NnError> {
    match sizes.into_iter().find(|(_, size)| *size == 0) {
        None => Ok(()),
        Some((field, size)) => Err(refused(field, &size, "at least 1")),
    }
}

/// # Errors
/// [`NnError::ConfigValue`] for a number of heads that does not divide `width`.
pub(crate) fn are_heads<const N: usize>(
    width: usize,
    numbers: [(&'static str, usize); N],
) -> Result<(), NnError> {
    let divides = |n_heads| n_heads > 0 && width.is_multiple_of(n_heads);
    match numbers.into_iter().find(|(_, n_heads)| !divides(*n_heads)) {
        None => Ok(()),
        Some((field, n_heads)) => Err(refused(field, &n_heads, "a divisor of `d_model`")),
    }
}
