//! Small invented studies for the tests of this crate.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use smes_dialogue::{
    Dialogue, DialogueId, Role, SplitName, Utterance, mesc_emotions, mesc_strategies,
};
use smes_evaluation::{
    CorpusRef, FORMAT, Gold, Header, Majority, Predicted, PredictionWriter, Record, VERSION,
};

use crate::{Choice, Question, RaterId, SampleOptions, Store, Study, System, TaskKind, sample};

/// Twelve moments of six dialogues, two checks, two repeats.
pub(crate) const OPTIONS: SampleOptions = SampleOptions {
    n_items: 12,
    n_checks: 2,
    n_repeats: 2,
    seed: 1,
};

/// `n` dialogues, each with `n_moments` supporter utterances after a seeker's.
pub(crate) fn dialogues(n: usize, n_moments: usize) -> BTreeMap<DialogueId, Dialogue> {
    (0..n)
        .map(|dialogue| {
            let id = DialogueId::new(format!("d{dialogue}"));
            let utterance = |idx: usize| Utterance {
                idx,
                role: if idx.is_multiple_of(2) {
                    Role::Seeker
                } else {
                    Role::Supporter
                },
                speaker: None,
                text: format!("words {dialogue} {idx}").into(),
                emotion: None,
                strategy: None,
                span: None,
            };
            let dialogue = Dialogue {
                id: id.clone(),
                scenario: None,
                situation: None,
                emotion: None,
                episode: None,
                utterances: (0..2 * n_moments).map(utterance).collect(),
            };
            (id, dialogue)
        })
        .collect()
}

/// Prediction files of two systems over [`dialogues`]; of each dialogue one moment is answered alike
/// by both and one not at all by the second.
pub(crate) fn predictions(folder: &Path, n: usize, n_moments: usize) -> (PathBuf, PathBuf) {
    let write = |name: &str| {
        let path = folder.join(format!("{name}.jsonl"));
        let header = header(name, n * n_moments);
        let mut writer = PredictionWriter::create(&path, &header).unwrap();
        for dialogue in 0..n {
            for moment in 0..n_moments {
                let response = match (moment, name) {
                    (0, _) => Some("the same answer".into()),
                    (1, "b") => None,
                    _ => Some(format!("answer {name} {dialogue} {moment}").into()),
                };
                writer
                    .write(&Record {
                        dialogue: DialogueId::new(format!("d{dialogue}")),
                        utterance: 2 * moment + 1,
                        gold: Gold::default(),
                        user_emotion_from: None,
                        predicted: Predicted::default(),
                        response,
                        target_log_prob: None,
                        last_strategy: None,
                        continues_turn: false,
                        timings: None,
                    })
                    .unwrap();
            }
        }
        writer.finish().unwrap();
        path
    };
    (write("a"), write("b"))
}

fn header(name: &str, n_instances: usize) -> Header {
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        corpus: CorpusRef {
            name: "invented".to_owned(),
            checksum: "0".to_owned(),
        },
        split: SplitName::Test,
        n_instances,
        reasoner: format!("invented-{name}@1"),
        model: None,
        config_hash: "0".to_owned(),
        emotions: mesc_emotions().iter().cloned().collect(),
        strategies: mesc_strategies().iter().cloned().collect(),
        majority: Majority::default(),
        created_with: "test".to_owned(),
        seed: None,
    }
}

/// A study of [`OPTIONS`].
pub(crate) fn study(folder: &Path) -> Study {
    let (a, b) = predictions(folder, 6, 4);
    let drawn = sample(("ours", &a), ("theirs", &b), OPTIONS).unwrap();
    Study::create(&folder.join("study"), &drawn, "0", &dialogues(6, 4), "test").unwrap()
}

/// Which system a rater finds better at a moment, and how they treat checks and repeats.
pub(crate) struct Habit {
    /// The better system by item and question; none for a tie.
    pub(crate) prefers: fn(usize, Question) -> Option<System>,
    /// Whether checks are done as they ask.
    pub(crate) reads_checks: bool,
    /// Whether a repeated moment is judged as before.
    pub(crate) is_consistent: bool,
}

/// Invites a rater who does all tasks by their habit.
pub(crate) fn rate(study: &Study, habit: &Habit) -> RaterId {
    let invited = study.invite(1).unwrap().remove(0);
    let tasks = study
        .raters()
        .unwrap()
        .remove(&invited.rater)
        .unwrap()
        .tasks;
    let store = Store::open(study.folder()).unwrap();
    store.enter(&invited.code).unwrap();
    for (idx, task) in tasks.iter().enumerate() {
        for question in Question::ALL {
            let better = match task.kind {
                TaskKind::Check => {
                    let wanted = study.items()[task.item].check.unwrap();
                    let asked = match wanted {
                        crate::Verdict::Win => Some(System::A),
                        crate::Verdict::Tie => None,
                        crate::Verdict::Loss => Some(System::B),
                    };
                    if habit.reads_checks {
                        asked
                    } else {
                        asked.map_or(Some(System::A), |_| None)
                    }
                }
                TaskKind::Repeat if !habit.is_consistent => {
                    (habit.prefers)(task.item, question).map(System::other)
                }
                _ => (habit.prefers)(task.item, question),
            };
            let choice = match better {
                None => Choice::Tie,
                Some(system) if system == task.left => Choice::Left,
                Some(_) => Choice::Right,
            };
            store
                .answer(invited.rater, idx, question, Some(choice), 5_000)
                .unwrap();
        }
    }
    invited.rater
}
