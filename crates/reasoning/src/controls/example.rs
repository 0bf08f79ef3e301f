//! A moment of a corpus that a control may answer with.

use smes_dialogue::{ContextUtterance, Plan, Private, Reply};

/// What came before a supporter's utterance, its labels and its words.
#[derive(Debug, Clone)]
pub struct Example {
    /// The utterances before, oldest first; the latest few are enough.
    pub context: Vec<ContextUtterance>,
    /// The labels, each certain.
    pub plan: Plan,
    /// What the supporter said.
    pub response: Private<String>,
}

impl Example {
    /// Its words as a reply of the control of that name.
    pub(super) fn reply(&self, control: &str) -> Reply {
        Reply {
            text: self.response.clone(),
            strategy: self.plan.strategy.top().clone(),
            source: control.to_owned(),
        }
    }
}
