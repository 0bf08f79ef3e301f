//! What a json dialogue of MESC adds to the csv dialogue it is: cues, problem type, situation.

use smes_dialogue::{
    Cue, Dialogue, EmotionSet, Extractor, Label, LabelSet, Modality, Private, Role, Scenario,
    StrategySet, TimeSpan, Utterance,
};

use crate::importers::ImportError;
use crate::importers::error::shortened;
use crate::importers::mesc_json::{JsonTurn, Taken, cue_text, two_answers};
use crate::importers::texts::Notes;
use crate::{CueRecord, IssueKind};

/// Joins a json dialogue to the csv dialogue it is.
pub(crate) struct Join<'r> {
    pub(crate) taken: &'r Taken<'r>,
    pub(crate) emotions: &'r EmotionSet,
    pub(crate) strategies: &'r StrategySet,
    pub(crate) notes: Notes,
}

impl Join<'_> {
    /// The problem type and the situation.
    pub(crate) fn describe(&mut self) -> (Scenario, Private<String>) {
        let raw = &self.taken.dialogue.problem_type;
        let name = scenario_name(raw);
        if name != *raw {
            let line = self.taken.line;
            self.notes
                .dialogue(IssueKind::ScenarioVariant, line, shortened(raw));
        }
        let scenario = Scenario {
            name,
            raw: raw.clone().into_owned(),
        };
        (scenario, self.taken.dialogue.situation.trim().into())
    }

    /// The cues of the dialogue, apart from its utterances.
    pub(crate) fn cues(&mut self, dialogue: &Dialogue) -> Result<Vec<CueRecord>, ImportError> {
        let turns = &self.taken.dialogue.dialog;
        let mut cues = Vec::with_capacity(turns.len());
        let rows = dialogue.utterances.iter().zip(turns).zip(self.taken.rests);
        for ((utterance, turn), rest) in rows {
            self.compare_labels(utterance, turn)?;
            let cue = cue_text(rest);
            if cue.has_comma {
                self.note(IssueKind::CueSeparator, utterance.idx, ",");
            }
            if cue.text.is_empty() {
                self.note(IssueKind::MissingCue, utterance.idx, "");
                continue;
            }
            let answers = match utterance.role {
                Role::Seeker => two_answers(cue.text),
                _ => None,
            };
            if answers.is_none() && utterance.role == Role::Seeker {
                self.note(IssueKind::CueNotSplit, utterance.idx, "");
            }
            let (observation, distress) =
                answers.map_or((cue.text, None), |(first, second)| (first, Some(second)));
            cues.push(CueRecord {
                dialogue: dialogue.id.clone(),
                utterance: utterance.idx,
                cue: video_llama_cue(observation, distress, utterance.span),
            });
        }
        Ok(cues)
    }

    fn compare_labels(&mut self, ours: &Utterance, turn: &JsonTurn<'_>) -> Result<(), ImportError> {
        let emotion = self.label(self.emotions, &turn.emotion, ours.idx)?;
        if ours.emotion.as_ref() != Some(&emotion) {
            self.note(IssueKind::LabelsDisagree, ours.idx, emotion.name());
        }
        if let Some(raw) = &turn.strategy {
            let strategy = self.label(self.strategies, raw, ours.idx)?;
            if ours.strategy.as_ref() != Some(&strategy) {
                self.note(IssueKind::LabelsDisagree, ours.idx, strategy.name());
            }
        }
        Ok(())
    }

    fn label<L: Label>(&self, set: &LabelSet<L>, raw: &str, idx: usize) -> Result<L, ImportError> {
        if let Some(label) = set.iter().find(|label| label.name() == raw) {
            return Ok(label.clone());
        }
        set.parse(raw).map_err(|mut source| {
            source.raw = shortened(&source.raw);
            ImportError::UnknownLabel {
                path: self.taken.path.to_owned(),
                line: self.taken.line,
                dialogue: self.notes.dialogue.to_string(),
                utterance: idx.to_string(),
                source: Box::new(source),
            }
        })
    }

    fn note(&mut self, kind: IssueKind, idx: usize, raw: &str) {
        self.notes.utterance(kind, self.taken.line, idx, raw);
    }
}

fn video_llama_cue(observation: &str, distress: Option<&str>, span: Option<TimeSpan>) -> Cue {
    Cue {
        observation: observation.into(),
        distress: distress.map(Private::from),
        modalities: vec![Modality::Audio, Modality::Video],
        span,
        extractor: Extractor {
            name: "video-llama".to_owned(),
            version: "published".to_owned(),
        },
        confidence: None,
        features: Vec::new(),
        limits: Vec::new(),
    }
}

/// Spellings of one problem type. Not merged down to the paper's fifteen: which two of these
/// seventeen it merges is not known.
const SCENARIO_VARIANTS: [(&str, &str); 3] = [
    ("childhood shadow", "Childhood Shadow"),
    (
        "self-assessment or assessment of others or evaluation of others",
        "Self-Assessment or Assessment of Others",
    ),
    ("self-punishment", "Self-punishment and disgust"),
];

fn scenario_name(raw: &str) -> String {
    let trimmed = raw.trim();
    let wanted = trimmed.to_lowercase();
    SCENARIO_VARIANTS
        .iter()
        .find(|(variant, _)| *variant == wanted)
        .map_or(trimmed, |(_, name)| name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn problem_types_lose_their_variants_only() {
        assert_eq!(scenario_name("Childhood shadow "), "Childhood Shadow");
        assert_eq!(
            scenario_name("Self-punishment"),
            "Self-punishment and disgust"
        );
        assert_eq!(scenario_name("Dream Analysis"), "Dream Analysis");
    }
}
