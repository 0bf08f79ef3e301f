//! Small invented dialogues and prediction files for the tests of this crate.

use std::path::Path;

use smes_dialogue::{
    Dialogue, DialogueId, Emotion, Label, Role, SplitName, Strategy, Utterance, mesc_emotions,
    mesc_strategies,
};

use crate::predictions::{
    CorpusRef, FORMAT, Gold, Header, Majority, Predicted, PredictedLabel, PredictionWriter, Record,
    VERSION,
};

/// A dialogue of `(see|sup, emotion, strategy or nothing)` rows.
pub(crate) fn dialogue(id: &str, rows: &[(&str, &str, &str)]) -> Dialogue {
    let utterance = |(idx, (role, emotion, strategy)): (usize, &(&str, &str, &str))| Utterance {
        idx,
        role: if *role == "see" {
            Role::Seeker
        } else {
            Role::Supporter
        },
        speaker: None,
        text: "words".into(),
        emotion: Some(Emotion::from_name(emotion)),
        strategy: (!strategy.is_empty()).then(|| Strategy::from_name(strategy)),
        span: None,
    };
    Dialogue {
        id: DialogueId::new(id),
        scenario: None,
        situation: None,
        emotion: None,
        episode: None,
        utterances: rows.iter().enumerate().map(utterance).collect(),
    }
}

/// A header over MESC's labels.
pub(crate) fn header(n_instances: usize) -> Header {
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        corpus: CorpusRef {
            name: "invented".to_owned(),
            checksum: "0".to_owned(),
        },
        split: SplitName::Test,
        n_instances,
        reasoner: "invented@1".to_owned(),
        model: None,
        config_hash: "0".to_owned(),
        emotions: mesc_emotions().iter().cloned().collect(),
        strategies: mesc_strategies().iter().cloned().collect(),
        majority: Majority {
            user_emotion: Some(Emotion::from_name("neutral")),
            strategy: Some(Strategy::from_name("Interpretation")),
            opening_strategy: Some(Strategy::from_name("Open question")),
            system_emotion: Some(Emotion::from_name("neutral")),
        },
        created_with: "test".to_owned(),
        seed: None,
    }
}

/// A record whose predictions are right: joy, Approval, neutral.
pub(crate) fn record(dialogue: &str, utterance: usize) -> Record {
    let joy = Emotion::from_name("joy");
    let neutral = Emotion::from_name("neutral");
    let approval = Strategy::from_name("Approval");
    Record {
        dialogue: DialogueId::new(dialogue),
        utterance,
        gold: Gold {
            user_emotion: Some(joy.clone()),
            strategy: Some(approval.clone()),
            system_emotion: Some(neutral.clone()),
        },
        user_emotion_from: Some(0),
        predicted: Predicted {
            user_emotion: Some(PredictedLabel {
                label: joy.clone(),
                probs: vec![(joy, 0.75), (neutral.clone(), 0.25)],
            }),
            strategy: Some(PredictedLabel {
                label: approval,
                probs: Vec::new(),
            }),
            system_emotion: Some(PredictedLabel {
                label: neutral,
                probs: Vec::new(),
            }),
        },
        response: None,
        target_log_prob: None,
        last_strategy: None,
        continues_turn: false,
        timings: None,
    }
}

/// Writes a prediction file.
pub(crate) fn write_file(path: &Path, header: &Header, records: &[Record]) {
    let mut writer = PredictionWriter::create(path, header).unwrap();
    for record in records {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap();
}
