//! The folder of this machine in which models are kept.

use std::{
    ffi::OsString,
    io::Write as _,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};

use crate::{HubError, ModelName, checksum};

/// The record that makes a snapshot a model; written last.
const RECORD: &str = "smes-model.json";
/// Files without which a model cannot be used; of the weights, the first that is there.
pub(crate) const NEEDED: [&str; 3] = ["config.json", "vocab.json", "merges.txt"];
pub(crate) const WEIGHTS: [&str; 2] = ["model.safetensors", "pytorch_model.bin"];
/// Files that are taken along where they are.
pub(crate) const WANTED: [&str; 4] = [
    "tokenizer.json",
    "added_tokens.json",
    "tokenizer_config.json",
    "generation_config.json",
];

/// Where a model came from and what it consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecord {
    /// `owner/name`.
    pub name: String,
    /// The hub, or the folder it was copied from.
    pub source: String,
    /// The commit; of a copy, `local-` and the beginning of the weights' checksum.
    pub revision: String,
    /// Its files.
    pub files: Vec<ModelFile>,
}

/// A file of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// A model that is here, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredModel {
    /// The folder with its files.
    pub folder: PathBuf,
    /// What is known of it.
    pub record: ModelRecord,
}

impl StoredModel {
    /// Size of all files together.
    pub fn n_bytes(&self) -> u64 {
        self.record.files.iter().map(|file| file.bytes).sum()
    }
}

/// The folder in which models are kept.
#[derive(Debug, Clone)]
pub struct ModelStore {
    folder: PathBuf,
}

impl ModelStore {
    /// The folder that `SMES_MODELS` names, or `smes/models` in the user's cache folder
    /// (`XDG_CACHE_HOME`, otherwise `.cache` in the home folder).
    ///
    /// # Errors
    /// [`HubError::NoFolder`] when none of the three is set.
    pub fn from_env() -> Result<Self, HubError> {
        Self::from_variables(|name| std::env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, HubError> {
        if let Some(folder) = variable("SMES_MODELS") {
            return Ok(Self::at(folder));
        }
        let cache = variable("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(variable("HOME")?).join(".cache")));
        Ok(Self::at(
            cache.ok_or(HubError::NoFolder)?.join("smes/models"),
        ))
    }

    /// A folder, which need not exist yet.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Every model that is here, by name and then the latest first.
    ///
    /// # Errors
    /// [`HubError::Record`] for a record that cannot be understood.
    pub fn list(&self) -> Result<Vec<StoredModel>, HubError> {
        let mut models = Vec::new();
        for folder in subfolders(&self.folder) {
            for snapshot in subfolders(&folder.join("snapshots")) {
                models.extend(Self::stored(&snapshot)?);
            }
        }
        models.sort_by_key(|(model, time): &(StoredModel, SystemTime)| {
            (model.record.name.clone(), std::cmp::Reverse(*time))
        });
        Ok(models.into_iter().map(|(model, _)| model).collect())
    }

    /// The model of a name, the latest where there are several revisions.
    ///
    /// # Errors
    /// As for [`ModelStore::list`].
    pub fn find(&self, name: &ModelName) -> Result<Option<StoredModel>, HubError> {
        let mut models = self.list()?.into_iter();
        Ok(models.find(|model| model.record.name == name.to_string()))
    }

    fn stored(snapshot: &Path) -> Result<Option<(StoredModel, SystemTime)>, HubError> {
        let file = snapshot.join(RECORD);
        let Ok(json) = fs_err::read(&file) else {
            return Ok(None);
        };
        let time = fs_err::metadata(&file).and_then(|metadata| metadata.modified());
        let record =
            serde_json::from_slice(&json).map_err(|source| HubError::Record { file, source })?;
        let model = StoredModel {
            folder: snapshot.to_owned(),
            record,
        };
        Ok(Some((model, time.unwrap_or(SystemTime::UNIX_EPOCH))))
    }

    /// Takes a copy of a model that lies in a folder.
    ///
    /// # Errors
    /// [`HubError::MissingFile`] when it is not whole, [`HubError::Io`].
    pub fn copy(&self, name: &ModelName, from: &Path) -> Result<StoredModel, HubError> {
        let there = |file: &&str| from.join(file).is_file();
        let files = chosen(&from.display().to_string(), there)?;
        let weights = from.join(files[NEEDED.len()]);
        let (sha256, _) = checksum::sha256(&weights)?;
        let revision = format!("local-{}", &sha256[..12]);
        let snapshots = self.folder.join(name.folder()).join("snapshots");
        let snapshot = snapshots.join(&revision);
        let io = |file: &Path| {
            let file = file.to_owned();
            move |source| HubError::Io { file, source }
        };
        fs_err::create_dir_all(&snapshot).map_err(io(&snapshot))?;
        for file in &files {
            let target = snapshot.join(file);
            let beside = tempfile::NamedTempFile::new_in(&snapshot).map_err(io(&snapshot))?;
            fs_err::copy(from.join(file), beside.path()).map_err(io(&target))?;
            beside
                .persist(&target)
                .map_err(|error| io(&target)(error.error))?;
        }
        let source = from.display().to_string();
        Self::record(name, source, revision, &snapshot, &files)
    }

    /// Writes the record of files that are whole.
    pub(crate) fn record(
        name: &ModelName,
        source: String,
        revision: String,
        snapshot: &Path,
        files: &[&str],
    ) -> Result<StoredModel, HubError> {
        let describe = |file: &&str| {
            let (sha256, bytes) = checksum::sha256(&snapshot.join(file))?;
            Ok(ModelFile {
                name: (*file).to_owned(),
                bytes,
                sha256,
            })
        };
        let record = ModelRecord {
            name: name.to_string(),
            source,
            revision,
            files: files
                .iter()
                .map(describe)
                .collect::<Result<_, HubError>>()?,
        };
        let file = snapshot.join(RECORD);
        let written = serde_json::to_vec_pretty(&record).map_err(std::io::Error::other);
        let written = written.and_then(|json| {
            let mut beside = tempfile::NamedTempFile::new_in(snapshot)?;
            beside.write_all(&json)?;
            beside.persist(&file).map_err(|error| error.error)
        });
        written.map_err(|source| HubError::Io { file, source })?;
        Ok(StoredModel {
            folder: snapshot.to_owned(),
            record,
        })
    }
}

/// The files to take of a place: the needed, the weights, then what else is there.
pub(crate) fn chosen(
    place: &str,
    is_there: impl Fn(&&str) -> bool,
) -> Result<Vec<&'static str>, HubError> {
    let missing = |missing| HubError::MissingFile {
        place: place.to_owned(),
        missing,
    };
    let mut files = NEEDED.to_vec();
    if let Some(file) = files.iter().find(|file| !is_there(file)) {
        return Err(missing(file));
    }
    let weights = WEIGHTS.into_iter().find(&is_there);
    files.push(weights.ok_or_else(|| missing(WEIGHTS[0]))?);
    files.extend(WANTED.into_iter().filter(&is_there));
    Ok(files)
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir());
    folders.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_one_named_or_in_the_users_cache() {
        let with = |set: &[(&str, &str)]| {
            let set = set.to_vec();
            ModelStore::from_variables(move |name| {
                let found = set.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| value.into())
            })
        };
        let folder = |set: &[(&str, &str)]| with(set).unwrap().folder().to_owned();
        assert_eq!(
            folder(&[("SMES_MODELS", "m"), ("HOME", "h")]),
            Path::new("m")
        );
        assert_eq!(
            folder(&[("XDG_CACHE_HOME", "c"), ("HOME", "h")]),
            Path::new("c/smes/models")
        );
        assert_eq!(folder(&[("HOME", "h")]), Path::new("h/.cache/smes/models"));
        assert!(matches!(with(&[]), Err(HubError::NoFolder)));
    }
}
