//! Dialogues and what they are made of.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Emotion, Private, Strategy, TimeSpan};

/// Stable id of a dialogue inside its corpus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DialogueId(String);

impl DialogueId {
    /// An id from its text.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The text of the id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DialogueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Who speaks, by the part they have in the support.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The person in distress (Client, user, usr).
    Seeker,
    /// The helper (Therapist, sys).
    Supporter,
    /// A speaker of a corpus without that distinction, such as MELD.
    Participant,
}

/// A spelling of a role that is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role `{0}`, expected `seeker`, `supporter` or `participant`")]
pub struct UnknownRole(pub String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(raw: &str) -> Result<Self, UnknownRole> {
        match raw.trim().to_lowercase().as_str() {
            "seeker" | "client" | "user" | "usr" => Ok(Self::Seeker),
            "supporter" | "therapist" | "sys" | "system" => Ok(Self::Supporter),
            "participant" => Ok(Self::Participant),
            _ => Err(UnknownRole(raw.to_owned())),
        }
    }
}

/// One continuous span of one speaker: one row of a corpus.
///
/// `text` is what was said and nothing else; a cue is never fused into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Utterance {
    /// Position in the dialogue, from 0 without holes.
    pub idx: usize,
    /// Part of the speaker.
    pub role: Role,
    /// Name of the speaker, where the corpus has one beyond the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<String>,
    /// What was said.
    pub text: Private<String>,
    /// Emotion of the speaker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emotion: Option<Emotion>,
    /// Strategy, of supporters only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// Where it lies in the recording of the dialogue's episode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<TimeSpan>,
}

/// The kind of problem a dialogue is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Normalised name.
    pub name: String,
    /// As the source spells it.
    pub raw: String,
}

/// Where a dialogue comes from, for corpora cut from a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Episode {
    /// Season number.
    pub season: u32,
    /// Episode number in the season.
    pub episode: u32,
}

/// The ordered utterances of one session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dialogue {
    /// Id, unique in the corpus.
    pub id: DialogueId,
    /// Kind of problem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<Scenario>,
    /// The seeker's situation, in the corpus's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub situation: Option<Private<String>>,
    /// Emotion of the seeker over the whole dialogue, where the corpus labels only that (ESConv).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emotion: Option<Emotion>,
    /// Episode it was cut from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<Episode>,
    /// The utterances, in order.
    pub utterances: Vec<Utterance>,
}

/// A maximal run of utterances of one role.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'d> {
    /// The role of the run.
    pub role: Role,
    /// Its utterances, at least one.
    pub utterances: &'d [Utterance],
}

impl Dialogue {
    /// The turns of the dialogue, in order.
    pub fn turns(&self) -> impl Iterator<Item = Turn<'_>> {
        self.utterances
            .chunk_by(|a, b| a.role == b.role)
            .map(|utterances| Turn {
                role: utterances[0].role,
                utterances,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utterance(idx: usize, role: Role) -> Utterance {
        Utterance {
            idx,
            role,
            speaker: None,
            text: "hello".into(),
            emotion: None,
            strategy: None,
            span: None,
        }
    }

    #[test]
    fn turns_are_maximal_runs_of_a_role() {
        let roles = [Role::Supporter, Role::Seeker, Role::Seeker, Role::Supporter];
        let dialogue = Dialogue {
            id: DialogueId::new("1"),
            scenario: None,
            situation: None,
            emotion: None,
            episode: None,
            utterances: roles
                .iter()
                .enumerate()
                .map(|(idx, role)| utterance(idx, *role))
                .collect(),
        };
        let runs: Vec<(Role, usize)> = dialogue
            .turns()
            .map(|turn| (turn.role, turn.utterances.len()))
            .collect();
        assert_eq!(
            runs,
            [
                (Role::Supporter, 1),
                (Role::Seeker, 2),
                (Role::Supporter, 1)
            ]
        );
    }

    #[test]
    fn debug_output_shows_no_words() {
        assert!(!format!("{:?}", utterance(0, Role::Seeker)).contains("hello"));
    }
}
