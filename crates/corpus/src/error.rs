//! What can go wrong with a corpus folder.

use std::path::{Path, PathBuf};

use crate::MIN_FOLDS;

/// A corpus folder that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// The operating system refused.
    #[error("cannot access `{path}`")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A folder without `corpus.toml`.
    #[error("`{path}` is not a corpus folder: it has no `corpus.toml`")]
    NotACorpus {
        /// The folder.
        path: PathBuf,
    },
    /// A settings file of the folder that does not parse.
    #[error("`{path}` line {line}: {reason}")]
    BrokenSettings {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What was expected.
        reason: String,
    },
    /// A format version this program does not know.
    #[error("`{path}` has format `{found}`, expected `{expected}`")]
    UnknownFormat {
        /// The manifest.
        path: PathBuf,
        /// Version found.
        found: u32,
        /// Version expected.
        expected: u32,
    },
    /// A label set that is neither built in nor written out.
    #[error("`{path}` names the {kind} set `{name}`, which is not built in")]
    UnknownLabelSet {
        /// The manifest.
        path: PathBuf,
        /// `emotion` or `strategy`.
        kind: &'static str,
        /// The name found.
        name: String,
    },
    /// A line that is not what the file should hold.
    #[error("`{path}` line {line}, column {column}: {reason}")]
    BrokenLine {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// Column, from 1.
        column: usize,
        /// What was expected; never the words found.
        reason: String,
    },
    /// A line longer than any dialogue can be.
    #[error("`{path}` line {line} is longer than {limit} bytes")]
    LineTooLong {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// No cues of that extractor.
    #[error("the corpus `{path}` has no cues of `{extractor}`")]
    NoCues {
        /// The corpus folder.
        path: PathBuf,
        /// The extractor asked for.
        extractor: String,
        /// The extractors that are there.
        available: Vec<String>,
    },
    /// The name of an extractor that cannot be a file name.
    #[error("`{extractor}` cannot name a cue file")]
    BadExtractorName {
        /// The name.
        extractor: String,
    },
    /// The place to write to holds something that is no corpus.
    #[error("`{path}` exists and is not a corpus folder")]
    NotReplaceable {
        /// The place.
        path: PathBuf,
    },
    /// Writing would delete what only this folder holds.
    #[error("`{path}` holds `{entry}`, which a new import would delete")]
    WouldDelete {
        /// The corpus folder.
        path: PathBuf,
        /// What would be lost.
        entry: String,
    },
    /// Too few folds to fit, choose and report on different ones.
    #[error("{n_folds} folds are too few, at least {MIN_FOLDS} are needed")]
    TooFewFolds {
        /// The number asked for.
        n_folds: usize,
    },
    /// Fewer dialogues than folds.
    #[error(
        "the splits named of `{path}` have {n_dialogues} dialogues, too few for {n_folds} folds"
    )]
    TooFewDialogues {
        /// The corpus folder.
        path: PathBuf,
        /// Dialogues in the splits to be dealt out.
        n_dialogues: usize,
        /// Folds asked for.
        n_folds: usize,
    },
}

impl CorpusError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Io { source, .. } => return path_hint(source),
            Self::NotACorpus { .. } => {
                "make one with `smes corpus import mesc|meld|esconv ... --out DIR`".to_owned()
            }
            Self::BrokenSettings { .. } | Self::BrokenLine { .. } | Self::LineTooLong { .. } => {
                "import the corpus again; its files are not meant to be edited by hand".to_owned()
            }
            Self::UnknownFormat { .. } => {
                "import the corpus again with this version of the program".to_owned()
            }
            Self::UnknownLabelSet { .. } => {
                "name a built-in set or write the set out with `name` and `labels`".to_owned()
            }
            Self::NoCues { available, .. } if available.is_empty() => {
                "the corpus has no cues at all; for MESC import with `--json SPLIT=FILE`".to_owned()
            }
            Self::NoCues { available, .. } => {
                format!("it has cues of `{}`", available.join("`, `"))
            }
            Self::BadExtractorName { .. } => {
                "use letters, digits, `-`, `_` and `.`, and begin with a letter or digit".to_owned()
            }
            Self::NotReplaceable { .. } => {
                "name a folder that does not exist, is empty, or holds a corpus".to_owned()
            }
            Self::WouldDelete { .. } => {
                "move it away first, or import into another folder".to_owned()
            }
            Self::TooFewFolds { .. } => {
                "one fold is reported on, one chosen on, the others are fitted on".to_owned()
            }
            Self::TooFewDialogues { .. } => "name more splits, or ask for fewer folds".to_owned(),
        })
    }

    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.as_ref().to_owned();
        move |source| Self::Io { path, source }
    }
}

/// What to do about a file that cannot be reached.
pub(crate) fn path_hint(error: &std::io::Error) -> Option<String> {
    match error.kind() {
        std::io::ErrorKind::NotFound => Some("is the path right?".to_owned()),
        std::io::ErrorKind::PermissionDenied => Some("may you read and write there?".to_owned()),
        std::io::ErrorKind::StorageFull => Some("the disk is full".to_owned()),
        _ => None,
    }
}

/// What a JSON error says, without the values it quotes: those may be somebody's words.
pub(crate) fn json_reason(error: &serde_json::Error) -> String {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(head, _)| head);
    if message.starts_with("invalid") {
        return match message.rsplit_once(", expected ") {
            Some((_, expected)) => format!("wrong value, expected {expected}"),
            None => "invalid JSON".to_owned(),
        };
    }
    if error.is_data() && !message.contains("field `") && !message.starts_with("span ends") {
        return "wrong value".to_owned();
    }
    message.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::{Dialogue, Utterance};

    #[test]
    fn a_json_error_never_repeats_what_was_said() {
        for broken in [
            r#"{"id": "1", "utterances": "marker"}"#,
            r#"{"id": "1", "utterances": [{"idx": "marker"}]}"#,
            r#"{"id": "1", "utterances": [{"idx": 0, "role": "marker"}]}"#,
            r#"{"id": "1", "utterances": [], "emotion": {"marker": 1}}"#,
        ] {
            let error = serde_json::from_str::<Dialogue>(broken).unwrap_err();
            assert!(
                !json_reason(&error).contains("marker"),
                "{}",
                json_reason(&error)
            );
        }
    }

    #[test]
    fn a_json_error_says_what_is_missing() {
        let error = serde_json::from_str::<Utterance>(r#"{"idx": 0}"#).unwrap_err();
        assert_eq!(json_reason(&error), "missing field `role`");
    }
}
