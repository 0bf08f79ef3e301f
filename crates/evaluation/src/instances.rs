//! The instances of the `published` protocol: which utterances are predicted, from what, and what
//! is right.
//!
//! One instance for every supporter utterance but a dialogue's first utterance (reference:
//! `chuyq/Mi-Therapist`, `lama.py`; MESC: 8,170 / 994 / 1,067). The history strategies are gold, as
//! in that code; gold emotions never reach a reasoner. The user emotion to find is that of the
//! most recent seeker utterance. Where none precedes, the published code uses `depression`; we
//! follow it for MESC's label set, mark the instance and count it in the scores. Other corpora
//! have no user emotion to find there.

use std::collections::BTreeMap;

use smes_dialogue::{Dialogue, Emotion, EmotionSet, Label, Role, Strategy};

use crate::predictions::{Gold, Majority};

/// What the published code takes as the user emotion where no seeker has spoken yet.
pub const NO_SEEKER_EMOTION: &str = "depression";

/// One supporter utterance to predict.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Position of the supporter's utterance in the dialogue; the context is all before it.
    pub utterance_idx: usize,
    /// What is right.
    pub gold: Gold,
    /// Position of the utterance that the gold user emotion is of.
    pub user_emotion_from: Option<usize>,
    /// The supporter's latest strategy before.
    pub last_strategy: Option<Strategy>,
    /// Whether the utterance before is the supporter's too.
    pub continues_turn: bool,
}

/// The instances of a dialogue, in order.
pub fn instances(dialogue: &Dialogue, emotions: &EmotionSet) -> Vec<Instance> {
    let mut found = Vec::new();
    let mut last_seeker: Option<usize> = None;
    let mut last_strategy: Option<Strategy> = None;
    for (idx, utterance) in dialogue.utterances.iter().enumerate() {
        match utterance.role {
            Role::Seeker => last_seeker = Some(idx),
            Role::Participant => {}
            Role::Supporter => {
                if idx > 0 {
                    found.push(Instance {
                        utterance_idx: idx,
                        gold: Gold {
                            user_emotion: user_emotion(dialogue, last_seeker, emotions),
                            strategy: utterance.strategy.clone(),
                            system_emotion: utterance.emotion.clone(),
                        },
                        user_emotion_from: last_seeker,
                        last_strategy: last_strategy.clone(),
                        continues_turn: dialogue.utterances[idx - 1].role == Role::Supporter,
                    });
                }
                last_strategy = utterance.strategy.clone().or(last_strategy);
            }
        }
    }
    found
}

fn user_emotion(
    dialogue: &Dialogue,
    last_seeker: Option<usize>,
    emotions: &EmotionSet,
) -> Option<Emotion> {
    match last_seeker {
        Some(idx) => dialogue.utterances[idx].emotion.clone(),
        None if emotions.name == "mesc-7" => Some(Emotion::from_name(NO_SEEKER_EMOTION)),
        None => None,
    }
}

/// The most frequent labels over the instances of the train split; ties go to the name that comes
/// first in the alphabet.
pub fn train_majority<'d>(
    train: impl IntoIterator<Item = &'d Dialogue>,
    emotions: &EmotionSet,
) -> Majority {
    let mut user_emotion = BTreeMap::new();
    let mut strategy = BTreeMap::new();
    let mut opening_strategy = BTreeMap::new();
    let mut system_emotion = BTreeMap::new();
    for dialogue in train {
        for instance in instances(dialogue, emotions) {
            count(&mut user_emotion, instance.gold.user_emotion);
            if !instance.continues_turn {
                count(&mut opening_strategy, instance.gold.strategy.clone());
            }
            count(&mut strategy, instance.gold.strategy);
            count(&mut system_emotion, instance.gold.system_emotion);
        }
    }
    Majority {
        user_emotion: most_frequent(user_emotion),
        strategy: most_frequent(strategy),
        opening_strategy: most_frequent(opening_strategy),
        system_emotion: most_frequent(system_emotion),
    }
}

fn count<L: Label>(counts: &mut BTreeMap<L, usize>, label: Option<L>) {
    if let Some(label) = label {
        *counts.entry(label).or_default() += 1;
    }
}

fn most_frequent<L: Label>(counts: BTreeMap<L, usize>) -> Option<L> {
    counts
        .into_iter()
        .rev()
        .max_by_key(|(_, n)| *n)
        .map(|(label, _)| label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::dialogue;
    use smes_dialogue::{meld_emotions, mesc_emotions};

    #[test]
    fn every_supporter_utterance_but_a_first_one_is_an_instance() {
        let dialogue = dialogue(
            "d",
            &[
                ("sup", "neutral", "Structuring the therapy"),
                ("sup", "neutral", "Open question"),
                ("see", "anger", ""),
                ("see", "joy", ""),
                ("sup", "sadness", "Approval"),
            ],
        );
        let found = instances(&dialogue, &mesc_emotions());
        let positions: Vec<usize> = found.iter().map(|found| found.utterance_idx).collect();
        assert_eq!(positions, [1, 4]);
        assert_eq!(
            found[0].gold.user_emotion,
            Some(Emotion::from_name("depression"))
        );
        assert_eq!(
            (found[0].user_emotion_from, found[0].continues_turn),
            (None, true)
        );
        assert_eq!(found[1].gold.user_emotion, Some(Emotion::from_name("joy")));
        assert_eq!(
            (found[1].user_emotion_from, found[1].continues_turn),
            (Some(3), false)
        );
        assert_eq!(
            found[1].last_strategy,
            Some(Strategy::from_name("Open question"))
        );
        let other = instances(&dialogue, &meld_emotions());
        assert_eq!(other[0].gold.user_emotion, None);
    }

    #[test]
    fn the_majority_is_over_instances_and_ties_go_to_the_first_name() {
        let dialogues = [dialogue(
            "d",
            &[
                ("see", "anger", ""),
                ("sup", "neutral", "Open question"),
                ("sup", "neutral", "Approval"),
                ("sup", "neutral", "Approval"),
                ("see", "joy", ""),
                ("sup", "neutral", "Open question"),
            ],
        )];
        let majority = train_majority(&dialogues, &mesc_emotions());
        assert_eq!(majority.strategy, Some(Strategy::from_name("Approval")));
        assert_eq!(
            majority.opening_strategy,
            Some(Strategy::from_name("Open question"))
        );
        assert_eq!(majority.user_emotion, Some(Emotion::from_name("anger")));
    }
}
