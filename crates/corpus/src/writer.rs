//! Writing a corpus folder so that either the whole of it appears or nothing.
//!
//! Everything is built in a hidden folder beside the target, which then takes the target's place
//! in one rename (on Linux an existing corpus is exchanged in one step). A program that dies leaves
//! the target as it was. Files are not flushed to the disk one by one: a power cut within seconds
//! may still lose the corpus, which can be imported again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use fs_err::File;
use serde::Serialize;
use sha2::{Digest, Sha256};
use smes_dialogue::{Dialogue, Emotion, Strategy};
use tempfile::TempDir;

use crate::manifest::{FORMAT, MANIFEST};
use crate::reader::{CUES, DIALOGUES, ISSUES};
use crate::splits::SPLITS;
use crate::{
    CorpusError, Counts, CueRecord, ImportIssue, IssueCounts, LabelSetRef, Manifest, Provenance,
    SplitFile,
};

/// Builds a corpus folder; nothing is visible before [`CorpusWriter::finish`].
#[derive(Debug)]
pub(crate) struct CorpusWriter {
    target: PathBuf,
    folder: TempDir,
    dialogues: JsonSink,
    issues: JsonSink,
    cues: BTreeMap<String, JsonSink>,
    digest: Sha256,
    counts: Counts,
    issue_counts: IssueCounts,
}

/// What [`CorpusWriter::finish`] cannot know by itself.
#[derive(Debug, Clone)]
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) licence: String,
    pub(crate) emotions: LabelSetRef<Emotion>,
    pub(crate) strategies: Option<LabelSetRef<Strategy>>,
    pub(crate) provenance: Provenance,
}

impl CorpusWriter {
    /// Begins a corpus that will lie at `target`.
    ///
    /// # Errors
    /// [`CorpusError::NotReplaceable`] when something else lies there, [`CorpusError::WouldDelete`]
    /// when the corpus there holds annotations, media or cues that only it has.
    pub(crate) fn create(target: &Path) -> Result<Self, CorpusError> {
        refuse_to_destroy(target)?;
        let parent = match target.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        fs_err::create_dir_all(&parent).map_err(CorpusError::io(&parent))?;
        let folder = partial_folder(&parent).map_err(CorpusError::io(&parent))?;
        Ok(Self {
            target: target.to_owned(),
            dialogues: JsonSink::create(folder.path().join(DIALOGUES))?,
            issues: JsonSink::create(folder.path().join(ISSUES))?,
            cues: BTreeMap::new(),
            folder,
            digest: Sha256::new(),
            counts: Counts::default(),
            issue_counts: IssueCounts::new(),
        })
    }

    /// Appends a dialogue.
    ///
    /// # Errors
    /// [`CorpusError::Io`] when it cannot be written.
    pub(crate) fn write_dialogue(&mut self, dialogue: &Dialogue) -> Result<(), CorpusError> {
        let line = self.dialogues.write(dialogue)?;
        self.digest.update(line);
        self.counts.add(&dialogue.utterances);
        Ok(())
    }

    /// Appends a cue to the side-car of its extractor.
    ///
    /// # Errors
    /// [`CorpusError`] when the extractor's name cannot be a file name or writing fails.
    pub(crate) fn write_cue(&mut self, record: &CueRecord) -> Result<(), CorpusError> {
        let name = &record.cue.extractor.name;
        let sink = match self.cues.entry(name.clone()) {
            Entry::Occupied(sink) => sink.into_mut(),
            Entry::Vacant(slot) => {
                if !is_file_stem(name) {
                    return Err(CorpusError::BadExtractorName {
                        extractor: name.clone(),
                    });
                }
                let folder = self.folder.path().join(CUES);
                fs_err::create_dir_all(&folder).map_err(CorpusError::io(&folder))?;
                slot.insert(JsonSink::create(folder.join(format!("{name}.jsonl")))?)
            }
        };
        sink.write(record).map(|_| ())
    }

    /// Appends an issue to the list and counts it.
    ///
    /// # Errors
    /// [`CorpusError::Io`] when it cannot be written.
    pub(crate) fn write_issue(&mut self, issue: &ImportIssue) -> Result<(), CorpusError> {
        *self.issue_counts.entry(issue.kind).or_default() += 1;
        self.issues.write(issue).map(|_| ())
    }

    /// Completes the folder and puts it in its place.
    ///
    /// # Errors
    /// [`CorpusError`] when writing fails; the target is then as it was before.
    pub(crate) fn finish(
        mut self,
        description: &Description,
        splits: &SplitFile,
    ) -> Result<Manifest, CorpusError> {
        self.dialogues.flush()?;
        self.issues.flush()?;
        for sink in self.cues.values_mut() {
            sink.flush()?;
        }
        let digest = hex(&self.digest.finalize());
        let manifest = Manifest {
            format: FORMAT,
            name: description.name.clone(),
            version: digest[..12].to_owned(),
            licence: description.licence.clone(),
            checksum: format!("sha256:{digest}"),
            emotions: description.emotions.clone(),
            strategies: description.strategies.clone(),
            counts: self.counts,
            provenance: description.provenance.clone(),
            issues: self.issue_counts,
        };
        write_toml(&self.folder.path().join(SPLITS), splits)?;
        write_toml(&self.folder.path().join(MANIFEST), &manifest)?;
        refuse_to_destroy(&self.target)?;
        put_in_place(self.folder, &self.target)?;
        Ok(manifest)
    }
}

/// A file of JSON lines that remembers its path for errors.
#[derive(Debug)]
struct JsonSink {
    path: PathBuf,
    writer: BufWriter<File>,
    line: Vec<u8>,
}

impl JsonSink {
    fn create(path: PathBuf) -> Result<Self, CorpusError> {
        let file = File::create(&path).map_err(CorpusError::io(&path))?;
        Ok(Self {
            path,
            writer: BufWriter::with_capacity(1 << 16, file),
            line: Vec::new(),
        })
    }

    /// Writes the value and gives the bytes of its line.
    fn write(&mut self, value: &impl Serialize) -> Result<&[u8], CorpusError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, value)
            .map_err(|error| CorpusError::io(&self.path)(error.into()))?;
        self.line.push(b'\n');
        self.writer
            .write_all(&self.line)
            .map_err(CorpusError::io(&self.path))?;
        Ok(&self.line)
    }

    fn flush(&mut self) -> Result<(), CorpusError> {
        self.writer.flush().map_err(CorpusError::io(&self.path))
    }
}

fn write_toml(path: &Path, value: &impl Serialize) -> Result<(), CorpusError> {
    let text = toml::to_string(value).expect("the settings hold only names, numbers and lists");
    fs_err::write(path, text).map_err(CorpusError::io(path))
}

fn is_file_stem(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphanumeric())
        && name
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "-_.".contains(letter))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes every write");
        text
    })
}

/// Names in a corpus folder that an import makes anew.
const REPLACED: [&str; 5] = [MANIFEST, DIALOGUES, SPLITS, ISSUES, CUES];
/// Cues that an import brings along; those of other extractors were computed and would be lost.
const IMPORTED_CUES: &str = "video-llama.jsonl";

fn refuse_to_destroy(target: &Path) -> Result<(), CorpusError> {
    let Ok(metadata) = fs_err::symlink_metadata(target) else {
        return Ok(());
    };
    let not_replaceable = || CorpusError::NotReplaceable {
        path: target.to_owned(),
    };
    if !metadata.is_dir() {
        return Err(not_replaceable());
    }
    let entries = names_in(target)?;
    if entries.is_empty() {
        return Ok(());
    }
    if !entries.iter().any(|entry| entry == MANIFEST) {
        return Err(not_replaceable());
    }
    let mut lost = entries
        .into_iter()
        .find(|entry| !REPLACED.contains(&entry.as_str()));
    if lost.is_none() && target.join(CUES).is_dir() {
        lost = names_in(&target.join(CUES))?
            .into_iter()
            .find(|entry| entry != IMPORTED_CUES)
            .map(|entry| format!("{CUES}/{entry}"));
    }
    lost.map_or(Ok(()), |entry| {
        Err(CorpusError::WouldDelete {
            path: target.to_owned(),
            entry,
        })
    })
}

fn names_in(folder: &Path) -> Result<Vec<String>, CorpusError> {
    fs_err::read_dir(folder)
        .map_err(CorpusError::io(folder))?
        .map(|entry| {
            let name = entry.map_err(CorpusError::io(folder))?.file_name();
            Ok(name.to_string_lossy().into_owned())
        })
        .collect()
}

fn partial_folder(parent: &Path) -> std::io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".smes-partial-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The folder becomes the corpus, so it gets the rights any new folder would.
        builder.permissions(std::fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(parent)
}

fn put_in_place(folder: TempDir, target: &Path) -> Result<(), CorpusError> {
    if !target.exists() {
        fs_err::rename(folder.path(), target).map_err(CorpusError::io(target))?;
        // The folder is the corpus now; forgetting its handle keeps it from being removed.
        let _ = folder.keep();
        return Ok(());
    }
    if exchange(folder.path(), target) {
        return folder.close().map_err(CorpusError::io(target));
    }
    let parent = target.parent().unwrap_or(Path::new("."));
    let old = partial_folder(if parent == Path::new("") {
        Path::new(".")
    } else {
        parent
    })
    .map_err(CorpusError::io(parent))?;
    let aside = old.path().join("old");
    fs_err::rename(target, &aside).map_err(CorpusError::io(target))?;
    if let Err(error) = fs_err::rename(folder.path(), target) {
        fs_err::rename(&aside, target).map_err(CorpusError::io(target))?;
        return Err(CorpusError::io(target)(error));
    }
    let _ = folder.keep();
    old.close().map_err(CorpusError::io(target))
}

/// Exchanges two folders in one step; `false` where the system cannot.
#[cfg(target_os = "linux")]
fn exchange(a: &Path, b: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE).is_ok()
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> bool {
    false
}
