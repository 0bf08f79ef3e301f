//! An invented study of six moments, two checks and a repeat, for the tests of the rating site.

use std::collections::BTreeMap;
use std::path::Path;

use smes_dialogue::{
    Dialogue, DialogueId, Role, SplitName, Utterance, mesc_emotions, mesc_strategies,
};
use smes_evaluation::{
    CorpusRef, FORMAT, Gold, Header, Majority, Predicted, PredictionWriter, Record, VERSION,
};
use smes_rating::{SampleOptions, Study, sample};

/// Tasks that each rater is given.
pub(crate) const N_TASKS: usize = 9;

const SEEKER: [&str; 3] = [
    "I have not slept properly since the new manager came. Every evening there is one more mail, and I answer it.",
    "I tried to talk to her about it, but she laughed and said that everybody works like that here.",
    "Sometimes I sit in the car for half an hour before I can go in.",
];
const SUPPORTER: [&str; 2] = [
    "That sounds as if the day never ends for you.",
    "What went through your mind when she laughed?",
];

/// The dialogue number `n`: five utterances, the seeker's first, and a supporter's last.
fn dialogue(n: usize) -> Dialogue {
    let utterance = |idx: usize| Utterance {
        idx,
        role: if idx.is_multiple_of(2) {
            Role::Seeker
        } else {
            Role::Supporter
        },
        speaker: None,
        text: match idx {
            0 | 2 | 4 => SEEKER[idx / 2].into(),
            1 | 3 => SUPPORTER[idx / 2].into(),
            _ => "What was in fact said.".into(),
        },
        emotion: None,
        strategy: None,
        span: None,
    };
    Dialogue {
        id: DialogueId::new(format!("d{n}")),
        scenario: None,
        situation: None,
        emotion: None,
        episode: None,
        utterances: (0..6).map(utterance).collect(),
    }
}

/// The answer of system `ours` at moment `n`; it ends with the moment's number.
pub(crate) fn ours(n: usize) -> String {
    format!(
        "Half an hour in the car, before you can even go in: it must cost you a lot to open that door each morning. What would have to be different for ten minutes to be enough? ({n})"
    )
}

/// The answer of system `theirs` at moment `n`.
pub(crate) fn theirs(n: usize) -> String {
    format!("I am sorry to hear that. Have you tried to talk to your manager? ({n})")
}

/// Makes the study in a folder.
pub(crate) fn study(folder: &Path) -> Study {
    let write = |name: &str, answer: fn(usize) -> String| {
        let path = folder.join(format!("{name}.jsonl"));
        let mut writer = PredictionWriter::create(&path, &header(name)).unwrap();
        for n in 0..6 {
            writer.write(&record(n, answer(n))).unwrap();
        }
        writer.finish().unwrap();
        path
    };
    let (a, b) = (write("ours", ours), write("theirs", theirs));
    let options = SampleOptions {
        n_items: 6,
        n_checks: 2,
        n_repeats: 1,
        seed: 11,
    };
    let drawn = sample(("ours", &a), ("theirs", &b), options).unwrap();
    let dialogues: BTreeMap<DialogueId, Dialogue> = (0..6)
        .map(dialogue)
        .map(|dialogue| (dialogue.id.clone(), dialogue))
        .collect();
    Study::create(&folder.join("study"), &drawn, "0", &dialogues, "test").unwrap()
}

fn header(name: &str) -> Header {
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        corpus: CorpusRef {
            name: "invented".to_owned(),
            checksum: "0".to_owned(),
        },
        split: SplitName::Test,
        n_instances: 6,
        reasoner: format!("{name}@1"),
        model: None,
        config_hash: "0".to_owned(),
        emotions: mesc_emotions().iter().cloned().collect(),
        strategies: mesc_strategies().iter().cloned().collect(),
        majority: Majority::default(),
        created_with: "test".to_owned(),
        seed: None,
    }
}

fn record(n: usize, response: String) -> Record {
    Record {
        dialogue: DialogueId::new(format!("d{n}")),
        utterance: 5,
        gold: Gold::default(),
        user_emotion_from: None,
        predicted: Predicted::default(),
        response: Some(response.into()),
        target_log_prob: None,
        last_strategy: None,
        continues_turn: false,
        timings: None,
    }
}
