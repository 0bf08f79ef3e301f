//! The fixtures import to what they hold.

use smes_corpus::importers::{EsconvSource, MeldSource};
use smes_corpus::{Corpus, IssueKind, check};
use smes_dialogue::{Label, Role, Test, Train, Validation};
use smes_testkit::{corpus_folder, fixture, temp_folder};

use crate::{import, mesc_fixture};

fn issues(corpus: &Corpus) -> Vec<(IssueKind, String, Option<usize>)> {
    corpus
        .issues()
        .unwrap()
        .map(Result::unwrap)
        .map(|issue| {
            let id = issue.dialogue.map_or_else(String::new, |id| id.to_string());
            (issue.kind, id, issue.utterance)
        })
        .collect()
}

#[test]
fn mesc_keeps_utterance_and_cue_apart_and_lists_every_anomaly() {
    let temp = temp_folder();
    let out = temp.path().join("mesc");
    import(&mesc_fixture(), &out).unwrap();
    let corpus = Corpus::open(&out).unwrap();
    let at = |kind, id: &str, idx: usize| (kind, id.to_owned(), Some(idx));
    let mut found = issues(&corpus);
    found.sort();
    let mut expected = vec![
        at(IssueKind::IdenticalSpan, "0", 2),
        at(IssueKind::Whitespace, "0", 4),
        at(IssueKind::Markup, "0", 6),
        at(IssueKind::SharedBoundary, "1", 0),
        at(IssueKind::LabelVariant, "1", 1),
        at(IssueKind::LeadingColon, "1", 3),
        at(IssueKind::BackwardsTime, "1", 5),
        at(IssueKind::NoWords, "1", 7),
        at(IssueKind::ShortSpan, "2", 3),
        (IssueKind::ScenarioVariant, "2".into(), None),
        at(IssueKind::OverlappingSpan, "3", 4),
        (IssueKind::ScenarioVariant, "3".into(), None),
        at(IssueKind::CueSeparator, "3", 2),
        at(IssueKind::CueNotSplit, "3", 6),
        at(IssueKind::LabelsDisagree, "4", 0),
    ];
    expected.sort();
    assert_eq!(found, expected);

    let first = corpus.dialogues().next().unwrap().unwrap();
    assert_eq!(
        first.utterances[4].text.expose(),
        "It feels like a waiting room."
    );
    assert_eq!(first.utterances[0].role, Role::Supporter);
    let cues: Vec<_> = corpus
        .cues("video-llama")
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(cues.len(), 20);
    assert_eq!((cues[0].dialogue.as_str(), cues[0].utterance), ("2", 0));
    assert_eq!(cues[0].cue.distress, None);
    assert_eq!(
        cues[1].cue.observation.expose(),
        "The emotion in the picture is calm."
    );
    assert_eq!(
        cues[1].cue.distress.as_ref().unwrap().expose(),
        "The distress may come from feeling alone."
    );
    assert_eq!(check(&corpus).unwrap().problems, []);
}

#[test]
fn mesc_splits_come_from_the_json_files_and_scenarios_keep_their_raw_value() {
    let temp = temp_folder();
    let out = temp.path().join("mesc");
    let imported = import(&mesc_fixture(), &out).unwrap();
    assert_eq!(imported.n_by_split, [2, 1, 2]);
    let corpus = Corpus::open(&out).unwrap();
    let validation = corpus.split::<Validation>().unwrap();
    let scenario = validation.dialogues()[0].scenario.as_ref().unwrap();
    assert_eq!(
        (&*scenario.name, &*scenario.raw),
        ("Childhood Shadow", "Childhood shadow")
    );
    assert_eq!(corpus.split::<Train>().unwrap().dialogues().len(), 2);
    assert_eq!(
        corpus.split::<Test>().unwrap().dialogues()[1].id.as_str(),
        "4"
    );
}

/// The committed folder is what other crates test with; `SMES_BLESS=1` writes it anew.
#[test]
fn the_fixture_corpus_is_what_the_importer_makes() {
    let temp = temp_folder();
    let out = temp.path().join("mesc");
    import(&mesc_fixture(), &out).unwrap();
    let files = [
        "corpus.toml",
        "dialogues.jsonl",
        "splits.toml",
        "cues/video-llama.jsonl",
    ];
    let committed = fixture("").join("corpus");
    if std::env::var_os("SMES_BLESS").is_some() {
        fs_err::create_dir_all(committed.join("cues")).unwrap();
        for file in files {
            fs_err::copy(out.join(file), committed.join(file)).unwrap();
        }
    }
    for file in files {
        let found = fs_err::read_to_string(out.join(file)).unwrap();
        let expected = fs_err::read_to_string(corpus_folder().join(file)).unwrap();
        assert_eq!(found, expected, "{file}");
    }
}

#[test]
fn meld_keeps_names_and_splits_and_notes_what_is_odd() {
    let temp = temp_folder();
    let out = temp.path().join("meld");
    let source = MeldSource {
        folder: fixture("meld"),
    };
    assert_eq!(import(&source, &out).unwrap().n_by_split, [2, 1, 1]);
    let corpus = Corpus::open(&out).unwrap();
    assert_eq!(
        issues(&corpus),
        [
            (IssueKind::Typographic, "train-0".to_owned(), Some(0)),
            (IssueKind::UtteranceGap, "train-0".to_owned(), Some(2)),
            (IssueKind::EndBeforeStart, "train-0".to_owned(), Some(2)),
        ]
    );
    let first = corpus.dialogues().next().unwrap().unwrap();
    let second = &first.utterances[1];
    assert_eq!(
        (second.speaker.as_deref(), second.role),
        (Some("Ben"), Role::Participant)
    );
    assert_eq!(second.span.unwrap().start_ms(), 62_100);
    assert!(corpus.strategies().is_none());
    assert_eq!(check(&corpus).unwrap().problems, []);
}

#[test]
fn esconv_keeps_strategies_of_supporters_and_the_emotion_of_the_dialogue() {
    let temp = temp_folder();
    let out = temp.path().join("esconv");
    let source = EsconvSource {
        json: fixture("esconv/ESConv.json"),
    };
    import(&source, &out).unwrap();
    let corpus = Corpus::open(&out).unwrap();
    assert_eq!(
        issues(&corpus),
        [
            (IssueKind::Whitespace, "0".to_owned(), Some(0)),
            (IssueKind::MissingStrategy, "2".to_owned(), Some(3)),
        ]
    );
    let dialogues: Vec<_> = corpus.dialogues().map(Result::unwrap).collect();
    assert_eq!(dialogues[1].emotion.as_ref().unwrap().name(), "sadness");
    let answer = &dialogues[1].utterances[1];
    assert_eq!(answer.role, Role::Supporter);
    assert_eq!(
        answer.strategy.as_ref().unwrap().name(),
        "Restatement or Paraphrasing"
    );
    assert_eq!(check(&corpus).unwrap().problems, []);
}
