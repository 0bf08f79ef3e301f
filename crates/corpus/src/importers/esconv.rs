//! ESConv: the json file of its authors.
//!
//! Source: repository `thu-coai/Emotional-Support-Conversation`, `ESConv.json` (Liu et al., ACL
//! 2021). The published file has no split; ours is 70/15/15 by a hash of the dialogue's position,
//! the shares of the later published split. Dialogue ids are positions in the file, from 0.
//! Absent on purpose: survey scores, feedback marks and the questions after the conversation.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use smes_dialogue::{
    Dialogue, DialogueId, EmotionSet, Label, LabelSet, Role, Scenario, SplitName, Strategy,
    StrategySet, Utterance, esconv_emotions, esconv_strategies,
};

use crate::importers::error::shortened;
use crate::importers::json_items::{Item, JsonItems};
use crate::importers::session::{About, Session, note_missing_roles, split_file};
use crate::importers::source::{HashedFile, file_name, n_bytes};
use crate::importers::texts::{Notes, clean};
use crate::importers::{ImportError, Imported, Importer, OnBytes};
use crate::{IssueKind, SplitFile};

/// The file of ESConv.
#[derive(Debug, Clone)]
pub struct EsconvSource {
    /// `ESConv.json`.
    pub json: PathBuf,
}

const ABOUT: About = About {
    name: "esconv",
    licence: "CC-BY-NC-4.0",
    emotions: "esconv-11",
    strategies: Some("esconv-8"),
};

/// An entry of the file; fields that are not kept are not named.
#[derive(Deserialize)]
struct JsonDialogue<'j> {
    #[serde(borrow)]
    emotion_type: Cow<'j, str>,
    #[serde(borrow)]
    problem_type: Cow<'j, str>,
    #[serde(borrow)]
    situation: Cow<'j, str>,
    #[serde(borrow)]
    dialog: Vec<JsonTurn<'j>>,
}

#[derive(Deserialize)]
struct JsonTurn<'j> {
    #[serde(borrow)]
    speaker: Cow<'j, str>,
    #[serde(borrow, default)]
    annotation: Annotation<'j>,
    #[serde(borrow, alias = "text")]
    content: Cow<'j, str>,
}

#[derive(Default, Deserialize)]
struct Annotation<'j> {
    #[serde(borrow, default)]
    strategy: Option<Cow<'j, str>>,
}

impl Importer for EsconvSource {
    fn import(&self, target: &Path, on_bytes: &mut OnBytes<'_>) -> Result<Imported, ImportError> {
        let mut session = Session::begin(target)?;
        let reader = EsconvReader {
            file: file_name(&self.json),
            emotions: esconv_emotions(),
            strategies: esconv_strategies(),
        };
        let file = HashedFile::open(&self.json, on_bytes)?;
        let mut items = JsonItems::new(self.json.clone(), file);
        let mut n_dialogues = 0_u32;
        while let Some(item) = items.next_item()? {
            let (dialogue, notes) = reader.read(&item, n_dialogues)?;
            session.write(&dialogue, &notes)?;
            n_dialogues += 1;
        }
        if n_dialogues == 0 {
            return Err(ImportError::Empty {
                path: self.json.clone(),
                expected: "an array of dialogues",
            });
        }
        session.finish(
            ABOUT,
            vec![items.into_source(None)],
            &own_split(n_dialogues),
        )
    }

    fn n_bytes(&self) -> u64 {
        n_bytes([self.json.as_path()])
    }
}

/// 15 % test, 15 % validation, the rest train, by a hash that does not depend on order.
fn own_split(n_dialogues: u32) -> SplitFile {
    let mut by_hash: Vec<([u8; 8], u32)> = (0..n_dialogues)
        .map(|position| {
            let digest = Sha256::digest(position.to_le_bytes());
            let mut head = [0; 8];
            head.copy_from_slice(&digest[..8]);
            (head, position)
        })
        .collect();
    by_hash.sort_unstable();
    let n_part = by_hash.len() * 15 / 100;
    let mut assigned: Vec<(u32, SplitName)> = by_hash
        .iter()
        .enumerate()
        .map(|(rank, (_, position))| {
            let split = match rank {
                rank if rank < n_part => SplitName::Test,
                rank if rank < 2 * n_part => SplitName::Validation,
                _ => SplitName::Train,
            };
            (*position, split)
        })
        .collect();
    assigned.sort_unstable();
    split_file(
        "made by this importer, 70/15/15 by a hash of the position; the file has none",
        assigned
            .into_iter()
            .map(|(position, split)| (DialogueId::new(position.to_string()), split)),
    )
}

struct EsconvReader {
    file: String,
    emotions: EmotionSet,
    strategies: StrategySet,
}

impl EsconvReader {
    fn read(&self, item: &Item<'_>, position: u32) -> Result<(Dialogue, Notes), ImportError> {
        let json: JsonDialogue<'_> = item.parse()?;
        let id = DialogueId::new(position.to_string());
        let mut notes = Notes::new(self.file.clone(), id.clone());
        let emotion = label(&self.emotions, &json.emotion_type, item, &mut notes, None)?;
        let utterances = json
            .dialog
            .iter()
            .enumerate()
            .map(|(idx, turn)| self.utterance(turn, idx, item, &mut notes))
            .collect::<Result<_, _>>()?;
        let problem = json.problem_type.trim();
        if problem != json.problem_type {
            let raw = shortened(&json.problem_type);
            notes.dialogue(IssueKind::ScenarioVariant, item.line, raw);
        }
        let dialogue = Dialogue {
            id,
            scenario: Some(Scenario {
                name: problem.to_owned(),
                raw: json.problem_type.clone().into_owned(),
            }),
            situation: Some(json.situation.trim().into()),
            emotion: Some(emotion),
            episode: None,
            utterances,
        };
        note_missing_roles(&dialogue, item.line, &mut notes);
        Ok((dialogue, notes))
    }

    fn utterance(
        &self,
        turn: &JsonTurn<'_>,
        idx: usize,
        item: &Item<'_>,
        notes: &mut Notes,
    ) -> Result<Utterance, ImportError> {
        let role = match &*turn.speaker {
            "seeker" | "usr" => Role::Seeker,
            "supporter" | "sys" => Role::Supporter,
            other => {
                return Err(ImportError::UnknownSpeaker {
                    path: item.path.clone(),
                    line: item.line,
                    found: shortened(other),
                    expected: "seeker`, `usr`, `supporter` or `sys",
                });
            }
        };
        Ok(Utterance {
            idx,
            role,
            speaker: None,
            text: clean(&turn.content, notes, item.line, idx).into(),
            emotion: None,
            strategy: self.strategy(role, turn, idx, item, notes)?,
            span: None,
        })
    }

    fn strategy(
        &self,
        role: Role,
        turn: &JsonTurn<'_>,
        idx: usize,
        item: &Item<'_>,
        notes: &mut Notes,
    ) -> Result<Option<Strategy>, ImportError> {
        match (role, turn.annotation.strategy.as_deref()) {
            (Role::Supporter, Some(raw)) => {
                label(&self.strategies, raw, item, notes, Some(idx)).map(Some)
            }
            (Role::Supporter, None) => {
                notes.utterance(IssueKind::MissingStrategy, item.line, idx, "");
                Ok(None)
            }
            (_, Some(raw)) => Err(ImportError::UnexpectedStrategy {
                path: item.path.clone(),
                line: item.line,
                found: shortened(raw),
            }),
            (_, None) => Ok(None),
        }
    }
}

fn label<L: Label>(
    set: &LabelSet<L>,
    raw: &str,
    item: &Item<'_>,
    notes: &mut Notes,
    idx: Option<usize>,
) -> Result<L, ImportError> {
    let label = set.parse(raw).map_err(|mut source| {
        source.raw = shortened(&source.raw);
        ImportError::UnknownLabel {
            path: item.path.clone(),
            line: item.line,
            dialogue: notes.dialogue.to_string(),
            utterance: idx.map_or_else(|| "-".to_owned(), |idx| idx.to_string()),
            source: Box::new(source),
        }
    })?;
    if label.name() != raw {
        match idx {
            Some(idx) => notes.utterance(IssueKind::LabelVariant, item.line, idx, raw),
            None => notes.dialogue(IssueKind::LabelVariant, item.line, raw),
        }
    }
    Ok(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_split_is_complete_and_always_the_same() {
        let splits = own_split(1300);
        let sizes = SplitName::ALL.map(|split| splits.ids(split).len());
        assert_eq!(sizes, [910, 195, 195]);
        assert_eq!(splits, own_split(1300));
    }
}
