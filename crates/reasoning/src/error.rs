//! What can go wrong between a history and a response.

use smes_dialogue::UnknownLabel;

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
}

impl ReasoningError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownLabel { source, .. } => Some(source.hint()),
            Self::UnknownReasoner { available, .. } => {
                Some(format!("there are `{}`", available.join("`, `")))
            }
            Self::NoResponses { .. } => {
                Some("controls are for scoring; name another reasoner".to_owned())
            }
        }
    }
}
