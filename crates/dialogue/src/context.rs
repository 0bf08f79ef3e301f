//! The history that a reasoner sees.

use serde::{Deserialize, Serialize};

use crate::{Cue, Emotion, Private, Role, Strategy, Utterance};

/// One utterance of the history: the paper's message `M_t = [C_t ; U_t]`, or a reply `R_t`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContextUtterance {
    /// Who spoke.
    pub role: Role,
    /// What was said.
    pub text: Private<String>,
    /// What was seen and heard while it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cue: Option<Cue>,
    /// Strategy of a supporter's utterance; known for past replies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Emotion as the person themselves corrected it. Gold labels of a corpus never stand here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected_emotion: Option<Emotion>,
}

impl ContextUtterance {
    /// A seeker's words, without a cue.
    pub fn seeker(text: impl Into<Private<String>>) -> Self {
        Self {
            role: Role::Seeker,
            text: text.into(),
            cue: None,
            strategy: None,
            corrected_emotion: None,
        }
    }

    /// A supporter's words with the strategy they followed.
    pub fn supporter(text: impl Into<Private<String>>, strategy: Option<Strategy>) -> Self {
        Self {
            role: Role::Supporter,
            text: text.into(),
            cue: None,
            strategy,
            corrected_emotion: None,
        }
    }
}

impl From<&Utterance> for ContextUtterance {
    /// The utterance as history: its emotion label stays behind, its strategy goes along.
    fn from(utterance: &Utterance) -> Self {
        Self {
            role: utterance.role,
            text: utterance.text.clone(),
            cue: None,
            strategy: utterance.strategy.clone(),
            corrected_emotion: None,
        }
    }
}

/// The paper's history `H_t`: everything up to the moment the supporter is to speak.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DialogueContext {
    /// The utterances so far, oldest first.
    pub utterances: Vec<ContextUtterance>,
}

impl DialogueContext {
    /// The context that a corpus's supporter utterance `idx` answers: all utterances before it.
    pub fn before(utterances: &[Utterance], idx: usize) -> Self {
        Self {
            utterances: utterances[..idx]
                .iter()
                .map(ContextUtterance::from)
                .collect(),
        }
    }

    /// The latest utterance of the seeker.
    pub fn last_seeker(&self) -> Option<&ContextUtterance> {
        self.utterances
            .iter()
            .rev()
            .find(|utterance| utterance.role == Role::Seeker)
    }

    /// The latest strategy of the supporter.
    pub fn last_strategy(&self) -> Option<&Strategy> {
        self.utterances
            .iter()
            .rev()
            .find_map(|utterance| utterance.strategy.as_ref())
    }

    /// Whether the latest utterance is the supporter's, so that the next continues their turn.
    pub fn continues_supporter_turn(&self) -> bool {
        self.utterances
            .last()
            .is_some_and(|utterance| utterance.role == Role::Supporter)
    }
}
