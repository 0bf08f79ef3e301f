//! What can go wrong between a hub and a folder of this machine.

use std::path::PathBuf;

use hf_hub::api::sync::ApiError;

use crate::ModelName;

/// An error of fetching or keeping models.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// Not the name of a model.
    #[error("`{found}` is not the name of a model, expected `owner/name`")]
    Name {
        /// What was given.
        found: String,
    },
    /// The machine says nowhere where a cache may be.
    #[error("there is no folder for models: none of SMES_MODELS, XDG_CACHE_HOME and HOME is set")]
    NoFolder,
    /// The hub cannot be reached.
    #[error("cannot reach `{endpoint}` for `{name}`")]
    Unreachable {
        /// The hub.
        endpoint: String,
        /// The model.
        name: ModelName,
        /// The cause.
        source: Box<ApiError>,
    },
    /// The hub has no such model or revision.
    #[error("`{endpoint}` has no model `{name}` at revision `{revision}`")]
    NotFound {
        /// The hub.
        endpoint: String,
        /// The model.
        name: ModelName,
        /// The branch, tag or commit.
        revision: String,
    },
    /// The hub wants to know who asks.
    #[error("`{endpoint}` does not give out `{name}` without permission")]
    Denied {
        /// The hub.
        endpoint: String,
        /// The model.
        name: ModelName,
    },
    /// A file did not come.
    #[error("cannot fetch `{file}` of `{name}`")]
    Fetch {
        /// The model.
        name: ModelName,
        /// The file.
        file: String,
        /// The cause.
        source: Box<ApiError>,
    },
    /// A model lacks a file without which it cannot be used.
    #[error("`{place}` holds no `{missing}`")]
    MissingFile {
        /// The model or folder.
        place: String,
        /// The file.
        missing: &'static str,
    },
    /// A file is not what the hub says it is; it has been removed.
    #[error("`{file}` of `{name}` has checksum {found}, the hub announces {expected}")]
    Checksum {
        /// The model.
        name: ModelName,
        /// The file.
        file: String,
        /// Announced.
        expected: String,
        /// Found.
        found: String,
    },
    /// A file of the store could not be read or written.
    #[error("cannot read or write `{}`", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The record of a stored model is not one.
    #[error("`{}` is not the record of a model", file.display())]
    Record {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
}

impl HubError {
    /// What the person can do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoFolder => Some("set SMES_MODELS to a folder".to_owned()),
            Self::Unreachable { name, .. } => Some(format!(
                "check the network and HTTPS_PROXY, or set HF_ENDPOINT to a mirror; a copy fetched \
                 elsewhere is taken by `smes models pull {name} --from DIR`"
            )),
            Self::NotFound { .. } => Some("see https://huggingface.co/models for names".to_owned()),
            Self::Denied { .. } => Some(
                "correct the name (the hub says the same of a model that is not there), or accept the model's terms \
                 on its page and log in with `huggingface-cli login`"
                    .to_owned(),
            ),
            Self::Fetch { .. } => Some("try again; what has come so far is kept".to_owned()),
            Self::Checksum { .. } => Some("try again; the bad file has been removed".to_owned()),
            Self::MissingFile { .. } => Some(
                "a model needs config.json, vocab.json, merges.txt, and model.safetensors or \
                 pytorch_model.bin"
                    .to_owned(),
            ),
            Self::Record { .. } => Some("remove the folder and pull the model again".to_owned()),
            Self::Name { .. } | Self::Io { .. } => None,
        }
    }
}
