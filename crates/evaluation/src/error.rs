//! What can go wrong between a corpus, a prediction file and its scores.

use std::path::PathBuf;

use smes_dialogue::{DialogueId, SplitName, UnknownLabel};

use crate::predictions::{CorpusRef, FORMAT, VERSION};

/// An error of a prediction file: where it is and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PredictionError {
    /// The file cannot be opened, read or written; the cause names the path.
    #[error("cannot use the prediction file: {source}")]
    Io {
        /// The cause.
        #[from]
        source: std::io::Error,
    },
    /// There is nothing in the file.
    #[error("{path}: the file is empty, expected a header in its first line", path = path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first line is no header of this format.
    #[error("{path}:1: not a prediction file, expected a header with `format`: `{FORMAT}`", path = path.display())]
    NotPredictions {
        /// The file.
        path: PathBuf,
    },
    /// The header has a version this program does not read.
    #[error("{path}:1: format version `{found}`, expected `{VERSION}`", path = path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// What the header says.
        found: u64,
    },
    /// A line is longer than any record can be.
    #[error("{path}:{line}: the line is longer than {max} bytes", path = path.display())]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The bound.
        max: u64,
    },
    /// A line is no UTF-8.
    #[error("{path}:{line}: the text is not UTF-8", path = path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
    },
    /// A line is not the JSON that was expected. Values are left out: they may be a person's words.
    #[error("{path}:{line}: {what}", path = path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong, without the value.
        what: String,
    },
    /// A label is not in the header's list.
    #[error("{path}:{line}: `{field}`: {source}", path = path.display())]
    UnknownLabel {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The field that holds it, for example `predicted.strategy`.
        field: &'static str,
        /// Which label, and what was expected.
        source: Box<UnknownLabel>,
    },
    /// A probability is none.
    #[error("{path}:{line}: `{field}`: probability `{found}`, expected a value in 0..=1", path = path.display())]
    Probability {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The field that holds it.
        field: &'static str,
        /// What was found.
        found: f32,
    },
    /// Two records are about the same utterance.
    #[error("{path}:{line}: utterance {utterance} of dialogue `{dialogue}` stood on an earlier line already", path = path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// Line of the second record, from 1.
        line: usize,
        /// The dialogue.
        dialogue: DialogueId,
        /// Position of the utterance in it.
        utterance: usize,
    },
    /// The file is about another corpus, or another version of it.
    #[error(
        "{path}:1: predictions for corpus `{}` ({}), expected `{}` ({})",
        found.name, found.checksum, expected.name, expected.checksum, path = path.display()
    )]
    OtherCorpus {
        /// The file.
        path: PathBuf,
        /// What the header names.
        found: CorpusRef,
        /// What is scored against.
        expected: CorpusRef,
    },
    /// The file is about another split.
    #[error("{path}:1: predictions for the {found} split, expected {expected}", path = path.display())]
    OtherSplit {
        /// The file.
        path: PathBuf,
        /// What the header names.
        found: SplitName,
        /// What is scored against.
        expected: SplitName,
    },
    /// A record is about an utterance that is not to be predicted.
    #[error("{path}:{line}: utterance {utterance} of dialogue `{dialogue}` is no instance of this split", path = path.display())]
    NoInstance {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The dialogue.
        dialogue: DialogueId,
        /// Position of the utterance in it.
        utterance: usize,
    },
    /// A record's gold labels are not those of the corpus.
    #[error("{path}:{line}: the gold labels of utterance {utterance} of dialogue `{dialogue}` are not the corpus's", path = path.display())]
    OtherGold {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// The dialogue.
        dialogue: DialogueId,
        /// Position of the utterance in it.
        utterance: usize,
    },
    /// There is not one response an instance.
    #[error("{path}: {found} responses, expected one for each of the {expected} instances", path = path.display())]
    Count {
        /// The file.
        path: PathBuf,
        /// Instances of the split.
        expected: usize,
        /// Responses found.
        found: usize,
    },
    /// A foreign item is about something else than the instance in its place.
    #[error("{path}: item {item}: its reference is not what the supporter says in instance {item}", path = path.display())]
    OtherResponse {
        /// The file.
        path: PathBuf,
        /// Position of the item, from 1.
        item: usize,
    },
    /// The number of records is not what the header announces.
    #[error("{path}: {found} records, expected the {expected} that its header announces", path = path.display())]
    Incomplete {
        /// The file.
        path: PathBuf,
        /// `n_instances` of the header.
        expected: usize,
        /// Records found.
        found: usize,
    },
}

impl PredictionError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownLabel { source, .. } => Some(source.hint()),
            Self::Empty { .. } | Self::NotPredictions { .. } => {
                Some("`smes predict --out FILE` writes such files".to_owned())
            }
            Self::OtherCorpus { .. } | Self::OtherGold { .. } => {
                Some("predict on the corpus that is scored, or name that other corpus".to_owned())
            }
            Self::OtherSplit { found, .. } => Some(format!("score with `--split {found}`")),
            Self::NoInstance { .. } => Some(
                "instances are the supporter utterances but a dialogue's first; positions count from 0"
                    .to_owned(),
            ),
            Self::Count { .. } | Self::OtherResponse { .. } => Some(
                "the responses have to stand in the order of the corpus's instances, for its whole split"
                    .to_owned(),
            ),
            Self::Version { .. } => Some("predict again with this version of smes".to_owned()),
            Self::Incomplete { .. } => Some(
                "the file was cut short or edited; predict again, or correct `n_instances`"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Why a corpus yields no instances.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceError {
    /// No supporter speaks after a dialogue's first utterance.
    #[error("the {split} split of corpus `{corpus}` has no supporter utterance to predict")]
    NoInstances {
        /// The corpus.
        corpus: String,
        /// The split.
        split: SplitName,
    },
}

impl InstanceError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoInstances { .. } => Some(
                "predictions need dialogues between a seeker and a supporter; `smes corpus stats DIR` shows what the corpus has"
                    .to_owned(),
            ),
        }
    }
}
