//! What predictions are scored against: the instances of a split, their labels and both target texts.

use std::collections::{HashMap, HashSet};

use smes_dialogue::{
    Dialogue, DialogueId, EmotionSet, Episode, Private, SplitName, StrategySet, TimeSpan, Utterance,
};

use crate::instances::{Instance, instances, train_majority};
use crate::predictions::{CorpusRef, Majority};
use crate::protocol::{Protocol, Target};

/// The parts of a corpus that scoring needs; made by whoever can read a corpus.
#[derive(Debug)]
pub struct GoldSource<'c> {
    /// Name and checksum.
    pub corpus: CorpusRef,
    /// The split that is scored.
    pub split: SplitName,
    /// Its emotions.
    pub emotions: &'c EmotionSet,
    /// Its strategies.
    pub strategies: &'c StrategySet,
    /// The train split, for majorities and shared rows.
    pub train: &'c [Dialogue],
    /// The split's dialogues.
    pub dialogues: Vec<Dialogue>,
    /// Descriptions of the clips of the split's utterances, where there are some.
    pub cues: HashMap<(DialogueId, usize), Private<String>>,
}

/// A split to be scored against.
#[derive(Debug)]
pub struct GoldSet {
    /// Name and checksum of the corpus.
    pub corpus: CorpusRef,
    /// The split.
    pub split: SplitName,
    /// The emotions, in index order.
    pub emotions: EmotionSet,
    /// The strategies, in index order.
    pub strategies: StrategySet,
    /// Most frequent labels of the train split.
    pub majority: Majority,
    /// The dialogues with their instances, in corpus order.
    pub dialogues: Vec<GoldDialogue>,
}

/// A dialogue and what is to be predicted in it.
#[derive(Debug)]
pub struct GoldDialogue {
    /// The dialogue.
    pub dialogue: Dialogue,
    /// Its instances, in order.
    pub instances: Vec<GoldInstance>,
}

/// An instance with both target texts.
#[derive(Debug)]
pub struct GoldInstance {
    /// Position and labels.
    pub instance: Instance,
    /// What the supporter said.
    pub spoken: Private<String>,
    /// What they said and the description of their clip; `None` where the corpus has no cue of it.
    pub with_cue: Option<Private<String>>,
    /// Whether the supporter's row, or the row whose user emotion is to be found, stands in train too.
    pub is_shared: bool,
}

impl GoldInstance {
    /// The text that a protocol compares with.
    pub fn target(&self, target: Target) -> Option<&str> {
        match target {
            Target::Spoken => Some(self.spoken.expose()),
            Target::WithCue => self.with_cue.as_ref().map(|text| text.expose().as_str()),
        }
    }

    /// Whether the protocol scores it.
    pub const fn is_in(&self, protocol: &Protocol) -> bool {
        !(protocol.drops_shared_rows && self.is_shared)
    }
}

impl GoldSet {
    /// The instances of the source's split.
    pub fn new(source: GoldSource<'_>) -> Self {
        let train: HashSet<Row<'_>> = source.train.iter().flat_map(rows).flatten().collect();
        let dialogues = source
            .dialogues
            .into_iter()
            .map(|dialogue| gold_dialogue(dialogue, source.emotions, &train, &source.cues))
            .filter(|gold| !gold.instances.is_empty())
            .collect();
        Self {
            majority: train_majority(source.train, source.emotions),
            corpus: source.corpus,
            split: source.split,
            emotions: source.emotions.clone(),
            strategies: source.strategies.clone(),
            dialogues,
        }
    }

    /// Number of instances.
    pub fn n_instances(&self) -> usize {
        self.dialogues.iter().map(|gold| gold.instances.len()).sum()
    }

    /// All instances with their dialogues, in corpus order.
    pub fn instances(&self) -> impl Iterator<Item = (&Dialogue, &GoldInstance)> {
        self.dialogues
            .iter()
            .flat_map(|gold| gold.instances.iter().map(|one| (&gold.dialogue, one)))
    }
}

/// The same row of the same recording. Rows without a time are never the same: "Okay." is said often.
#[derive(PartialEq, Eq, Hash)]
struct Row<'d> {
    episode: Episode,
    span: TimeSpan,
    text: &'d str,
}

fn row<'d>(dialogue: &'d Dialogue, utterance: &'d Utterance) -> Option<Row<'d>> {
    Some(Row {
        episode: dialogue.episode?,
        span: utterance.span?,
        text: utterance.text.expose(),
    })
}

fn rows(dialogue: &Dialogue) -> impl Iterator<Item = Option<Row<'_>>> {
    dialogue
        .utterances
        .iter()
        .map(|utterance| row(dialogue, utterance))
}

fn gold_dialogue(
    dialogue: Dialogue,
    emotions: &EmotionSet,
    train: &HashSet<Row<'_>>,
    cues: &HashMap<(DialogueId, usize), Private<String>>,
) -> GoldDialogue {
    let is_shared = |idx: usize| {
        row(&dialogue, &dialogue.utterances[idx]).is_some_and(|row| train.contains(&row))
    };
    let gold = |instance: Instance| {
        let idx = instance.utterance_idx;
        let spoken = dialogue.utterances[idx].text.clone();
        let cue = cues.get(&(dialogue.id.clone(), idx));
        GoldInstance {
            is_shared: is_shared(idx) || instance.user_emotion_from.is_some_and(is_shared),
            with_cue: cue.map(|cue| with_cue(&spoken, cue)),
            spoken,
            instance,
        }
    };
    let found = instances(&dialogue, emotions);
    let instances = found.into_iter().map(gold).collect();
    GoldDialogue {
        dialogue,
        instances,
    }
}

/// Utterance and cue as one text, the way the published files fuse them.
pub fn with_cue(spoken: &Private<String>, cue: &Private<String>) -> Private<String> {
    Private::new(format!("{} {}", spoken.expose(), cue.expose()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::dialogue;
    use smes_dialogue::{mesc_emotions, mesc_strategies};

    #[test]
    fn rows_that_stand_in_train_are_known_by_episode_time_and_text() {
        let rows = [
            ("see", "anger", ""),
            ("sup", "neutral", "Approval"),
            ("see", "anger", ""),
            ("sup", "neutral", "Approval"),
            ("sup", "neutral", "Approval"),
        ];
        let timed = |id: &str, from_ms: u64| {
            let mut dialogue = dialogue(id, &rows);
            dialogue.episode = Some(Episode {
                season: 1,
                episode: 2,
            });
            for (idx, utterance) in dialogue.utterances.iter_mut().enumerate() {
                let start = from_ms + 1000 * idx as u64;
                utterance.span = TimeSpan::try_new(start, start + 900).ok();
            }
            dialogue
        };
        let train = [timed("t", 0)];
        // Begins two rows later: its rows 0 to 2 are the last three of train.
        let held_out = timed("h", 2000);
        let id = held_out.id.clone();
        let gold = GoldSet::new(GoldSource {
            corpus: CorpusRef {
                name: "invented".to_owned(),
                checksum: "0".to_owned(),
            },
            split: SplitName::Test,
            emotions: &mesc_emotions(),
            strategies: &mesc_strategies(),
            train: &train,
            dialogues: vec![held_out],
            cues: HashMap::from([((id, 1), "Calm.".into())]),
        });
        let shared: Vec<bool> = gold.instances().map(|(_, one)| one.is_shared).collect();
        // The last instances' user emotion is of row 2.
        assert_eq!(shared, [true, true, true]);
        let first = &gold.dialogues[0].instances[0];
        assert_eq!(first.target(Target::WithCue), Some("words Calm."));
        assert_eq!(gold.dialogues[0].instances[1].target(Target::WithCue), None);
        assert_eq!(gold.n_instances(), 3);
    }
}
