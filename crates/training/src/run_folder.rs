//! The folder of one run: everything needed to know what was done, and to go on with it.
//!
//! ```text
//! run.toml        resolved recipe, seed, corpus checksum, commit, version, device
//! epochs.jsonl    losses and validation scores after each epoch
//! curves/*.svg    the same, drawn
//! state/N/        parameters, optimiser and records after N whole epochs (removed at the end)
//! model/          the selected model, in the form in which it is shipped
//! lock            held while a process works on the run
//! ```
//!
//! A state is written beside its place and renamed: a process that is killed, or a disk that is
//! full, in the midst of saving leaves the state before as it was.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use smes_plots::LineChart;

use crate::TrainingError;

const MANIFEST: &str = "run.toml";
const LOCK: &str = "lock";
const MODEL: &str = "model";
const STATE: &str = "state";
const EPOCHS: &str = "epochs.jsonl";

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

/// A run folder on disk, locked against other processes as long as this value lives.
#[derive(Debug)]
pub struct RunFolder {
    dir: PathBuf,
    /// The system releases it when the process ends, however it ends.
    _lock: File,
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

    /// Goes on with the run in the folder, or begins one there.
    ///
    /// # Errors
    /// As for [`RunFolder::resume`] or [`RunFolder::create`].
    pub fn open<R: Serialize + DeserializeOwned + PartialEq>(
        dir: &Path,
        manifest: &RunManifest<R>,
        is_resumed: bool,
    ) -> Result<Self, TrainingError> {
        if is_resumed {
            Self::resume(dir, manifest)
        } else {
            Self::create(dir, manifest)
        }
    }

    /// Begins a run in a new or empty folder.
    ///
    /// # Errors
    /// [`TrainingError::RunExists`] when the folder holds a run, [`TrainingError::RunLocked`] when
    /// another process is at work in it.
    ///
    /// # Panics
    /// When a recipe type cannot be written as TOML: a mistake in its definition.
    pub fn create<R: Serialize>(
        dir: &Path,
        manifest: &RunManifest<R>,
    ) -> Result<Self, TrainingError> {
        fs_err::create_dir_all(dir)?;
        let folder = Self::locked(dir)?;
        Self::check_free(dir)?;
        let text = toml::to_string(manifest).expect("a manifest is made of plain TOML values");
        folder.write_atomically(MANIFEST, text.as_bytes())?;
        Ok(folder)
    }

    /// Opens a run to go on with it. The manifest must describe the same work: recipe, seed and
    /// data; program version and commit may differ.
    ///
    /// # Errors
    /// [`TrainingError::NotResumable`] when there is no run or it is another one,
    /// [`TrainingError::RunLocked`] when another process is at work in it.
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
        let folder = Self::locked(dir)?;
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
        Ok(folder)
    }

    fn locked(dir: &Path) -> Result<Self, TrainingError> {
        let path = dir.join(LOCK);
        let lock = File::create(&path)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                dir: dir.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(TrainingError::RunLocked {
                path: dir.to_owned(),
            }),
            Err(TryLockError::Error(source)) => Err(source.into()),
        }
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

    /// Writes records into a file of the run, one a line.
    ///
    /// # Errors
    /// When the disk refuses.
    ///
    /// # Panics
    /// When a record type cannot be written as JSON: a mistake in its definition.
    pub fn write_lines<E: Serialize>(
        &self,
        name: &str,
        records: impl IntoIterator<Item = E>,
    ) -> Result<(), TrainingError> {
        self.write_atomically(name, lines(records).as_bytes())
    }

    /// Writes what a run ended with into a file of the run.
    ///
    /// # Errors
    /// When the disk refuses.
    ///
    /// # Panics
    /// When a type cannot be written as JSON: a mistake in its definition.
    pub fn write_json<T: Serialize>(&self, name: &str, found: &T) -> Result<(), TrainingError> {
        let text = serde_json::to_string_pretty(found).expect("scores are plain data");
        self.write_atomically(name, text.as_bytes())
    }

    /// The folder in which the chosen model is left.
    pub fn model_dir(&self) -> PathBuf {
        self.dir.join(MODEL)
    }

    /// Makes that folder and writes the configuration of the model into it.
    ///
    /// # Errors
    /// When the disk refuses.
    ///
    /// # Panics
    /// When a configuration cannot be written as TOML: a mistake in its definition.
    pub fn write_config<C: Serialize>(&self, name: &str, config: &C) -> Result<(), TrainingError> {
        let text = toml::to_string(config).expect("a configuration is made of plain TOML values");
        fs_err::create_dir_all(self.model_dir())?;
        Ok(fs_err::write(self.model_dir().join(name), text)?)
    }

    /// Saves the state after `n_epochs` whole epochs in place of the one before. `write` is handed
    /// an empty folder for it.
    ///
    /// # Errors
    /// When `write` or the disk refuses; then the state before stands.
    pub fn save_state<E: Serialize>(
        &self,
        epochs: &[E],
        write: impl FnOnce(&Path) -> Result<(), TrainingError>,
    ) -> Result<(), TrainingError> {
        let states = self.dir.join(STATE);
        let partial = states.join("partial");
        let place = states.join(epochs.len().to_string());
        remove_dir(&partial)?;
        fs_err::create_dir_all(&partial)?;
        let written = write(&partial).and_then(|()| {
            let records = lines(epochs);
            let mut file = fs_err::File::create(partial.join(EPOCHS))?;
            std::io::Write::write_all(&mut file, records.as_bytes())?;
            file.sync_all()?;
            Ok(fs_err::rename(&partial, &place)?)
        });
        if let Err(error) = written {
            // The first error is the one to report; a leftover is removed by the next save.
            let _ = remove_dir(&partial);
            return Err(error);
        }
        for (_, old) in self
            .states()?
            .into_iter()
            .filter(|(_, path)| *path != place)
        {
            remove_dir(&old)?;
        }
        self.write_lines(EPOCHS, epochs)
    }

    /// The folder of the latest whole state and the records of its epochs; none when the run was
    /// stopped in its first epoch.
    ///
    /// # Errors
    /// [`TrainingError::NotResumable`] when a line is not a record.
    pub fn state<E: DeserializeOwned>(&self) -> Result<Option<(PathBuf, Vec<E>)>, TrainingError> {
        let Some((_, folder)) = self.states()?.into_iter().max_by_key(|(n, _)| *n) else {
            return Ok(None);
        };
        let text = fs_err::read_to_string(folder.join(EPOCHS))?;
        let parse = |(idx, line)| {
            serde_json::from_str(line).map_err(|source| TrainingError::NotResumable {
                path: self.dir.clone(),
                reason: format!("line {} of its epochs: {source}", idx + 1),
            })
        };
        let epochs = text.lines().enumerate().map(parse);
        Ok(Some((folder, epochs.collect::<Result<_, _>>()?)))
    }

    /// Removes the states of a run that is at its end.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_state(&self) -> Result<(), TrainingError> {
        remove_dir(&self.dir.join(STATE))
    }

    /// Whole states by their number of epochs; one, or two after a kill between two steps.
    fn states(&self) -> Result<Vec<(usize, PathBuf)>, TrainingError> {
        let folder = self.dir.join(STATE);
        if !folder.exists() {
            return Ok(Vec::new());
        }
        let mut states = Vec::new();
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if let Some(n_epochs) = name.and_then(|name| name.parse().ok()) {
                states.push((n_epochs, path));
            }
        }
        Ok(states)
    }

    /// Draws one chart into `curves/`.
    ///
    /// # Errors
    /// When it cannot be drawn or written.
    pub fn write_curve(&self, name: &str, chart: &LineChart) -> Result<(), TrainingError> {
        self.write_atomically(&format!("curves/{name}.svg"), chart.to_svg()?.as_bytes())
    }
}

/// One record a line.
///
/// # Panics
/// When a record type cannot be written as JSON: a mistake in its definition.
fn lines<E: Serialize>(records: impl IntoIterator<Item = E>) -> String {
    let line = |record| serde_json::to_string(&record).expect("a record is plain data") + "\n";
    records.into_iter().map(line).collect()
}

fn remove_dir(dir: &Path) -> Result<(), TrainingError> {
    if dir.exists() {
        fs_err::remove_dir_all(dir)?;
    }
    Ok(())
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
    fn two_processes_cannot_work_on_one_run() {
        let temp = tempfile::tempdir().unwrap();
        let first = RunFolder::create(temp.path(), &manifest(1)).unwrap();
        let error = RunFolder::resume(temp.path(), &manifest(1)).unwrap_err();
        assert!(matches!(error, TrainingError::RunLocked { .. }), "{error}");
        drop(first);
        RunFolder::resume(temp.path(), &manifest(1)).unwrap();
    }

    fn save(run: &RunFolder, n_epochs: u32, number: &str) -> Result<(), TrainingError> {
        let epochs: Vec<u32> = (0..n_epochs).collect();
        run.save_state(&epochs, |dir| {
            Ok(fs_err::write(dir.join("weights"), number)?)
        })
    }

    fn stored(run: &RunFolder) -> Option<(String, usize)> {
        let (folder, epochs) = run.state::<u32>().unwrap()?;
        let number = std::fs::read_to_string(folder.join("weights")).unwrap();
        Some((number, epochs.len()))
    }

    #[test]
    fn the_latest_state_comes_back_and_the_one_before_goes() {
        let temp = tempfile::tempdir().unwrap();
        let run = RunFolder::create(temp.path(), &manifest(1)).unwrap();
        assert_eq!(stored(&run), None);
        save(&run, 1, "one").unwrap();
        save(&run, 2, "two").unwrap();
        assert_eq!(stored(&run), Some(("two".to_owned(), 2)));
        assert_eq!(
            std::fs::read_dir(temp.path().join("state"))
                .unwrap()
                .count(),
            1
        );
        run.remove_state().unwrap();
        assert_eq!(stored(&run), None);
    }

    #[test]
    fn a_full_disk_while_saving_leaves_the_state_before() {
        let temp = tempfile::tempdir().unwrap();
        let run = RunFolder::create(temp.path(), &manifest(1)).unwrap();
        save(&run, 1, "one").unwrap();
        let error = run
            .save_state(&[0, 1], |dir| {
                fs_err::write(dir.join("weights"), "tw")?;
                Err(std::io::Error::from(std::io::ErrorKind::StorageFull).into())
            })
            .unwrap_err();
        assert!(error.to_string().contains("no storage space"), "{error}");
        assert_eq!(stored(&run), Some(("one".to_owned(), 1)));
        save(&run, 2, "two").unwrap();
        assert_eq!(stored(&run), Some(("two".to_owned(), 2)));
    }

    #[test]
    fn a_kill_in_the_midst_of_saving_leaves_the_state_before() {
        let temp = tempfile::tempdir().unwrap();
        let run = RunFolder::create(temp.path(), &manifest(1)).unwrap();
        save(&run, 1, "one").unwrap();
        let killed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            run.save_state(&[0, 1], |dir| {
                std::fs::write(dir.join("weights"), "tw").unwrap();
                panic!("killed")
            })
        }));
        assert!(killed.is_err() && temp.path().join("state/partial/weights").exists());
        drop(run);
        let run = RunFolder::resume(temp.path(), &manifest(1)).unwrap();
        assert_eq!(stored(&run), Some(("one".to_owned(), 1)));
        save(&run, 2, "two").unwrap();
        assert_eq!(stored(&run), Some(("two".to_owned(), 2)));
    }
}
