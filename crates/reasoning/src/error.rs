//! What can go wrong between a history and a response.

use std::path::PathBuf;

use smes_dialogue::UnknownLabel;
use smes_nn::NnError;

/// An error of a reasoner.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReasoningError {
    /// The history holds a label that the reasoner does not know.
    #[error("utterance {utterance_idx} of the history: {source}")]
    UnknownLabel {
        /// Position in the history.
        utterance_idx: usize,
        /// Which label, and what was expected.
        source: UnknownLabel,
    },
    /// There is no reasoner of that name.
    #[error("unknown reasoner `{name}`")]
    UnknownReasoner {
        /// What was asked for.
        name: String,
        /// The names there are.
        available: &'static [&'static str],
    },
    /// The reasoner plans and has no words of its own.
    #[error("reasoner `{reasoner}` plans only and words no responses")]
    NoResponses {
        /// Name and version.
        reasoner: String,
    },
    /// A control of responses was given none.
    #[error("control `{control}` has nothing to draw from")]
    NoExamples {
        /// Its name.
        control: &'static str,
    },
    /// There is nothing to answer.
    #[error("the history is empty")]
    EmptyHistory,
    /// A file of a model folder cannot be read.
    #[error("model file `{path}`: {source}")]
    ModelFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The configuration of a model is broken or of another format.
    #[error("model configuration `{path}`: {reason}")]
    ModelConfig {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The model gave numbers that are no probabilities.
    #[error("the {kind} head gave no distribution")]
    NotADistribution {
        /// `emotion` or `strategy`.
        kind: &'static str,
    },
    /// Every response of the bank has been given in this conversation.
    #[error("every response that fits has been given in this conversation")]
    BankExhausted,
    /// A tensor operation failed or the weights do not fit.
    #[error(transparent)]
    Nn(#[from] NnError),
}

impl ReasoningError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownLabel { source, .. } => Some(source.hint()),
            Self::UnknownReasoner { available, .. } => {
                Some(format!("there are `{}`", available.join("`, `")))
            }
            Self::EmptyHistory => Some("give at least one utterance".to_owned()),
            Self::ModelFile { .. } | Self::ModelConfig { .. } => Some(
                "a model folder holds config.toml, tokenizer.json and weights.safetensors, as \
                 `smes train` writes them to RUN/model"
                    .to_owned(),
            ),
            Self::NotADistribution { .. } => {
                Some("the weights are damaged; take them from their source again".to_owned())
            }
            Self::BankExhausted => Some("begin a new conversation".to_owned()),
            Self::Nn(error) => error.hint(),
            Self::NoExamples { .. } => {
                Some("the corpus needs supporter utterances in its train split".to_owned())
            }
            Self::NoResponses { .. } => {
                Some("controls are for scoring; name another reasoner".to_owned())
            }
        }
    }
}
