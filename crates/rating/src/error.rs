//! What can go wrong with a study: where it is and what was expected.

use std::path::PathBuf;

use smes_dialogue::{DialogueId, SplitName};
use smes_endpoint::EndpointError;
use smes_evaluation::PredictionError;

use crate::RaterId;

/// An error of a study. No message quotes what a person said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RatingError {
    /// A file cannot be opened, read or written; the cause names the path.
    #[error("cannot use the study: {source}")]
    Io {
        /// The cause.
        #[from]
        source: std::io::Error,
    },
    /// One of the prediction files is broken.
    #[error(transparent)]
    Predictions(#[from] PredictionError),
    /// The two prediction files are not about the same data.
    #[error("{path}: {what} `{found}`, but the other file has `{expected}`", path = path.display())]
    DifferentData {
        /// The second file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// What it has.
        found: String,
        /// What the first file has.
        expected: String,
    },
    /// The prediction files are about another corpus than the one that was given.
    #[error(
        "the predictions are of the corpus with checksum `{expected}`, but this one has `{found}`"
    )]
    OtherCorpus {
        /// Checksum in the prediction files.
        expected: String,
        /// Checksum of the corpus.
        found: String,
    },
    /// A moment of the predictions is not in the corpus.
    #[error("utterance {utterance} of dialogue `{dialogue}` is not on the corpus's {split} split")]
    UnknownMoment {
        /// The dialogue.
        dialogue: DialogueId,
        /// Position of the utterance in it.
        utterance: usize,
        /// The split of the prediction files.
        split: SplitName,
    },
    /// There are fewer moments than asked for.
    #[error("{found} moments have two different answers, fewer than the {wanted} asked for")]
    TooFew {
        /// Moments that can be rated.
        found: usize,
        /// Moments asked for.
        wanted: usize,
    },
    /// A number is outside its bounds.
    #[error("`{name}` is {found}, expected {expected}")]
    OutOfBounds {
        /// Which number.
        name: &'static str,
        /// What it is.
        found: usize,
        /// What it may be.
        expected: String,
    },
    /// The folder is there already.
    #[error("{path}: there is something already", path = path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The folder is no study.
    #[error("{path}: not a study, expected a folder with `study.toml`", path = path.display())]
    NotAStudy {
        /// The folder.
        path: PathBuf,
    },
    /// The study was made by a version of the format that this program does not read.
    #[error("{path}: format version `{found}`, expected `{expected}`", path = path.display())]
    Version {
        /// The manifest.
        path: PathBuf,
        /// What it says.
        found: u64,
        /// What is read.
        expected: u64,
    },
    /// A file of the study is not what it should be.
    #[error("{path}:{line}: {what}", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Line, from 1; 0 for the file as a whole.
        line: usize,
        /// What is wrong, without values.
        what: String,
    },
    /// Another program has the study, or a file of it, open for writing.
    #[error("{path}: open in another program", path = path.display())]
    InUse {
        /// The folder or file.
        path: PathBuf,
    },
    /// There is no such rater.
    #[error("there is no rater `{rater}` in this study")]
    UnknownRater {
        /// Who was asked for.
        rater: RaterId,
    },
    /// There is no such task.
    #[error("there is no task {task} for rater `{rater}`, expected one below {n_tasks}")]
    UnknownTask {
        /// The rater.
        rater: RaterId,
        /// What was asked for.
        task: usize,
        /// How many there are.
        n_tasks: usize,
    },
    /// A rater changed answers more often than can be meant.
    #[error("rater `{rater}` has changed answers more than {limit} times")]
    TooManyChanges {
        /// The rater.
        rater: RaterId,
        /// The bound.
        limit: usize,
    },
    /// A judge's file was made by asking another model, or in another way.
    #[error("{path}: made by another model or with other instructions", path = path.display())]
    OtherJudge {
        /// The file.
        path: PathBuf,
    },
    /// A judge's endpoint gave no answer.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// No code can be hashed.
    #[error("the code could not be hashed: the system gives no randomness")]
    Hash,
}

impl RatingError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Predictions(error) => error.hint(),
            Self::DifferentData { .. } => Some(
                "predict the same split of the same corpus with both systems: `smes predict --corpus DIR --split test --responses`"
                    .to_owned(),
            ),
            Self::OtherCorpus { .. } | Self::UnknownMoment { .. } => {
                Some("give the corpus that the predictions were made on as `--corpus`".to_owned())
            }
            Self::TooFew { .. } => Some(
                "choose a smaller `--items`; were both files predicted with `--responses`?".to_owned(),
            ),
            Self::Exists { .. } => Some("choose another `--out`".to_owned()),
            Self::NotAStudy { .. } => Some("make one with `smes rate new`".to_owned()),
            Self::InUse { .. } => Some("is `smes rate serve` running on it already?".to_owned()),
            Self::UnknownRater { .. } => {
                Some("`smes rate report` lists the raters; `smes rate invite` adds some".to_owned())
            }
            Self::OtherJudge { .. } => Some("give this one another `--name`".to_owned()),
            Self::Endpoint(error) => error.hint(),
            _ => None,
        }
    }
}
