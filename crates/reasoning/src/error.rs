//! What can go wrong between a history and a response.

use std::path::{Path, PathBuf};

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
    /// A tokenizer does not know the tokens that stand for labels.
    #[error(
        "the tokenizer{} lacks the label tokens `{}`",
        folder.as_ref().map(|folder| format!(" in `{}`", folder.display())).unwrap_or_default(),
        missing.join("`, `")
    )]
    MissingLabelTokens {
        /// The model folder, where it comes from one.
        folder: Option<PathBuf>,
        /// Their surface forms.
        missing: Vec<String>,
    },
    /// Network and tokenizer belong to different models.
    #[error(
        "the network in `{}` has {n_model} tokens and its tokenizer {n_tokenizer}",
        folder.display()
    )]
    OtherVocabulary {
        /// The model folder.
        folder: PathBuf,
        /// Rows of the network's embedding.
        n_model: usize,
        /// Tokens of the tokenizer.
        n_tokenizer: usize,
    },
    /// An option was given to a reasoner that has no use for it.
    #[error("reasoner `{reasoner}` has no option `{option}`")]
    NoSuchOption {
        /// The reasoner.
        reasoner: String,
        /// The option.
        option: &'static str,
    },
    /// A plan holds a label that the reasoner does not know.
    #[error("the plan's {kind} is not of this reasoner's label set")]
    PlanOfOtherLabels {
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
    /// The same error, naming the folder of the tokenizer.
    pub(crate) fn of_folder(self, folder: &Path) -> Self {
        match self {
            Self::MissingLabelTokens { missing, .. } => Self::MissingLabelTokens {
                folder: Some(folder.to_owned()),
                missing,
            },
            other => other,
        }
    }

    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownLabel { source, .. } => Some(source.hint()),
            Self::UnknownReasoner { available, .. } => {
                Some(format!("there are `{}`", available.join("`, `")))
            }
            Self::EmptyHistory => Some("give at least one utterance".to_owned()),
            Self::ModelFile { .. } | Self::ModelConfig { .. } => Some(
                "name a folder that `smes train` wrote: RUN/model (for `starter:`; it holds \
                 config.toml, tokenizer.json, encoder.safetensors and heads.safetensors) or RUN \
                 (for `blenderbot:`)"
                    .to_owned(),
            ),
            Self::NotADistribution { .. } => {
                Some("the weights are damaged; take them from their source again".to_owned())
            }
            Self::MissingLabelTokens { .. } => Some(
                "the model was not trained for these labels; train it with `smes train`".to_owned(),
            ),
            Self::OtherVocabulary { .. } => {
                Some("take all files of the folder from the same run".to_owned())
            }
            Self::NoSuchOption { .. } => {
                Some("it is for `blenderbot:RUN`; leave it out".to_owned())
            }
            Self::PlanOfOtherLabels { .. } => {
                Some("give the plan that this reasoner made".to_owned())
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
