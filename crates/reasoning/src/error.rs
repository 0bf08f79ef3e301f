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
}
