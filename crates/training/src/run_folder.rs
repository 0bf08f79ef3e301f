//! The folder of one run: everything needed to know what was done, and to go on with it.
//!
//! ```text
//! run.toml        resolved recipe, seed, corpus checksum, commit, version, device
//! epochs.jsonl    losses and validation scores after each epoch
//! curves/*.svg    the same, drawn
//! state/          parameters and optimiser after the last whole epoch (removed at the end)
//! model/          the selected model, in the form in which it is shipped
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use smes_plots::LineChart;

use crate::TrainingError;

const MANIFEST: &str = "run.toml";

/// What identifies a run, written to `run.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunManifest<R> {
    /// Version of this program.
    pub version: String,
    /// Commit of the working tree, with `-dirty` when it had changes; `unknown` outside a checkout.
    pub commit: String,
    /// Device and its parallelism, for example `cpu x 2`.
    pub device: String,
    /// Seed of initial weights, data order and dropout.
    pub seed: u64,
    /// The corpus trained on.
    pub corpus: CorpusRef,
    /// The recipe with every field resolved.
    pub recipe: R,
}

/// Which data, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusRef {
    /// Name of the corpus.
    pub name: String,
    /// Its checksum.
    pub checksum: String,
}

impl<R> RunManifest<R> {
    /// The manifest of a run that starts now, here.
    pub fn new(seed: u64, corpus: CorpusRef, recipe: R) -> Self {
        let n_threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            commit: commit(),
            device: format!("cpu x {n_threads}"),
            seed,
            corpus,
            recipe,
        }
    }
}

fn commit() -> String {
    let git = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let is_dirty = git(&["status", "--porcelain"]).is_none_or(|changes| !changes.is_empty());
    if is_dirty {
        format!("{head}-dirty")
    } else {
        head
    }
}

/// A run folder on disk.
#[derive(Debug, Clone)]
pub struct RunFolder {
    dir: PathBuf,
}

impl RunFolder {
    /// Checks that a run can begin in the folder, before hours of work and without a trace.
    ///
    /// # Errors
    /// [`TrainingError::RunExists`] when the folder holds a run.
    pub fn check_free(dir: &Path) -> Result<(), TrainingError> {
        if dir.join(MANIFEST).exists() {
            return Err(TrainingError::RunExists {
                path: dir.to_owned(),
            });
        }
        Ok(())
    }

    /// Begins a run in a new or empty folder.
    ///
    /// # Errors
    /// [`TrainingError::RunExists`] when the folder holds a run.
    ///
    /// # Panics
    /// When a recipe type cannot be written as TOML: a mistake in its definition.
    pub fn create<R: Serialize>(
        dir: &Path,
        manifest: &RunManifest<R>,
    ) -> Result<Self, TrainingError> {
        Self::check_free(dir)?;
        fs_err::create_dir_all(dir)?;
        let folder = Self {
            dir: dir.to_owned(),
        };
        let text = toml::to_string(manifest).expect("a manifest is made of plain TOML values");
        folder.write_atomically(MANIFEST, text.as_bytes())?;
        Ok(folder)
    }

    /// Opens a run to go on with it. The manifest must describe the same work: recipe, seed and
    /// data; program version and commit may differ.
    ///
    /// # Errors
    /// [`TrainingError::NotResumable`] when there is no run or it is another one.
    pub fn resume<R: DeserializeOwned + PartialEq>(
        dir: &Path,
        manifest: &RunManifest<R>,
    ) -> Result<Self, TrainingError> {
        let refuse = |reason: &str| TrainingError::NotResumable {
            path: dir.to_owned(),
            reason: reason.to_owned(),
        };
        let text = fs_err::read_to_string(dir.join(MANIFEST))
            .map_err(|_| refuse("it holds no run.toml"))?;
        let begun: RunManifest<R> = toml::from_str(&text).map_err(|source| {
            refuse(&format!(
                "its run.toml is not readable: {}",
                source.message()
            ))
        })?;
        if begun.recipe != manifest.recipe {
            return Err(refuse("its recipe is another"));
        }
        if begun.seed != manifest.seed {
            return Err(refuse("its seed is another"));
        }
        if begun.corpus != manifest.corpus {
            return Err(refuse("it was begun on other data"));
        }
        Ok(Self {
            dir: dir.to_owned(),
        })
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a file of the run, whole or not at all.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write_atomically(&self, name: &str, bytes: &[u8]) -> Result<(), TrainingError> {
        let path = self.dir.join(name);
        if let Some(parent) = path.parent() {
            fs_err::create_dir_all(parent)?;
        }
        let partial = path.with_extension("partial");
        fs_err::write(&partial, bytes)?;
        fs_err::rename(&partial, &path)?;
        Ok(())
    }

    /// Writes the records of all epochs so far to `epochs.jsonl`.
    ///
    /// # Errors
    /// When the disk refuses.
    ///
    /// # Panics
    /// When a record type cannot be written as JSON: a mistake in its definition.
    pub fn write_epochs<E: Serialize>(&self, epochs: &[E]) -> Result<(), TrainingError> {
        let line = |epoch| serde_json::to_string(epoch).expect("an epoch record is plain data");
        let lines: Vec<String> = epochs.iter().map(line).collect();
        self.write_atomically("epochs.jsonl", (lines.join("\n") + "\n").as_bytes())
    }

    /// The records of the epochs so far; none when the run was stopped in its first.
    ///
    /// # Errors
    /// [`TrainingError::NotResumable`] when a line is not a record.
    pub fn read_epochs<E: DeserializeOwned>(&self) -> Result<Vec<E>, TrainingError> {
        let path = self.dir.join("epochs.jsonl");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = fs_err::read_to_string(&path)?;
        let parse = |(idx, line)| {
            serde_json::from_str(line).map_err(|source| TrainingError::NotResumable {
                path: self.dir.clone(),
                reason: format!("line {} of epochs.jsonl: {source}", idx + 1),
            })
        };
        text.lines().enumerate().map(parse).collect()
    }

    /// Draws one chart into `curves/`.
    ///
    /// # Errors
    /// When it cannot be drawn or written.
    pub fn write_curve(&self, name: &str, chart: &LineChart) -> Result<(), TrainingError> {
        self.write_atomically(&format!("curves/{name}.svg"), chart.to_svg()?.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(seed: u64) -> RunManifest<String> {
        let corpus = CorpusRef {
            name: "invented".to_owned(),
            checksum: "0".to_owned(),
        };
        RunManifest::new(seed, corpus, "recipe".to_owned())
    }

    #[test]
    fn a_run_is_never_overwritten_and_only_its_own_work_resumed() {
        let temp = tempfile::tempdir().unwrap();
        RunFolder::create(temp.path(), &manifest(1)).unwrap();
        assert!(matches!(
            RunFolder::create(temp.path(), &manifest(1)),
            Err(TrainingError::RunExists { .. })
        ));
        RunFolder::resume(temp.path(), &manifest(1)).unwrap();
        let error = RunFolder::resume(temp.path(), &manifest(2)).unwrap_err();
        assert!(
            error.to_string().ends_with("its seed is another"),
            "{error}"
        );
    }

    #[test]
    fn epochs_come_back_as_written() {
        let temp = tempfile::tempdir().unwrap();
        let run = RunFolder::create(temp.path(), &manifest(1)).unwrap();
        assert!(run.read_epochs::<u32>().unwrap().is_empty());
        run.write_epochs(&[1, 2]).unwrap();
        assert_eq!(run.read_epochs::<u32>().unwrap(), [1, 2]);
    }
}
