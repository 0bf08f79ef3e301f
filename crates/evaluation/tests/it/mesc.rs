//! The instances and the controls on the real MESC have their known figures.
//!
//! The figures were computed from `MESC.csv` with scikit-learn, apart from this program.

use smes_corpus::Corpus;
use smes_corpus::importers::{Importer, MescSource};
use smes_dialogue::{Split, SplitKind, SplitName, Test, Train, Validation};
use smes_evaluation::{
    CorpusRef, FORMAT, Header, Majority, Predicted, PredictionWriter, Record, Resampling,
    ScoreReport, TaskScore, VERSION, instances, score, train_majority,
};

#[test]
fn instances_and_controls_of_mesc_have_their_known_figures() {
    let Some(csv) = smes_testkit::shared_data("mesc/MESC.csv") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("mesc");
    let source = MescSource {
        csv,
        json: Vec::new(),
    };
    source.import(&target, &mut |_| {}).unwrap();
    let corpus = Corpus::open(&target).unwrap();
    let train: Split<Train> = corpus.split().unwrap();
    assert_eq!(n_instances(&corpus, &train), 8170);
    assert_eq!(
        n_instances::<Validation>(&corpus, &corpus.split().unwrap()),
        994
    );
    let test: Split<Test> = corpus.split().unwrap();
    assert_eq!(n_instances(&corpus, &test), 1067);

    let majority = train_majority(train.dialogues(), corpus.emotions());
    let path = folder.path().join("p.jsonl");
    write_without_answers(&path, &corpus, &test, majority);
    let report = score(&path, Resampling::default()).unwrap();
    assert_eq!((report.n_instances, report.n_dialogues), (1067, 102));
    assert_eq!(report.n_without_seeker, 5);
    let silent = report.strategy.as_ref().unwrap();
    assert_eq!((silent.coverage, silent.accuracy), (0.0, 0.0));
    check_controls(&report);
}

fn check_controls(report: &ScoreReport) {
    let control = |key: &str| &report.controls[key];
    let strategy = |key| control(key).strategy.as_ref().unwrap();
    check(strategy("majority"), [28.77, 4.97, 12.86]);
    check(strategy("repeat_last_strategy"), [58.29, 54.95, 57.62]);
    check(strategy("repeat_last_else_opening"), [61.20, 56.44, 61.28]);
    check(strategy("repeat_inside_turn"), [60.92, 56.31, 61.06]);
    let majority = control("majority");
    check(
        majority.user_emotion.as_ref().unwrap(),
        [39.83, 8.14, 22.69],
    );
    let neutral = control("always_neutral");
    check(
        neutral.system_emotion.as_ref().unwrap(),
        [98.50, 49.62, 97.76],
    );
    check(neutral.user_emotion.as_ref().unwrap(), [39.83, 8.14, 22.69]);
    let interval = strategy("repeat_last_strategy").accuracy_interval.unwrap();
    assert!(interval.low > 0.53 && interval.high < 0.64, "{interval:?}");
}

/// Accuracy, macro-F1 and weighted-F1 in percent, to the two digits they are known with.
fn check(score: &TaskScore, expected: [f64; 3]) {
    assert_eq!(score.n, 1067);
    let found = [score.accuracy, score.macro_f1, score.weighted_f1];
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            (found * 100.0 - expected).abs() < 0.006,
            "{found} is not {expected} %"
        );
    }
}

fn n_instances<K: SplitKind>(corpus: &Corpus, split: &Split<K>) -> usize {
    split
        .dialogues()
        .iter()
        .map(|dialogue| instances(dialogue, corpus.emotions()).len())
        .sum()
}

/// A prediction file of a system that never answers: what is scored is the controls.
fn write_without_answers(
    path: &std::path::Path,
    corpus: &Corpus,
    test: &Split<Test>,
    majority: Majority,
) {
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        corpus: CorpusRef {
            name: corpus.manifest().name.clone(),
            checksum: corpus.checksum().to_owned(),
        },
        split: SplitName::Test,
        n_instances: n_instances(corpus, test),
        reasoner: "silent@1".to_owned(),
        model: None,
        config_hash: "0".to_owned(),
        emotions: corpus.emotions().iter().cloned().collect(),
        strategies: corpus.strategies().unwrap().iter().cloned().collect(),
        majority,
        created_with: "test".to_owned(),
        seed: None,
    };
    let mut writer = PredictionWriter::create(path, &header).unwrap();
    for dialogue in test.dialogues() {
        for instance in instances(dialogue, corpus.emotions()) {
            let record = Record {
                dialogue: dialogue.id.clone(),
                utterance: instance.utterance_idx,
                gold: instance.gold,
                user_emotion_from: instance.user_emotion_from,
                predicted: Predicted::default(),
                response: None,
                target_log_prob: None,
                last_strategy: instance.last_strategy,
                continues_turn: instance.continues_turn,
                timings: None,
            };
            writer.write(&record).unwrap();
        }
    }
    writer.finish().unwrap();
}
