//! Why a source cannot be imported.

use std::path::{Path, PathBuf};

use smes_dialogue::UnknownLabel;

use crate::CorpusError;
use crate::error::path_hint;

/// A source that cannot be imported. No variant repeats what somebody said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The operating system refused.
    #[error("cannot read `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file without a single entry.
    #[error("`{path}` line 1: the file is empty, expected {expected}")]
    Empty {
        /// The file.
        path: PathBuf,
        /// What should be in it.
        expected: &'static str,
    },
    /// A table without a column that is needed.
    #[error("`{path}` line 1: column `{column}` is missing, found `{}`", found.join("`, `"))]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column.
        column: &'static str,
        /// The columns that are there.
        found: Vec<String>,
    },
    /// A row with too few or too many fields.
    #[error("`{path}` line {line}: found {found} fields, expected {expected}")]
    BrokenRow {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Fields found.
        found: u64,
        /// Fields of the header.
        expected: u64,
    },
    /// Bytes that are not UTF-8.
    #[error("`{path}` line {line}: {place} is not UTF-8")]
    InvalidUtf8 {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The column or entry.
        place: String,
    },
    /// A json file that is not what it should be.
    #[error("`{path}` line {line}, column {column}: {reason}")]
    BrokenJson {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// What was expected.
        reason: String,
    },
    /// An entry larger than any dialogue can be.
    #[error("`{path}` line {line}: an entry is longer than {limit} bytes")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// Line where it begins, from 1.
        line: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// A label that is in no set.
    #[error("`{path}` line {line} (dialogue {dialogue}, utterance {utterance}): {source}")]
    UnknownLabel {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The dialogue.
        dialogue: String,
        /// The utterance in it, or `-` where the label is the dialogue's.
        utterance: String,
        /// The label and those that are known.
        source: Box<UnknownLabel>,
    },
    /// A speaker that is neither seeker nor supporter.
    #[error("`{path}` line {line}: unknown speaker `{found}`, expected `{expected}`")]
    UnknownSpeaker {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What was found, shortened.
        found: String,
        /// What is known.
        expected: &'static str,
    },
    /// A field that should be a whole number.
    #[error("`{path}` line {line}: column `{column}` has `{found}`, expected a whole number")]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The column.
        column: &'static str,
        /// What was found, shortened.
        found: String,
    },
    /// A seeker's utterance with a strategy.
    #[error(
        "`{path}` line {line}: a seeker's row has the strategy `{found}`, expected `undefined`"
    )]
    UnexpectedStrategy {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What was found, shortened.
        found: String,
    },
    /// A dialogue that comes again after others.
    #[error("`{path}` line {line}: dialogue `{dialogue}` comes a second time")]
    DuplicateDialogue {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The dialogue.
        dialogue: String,
    },
    /// An utterance number that does not rise inside its dialogue.
    #[error(
        "`{path}` line {line}: utterance {utterance} of dialogue `{dialogue}` is a duplicate or out of order"
    )]
    DuplicateUtterance {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The dialogue.
        dialogue: String,
        /// The utterance.
        utterance: u64,
    },
    /// A json file that belongs to another table.
    #[error("`{path}`: none of its {n_dialogues} dialogues is in `{csv}`")]
    NothingMatches {
        /// The json file.
        path: PathBuf,
        /// The table.
        csv: PathBuf,
        /// Dialogues in the json file.
        n_dialogues: u64,
    },
    /// Two files for one split.
    #[error("the split `{split}` is given twice, by `{first}` and `{second}`")]
    SplitTwice {
        /// The split.
        split: smes_dialogue::SplitName,
        /// The first file.
        first: PathBuf,
        /// The second file.
        second: PathBuf,
    },
    /// The corpus folder cannot be written.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
}

impl ImportError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Io { source, .. } => return path_hint(source),
            Self::Empty { .. } => "download the file again".to_owned(),
            Self::MissingColumn { .. } => {
                "give the file as it was published, with its first line".to_owned()
            }
            Self::BrokenRow { .. } => {
                "look for a stray quote or comma on this line or the one before".to_owned()
            }
            Self::InvalidUtf8 { .. } => {
                "convert the file to UTF-8, for example with `iconv -t UTF-8`".to_owned()
            }
            Self::BrokenJson { .. } | Self::TooLong { .. } => {
                "give the file as it was published; it may be cut short".to_owned()
            }
            Self::UnknownLabel { source, .. } => source.hint(),
            Self::UnknownSpeaker { expected, .. } => format!("a row is spoken by `{expected}`"),
            Self::NotANumber { .. } => "correct the row, or give the file as published".to_owned(),
            Self::UnexpectedStrategy { .. } => {
                "strategies belong to supporters; check the speaker of the row".to_owned()
            }
            Self::DuplicateDialogue { .. } | Self::DuplicateUtterance { .. } => {
                "sort the rows by dialogue and utterance and remove doubles".to_owned()
            }
            Self::NothingMatches { .. } => {
                "check that the json file and the csv file are of the same corpus".to_owned()
            }
            Self::SplitTwice { .. } => "give one file a split".to_owned(),
            Self::Corpus(error) => return error.hint(),
        })
    }

    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, source }
    }
}

/// At most 40 characters of a value that should have been a label or a number.
pub(crate) fn shortened(raw: &str) -> String {
    const LIMIT: usize = 40;
    if raw.chars().count() <= LIMIT {
        return raw.to_owned();
    }
    raw.chars().take(LIMIT).chain(['\u{2026}']).collect()
}
