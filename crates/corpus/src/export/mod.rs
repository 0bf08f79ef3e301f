//! A corpus as one file of another format. One file a format; streams, and writes atomically.

mod chat;
mod jsonl;
mod parquet;
mod table;

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use smes_dialogue::{Dialogue, SplitName};
use tempfile::NamedTempFile;

use crate::{Corpus, CorpusError};

/// A format to export to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// A dialogue a line, as stored, with its split.
    Jsonl,
    /// An utterance a row.
    Csv,
    /// An utterance a row, typed columns.
    Parquet,
    /// A dialogue a line as messages of a chat, for fine-tuning language models.
    Chat,
}

impl ExportFormat {
    /// All, in order.
    pub const ALL: [Self; 4] = [Self::Jsonl, Self::Csv, Self::Parquet, Self::Chat];

    /// The name as given and printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Parquet => "parquet",
            Self::Chat => "chat",
        }
    }
}

impl FromStr for ExportFormat {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == raw)
            .ok_or_else(|| {
                format!("unknown format `{raw}`, expected `jsonl`, `csv`, `parquet` or `chat`")
            })
    }
}

/// An export that failed; the target is then as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// The file cannot be written.
    #[error("cannot write `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The Parquet library refused.
    #[error("cannot write `{path}` as Parquet")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ::parquet::errors::ParquetError,
    },
}

impl ExportError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Corpus(error) => error.hint(),
            Self::Io { .. } => Some("name a file in a folder you may write to".to_owned()),
            Self::Parquet { .. } => None,
        }
    }
}

/// Writes the corpus to one file, whole or not at all. Gives the number of dialogues.
///
/// # Errors
/// [`ExportError`] when the corpus cannot be read or the file not be written.
pub fn export(corpus: &Corpus, format: ExportFormat, target: &Path) -> Result<u64, ExportError> {
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut file = new_file(parent).map_err(io(target))?;
    let n_dialogues = {
        let mut sink = BufWriter::with_capacity(1 << 16, file.as_file_mut());
        let n_dialogues = match format {
            ExportFormat::Jsonl => each_line(corpus, target, &mut sink, jsonl::write),
            ExportFormat::Chat => each_line(corpus, target, &mut sink, chat::write),
            ExportFormat::Csv => table::write_csv(corpus, target, &mut sink),
            ExportFormat::Parquet => parquet::write(corpus, target, &mut sink),
        }?;
        sink.flush().map_err(io(target))?;
        n_dialogues
    };
    file.persist(target)
        .map_err(|error| io(target)(error.error))?;
    Ok(n_dialogues)
}

fn new_file(parent: &Path) -> std::io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".smes-partial-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(parent)
}

fn each_line<W: Write>(
    corpus: &Corpus,
    target: &Path,
    sink: &mut W,
    write: fn(&mut W, &Dialogue, Option<SplitName>) -> std::io::Result<()>,
) -> Result<u64, ExportError> {
    let splits = corpus.splits().by_id();
    let mut n_dialogues = 0;
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue?;
        let split = splits.get(&dialogue.id).copied();
        write(sink, &dialogue, split)
            .and_then(|()| sink.write_all(b"\n"))
            .map_err(io(target))?;
        n_dialogues += 1;
    }
    Ok(n_dialogues)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::Io { path, source }
}
