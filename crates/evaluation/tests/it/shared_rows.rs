//! Instances whose rows stand in train too: how many there are, and what leaving them out does.

use std::collections::HashMap;

use smes_dialogue::{
    Dialogue, DialogueId, Emotion, Episode, Label, Role, SplitName, Strategy, TimeSpan, Utterance,
    mesc_emotions, mesc_strategies,
};
use smes_evaluation::measure::{Measure, Task};
use smes_evaluation::protocol::Protocol;
use smes_evaluation::significance::Tally;
use smes_evaluation::{CorpusRef, GoldSet, GoldSource, Predicted, PredictedLabel, Scorer};

use crate::{facts, support};

/// A dialogue of an episode whose rows, seeker and supporter in turn, begin at the given second; each
/// lasts one.
fn dialogue(id: &str, episode: u32, from: u64, n_rows: usize) -> Dialogue {
    let utterance = |idx: usize| {
        let start = (from + idx as u64) * 1000;
        let is_seeker = (start / 1000).is_multiple_of(2);
        Utterance {
            idx,
            role: if is_seeker {
                Role::Seeker
            } else {
                Role::Supporter
            },
            speaker: None,
            text: "Okay.".into(),
            emotion: Some(Emotion::from_name("neutral")),
            strategy: (!is_seeker).then(|| Strategy::from_name("Approval")),
            span: TimeSpan::try_new(start, start + 1000).ok(),
        }
    };
    Dialogue {
        id: DialogueId::new(id),
        scenario: None,
        situation: None,
        emotion: None,
        episode: Some(Episode { season: 1, episode }),
        utterances: (0..n_rows).map(utterance).collect(),
    }
}

fn gold(train: &[Dialogue], dialogues: Vec<Dialogue>) -> GoldSet {
    GoldSet::new(GoldSource {
        corpus: CorpusRef {
            name: "invented".to_owned(),
            checksum: "0".to_owned(),
        },
        split: SplitName::Test,
        emotions: &mesc_emotions(),
        strategies: &mesc_strategies(),
        train,
        dialogues,
        cues: HashMap::new(),
    })
}

/// `(instances, dialogues with one)` that a protocol scores.
fn counted(gold: &GoldSet, protocol: &str) -> (usize, usize) {
    let protocol = Protocol::named(protocol).unwrap();
    let n_in = |one: &smes_evaluation::GoldDialogue| {
        let instances = one.instances.iter();
        instances.filter(|one| one.is_in(protocol)).count()
    };
    let counts: Vec<usize> = gold.dialogues.iter().map(n_in).collect();
    (
        counts.iter().sum(),
        counts.iter().filter(|n| **n > 0).count(),
    )
}

#[test]
fn exactly_the_instances_with_a_row_of_train_are_left_out() {
    // The same words everywhere: what is shared is known by episode and time alone.
    let train = [dialogue("t1", 1, 0, 10), dialogue("t2", 2, 40, 3)];
    let held_out = vec![
        // Rows 8 and 9 of t1 come again: seeker and supporter, so the first instance goes.
        dialogue("begins inside train", 1, 8, 6),
        // Only its last row, a seeker's, is in t2: no instance follows it.
        dialogue("ends at train", 2, 34, 7),
        // Another episode at the same times.
        dialogue("elsewhere", 3, 0, 10),
        // Whole inside train: nothing is left.
        dialogue("inside train", 1, 2, 4),
        // Its first row is shared: it is the seeker's before the first instance.
        dialogue("touches train", 2, 42, 4),
    ];
    let gold = gold(&train, held_out);
    for protocol in ["published", "spoken"] {
        assert_eq!(
            counted(&gold, protocol),
            (3 + 3 + 5 + 2 + 2, 5),
            "{protocol}"
        );
    }
    for protocol in ["published-unshared", "spoken-unshared"] {
        assert_eq!(counted(&gold, protocol), (2 + 3 + 5 + 1, 4), "{protocol}");
    }

    // A system that is right on the shared instances alone.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.jsonl");
    let shared: Vec<bool> = gold.instances().map(|(_, one)| one.is_shared).collect();
    let answer = |idx: usize| Predicted {
        strategy: shared[idx].then(|| PredictedLabel {
            label: Strategy::from_name("Approval"),
            probs: Vec::new(),
        }),
        ..Predicted::default()
    };
    support::write(&path, &gold, |idx| (answer(idx), None));
    let predictions = smes_evaluation::Predictions::read(&path, &gold).unwrap();
    let accuracy = |protocol: &str| {
        let protocol = Protocol::named(protocol).unwrap();
        let tallies = Scorer::new(&gold).tallies(&predictions, protocol, None);
        let sum = tallies.into_iter().reduce(|mut sum, other| {
            sum.merge(&other);
            sum
        });
        Measure::Accuracy(Task::Strategy).value(&sum.unwrap())
    };
    assert_eq!(accuracy("published"), Some(4.0 / 15.0));
    assert_eq!(accuracy("published-unshared"), Some(0.0));
}

#[test]
fn rows_of_mesc_that_are_shared_with_train_are_the_known_ones() {
    let Some((_folder, corpus)) = facts::mesc() else {
        return;
    };
    let gold = support::gold(&corpus, SplitName::Test);
    assert_eq!(counted(&gold, "published"), (1067, 102));
    assert_eq!(counted(&gold, "published-unshared"), (1041, 102));
    assert_eq!(counted(&gold, "spoken-unshared"), (1041, 102));
    // Counted apart from this program, with pandas: 43 rows of 27 dialogues stand in train too, most at
    // the ends of dialogues. Of the instances 6 are such rows and 20 follow such a row of the seeker.
    let shared = gold.instances().filter(|(_, one)| one.is_shared);
    assert_eq!(shared.count(), 6 + 20);
    let touched = gold.dialogues.iter();
    let touched = touched.filter(|one| one.instances.iter().any(|one| one.is_shared));
    assert_eq!(touched.count(), 6);
}
