//! Corpus folders: replacing them, refusing others, and what the check finds.

use std::path::Path;

use smes_corpus::importers::ImportError;
use smes_corpus::{Corpus, CorpusError, ProblemKind, check, statistics};
use smes_testkit::{assert_close, corpus_folder, temp_folder};

use crate::{import, mesc_fixture};

/// A copy of the fixture corpus with one file edited.
fn edited(folder: &Path, file: &str, edit: impl Fn(String) -> String) -> Corpus {
    let target = folder.join("corpus");
    fs_err::create_dir_all(target.join("cues")).unwrap();
    for name in [
        "corpus.toml",
        "dialogues.jsonl",
        "splits.toml",
        "cues/video-llama.jsonl",
    ] {
        let text = fs_err::read_to_string(corpus_folder().join(name)).unwrap();
        let text = if name == file { edit(text) } else { text };
        fs_err::write(target.join(name), text).unwrap();
    }
    Corpus::open(target).unwrap()
}

fn check_edited(file: &str, from: &str, to: &str, expected: &[(ProblemKind, u64)]) {
    let temp = temp_folder();
    let corpus = edited(temp.path(), file, |text| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    });
    let found: Vec<(ProblemKind, u64)> = check(&corpus)
        .unwrap()
        .problems
        .iter()
        .map(|problem| (problem.kind, problem.line))
        .collect();
    assert_eq!(found, expected, "{from} -> {to}");
}

#[test]
fn the_check_finds_each_kind_of_problem_at_its_line() {
    use ProblemKind::{
        BrokenLine, Checksum, Counts, Cue, DuplicateDialogue, NoSplit, Position, Role, SplitTwice,
        SplitUnknown, UnknownLabel,
    };
    let dialogues = "dialogues.jsonl";
    check_edited(
        dialogues,
        "\"idx\":1",
        "\"idx\":7",
        &[(Position, 1), (Checksum, 0)],
    );
    check_edited(
        dialogues,
        "\"anger\"",
        "\"angr\"",
        &[(UnknownLabel, 2), (Checksum, 0)],
    );
    check_edited(
        dialogues,
        "\"emotion\":\"sadness\"",
        "\"emotion\":\"sadness\",\"strategy\":\"Approval\"",
        &[(Role, 1), (Checksum, 0)],
    );
    check_edited(
        dialogues,
        "{\"id\":\"1\"",
        "{\"id\":\"0\"",
        &[(DuplicateDialogue, 2), (Checksum, 0), (SplitUnknown, 0)],
    );
    check_edited(
        dialogues,
        "{\"id\":\"4\"",
        "{",
        &[
            (BrokenLine, 5),
            (Checksum, 0),
            (Counts, 0),
            (SplitUnknown, 0),
            (Cue, 15),
            (Cue, 16),
            (Cue, 17),
            (Cue, 18),
            (Cue, 19),
            (Cue, 20),
        ],
    );
    check_edited(
        "splits.toml",
        "\"3\"",
        "\"2\"",
        &[(NoSplit, 4), (SplitTwice, 0)],
    );
    let cues = "cues/video-llama.jsonl";
    check_edited(cues, "\"utterance\":5", "\"utterance\":6", &[(Cue, 6)]);
    check_edited(
        cues,
        "\"dialogue\":\"2\"",
        "\"dialogue\":\"9\"",
        &[(Cue, 1)],
    );
    check_edited(
        cues,
        "\"name\":\"video-llama\"",
        "\"name\":\"other\"",
        &[(Cue, 1)],
    );
}

#[test]
fn a_broken_line_is_an_error_with_its_place_and_ends_the_stream() {
    let temp = temp_folder();
    let corpus = edited(temp.path(), "dialogues.jsonl", |text| {
        text.replacen("{\"id\":\"1\"", "{\"id\":1", 1)
    });
    let read: Vec<_> = corpus.dialogues().collect();
    assert_eq!(read.len(), 2);
    let error = read[1].as_ref().unwrap_err();
    assert!(
        matches!(
            error,
            CorpusError::BrokenLine {
                line: 2,
                column: 7,
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn cues_of_an_unknown_extractor_are_an_error_that_lists_the_known() {
    let corpus = Corpus::open(corpus_folder()).unwrap();
    let error = corpus.cues("native").unwrap_err();
    assert_eq!(
        error.hint().as_deref(),
        Some("it has cues of `video-llama`")
    );
}

#[test]
fn an_existing_corpus_is_replaced_and_nothing_is_left_beside_it() {
    let temp = temp_folder();
    let out = temp.path().join("mesc");
    let mut source = mesc_fixture();
    import(&source, &out).unwrap();
    source.json.clear();
    import(&source, &out).unwrap();
    assert!(Corpus::open(&out).unwrap().extractors().unwrap().is_empty());
    assert_eq!(fs_err::read_dir(temp.path()).unwrap().count(), 1);
}

#[test]
fn a_failed_import_leaves_the_existing_corpus_as_it_was() {
    let temp = temp_folder();
    let out = temp.path().join("mesc");
    import(&mesc_fixture(), &out).unwrap();
    let before = fs_err::read(out.join("dialogues.jsonl")).unwrap();
    let mut source = mesc_fixture();
    source.csv = source.json[0].path.clone();
    import(&source, &out).unwrap_err();
    assert_eq!(fs_err::read(out.join("dialogues.jsonl")).unwrap(), before);
    assert_eq!(fs_err::read_dir(temp.path()).unwrap().count(), 1);
}

#[test]
fn what_is_no_corpus_or_holds_more_is_never_overwritten() {
    let temp = temp_folder();
    let refused = |target: &Path| match import(&mesc_fixture(), target).unwrap_err() {
        ImportError::Corpus(error) => error,
        other => panic!("{other}"),
    };
    let file = temp.path().join("file");
    fs_err::write(&file, "mine").unwrap();
    assert!(matches!(refused(&file), CorpusError::NotReplaceable { .. }));
    let photos = temp.path().join("photos");
    fs_err::create_dir(&photos).unwrap();
    fs_err::write(photos.join("a.jpg"), "mine").unwrap();
    assert!(matches!(
        refused(&photos),
        CorpusError::NotReplaceable { .. }
    ));
    assert!(photos.join("a.jpg").exists());

    let out = temp.path().join("mesc");
    import(&mesc_fixture(), &out).unwrap();
    fs_err::create_dir(out.join("annotations")).unwrap();
    let error = refused(&out);
    assert!(matches!(&error, CorpusError::WouldDelete { entry, .. } if entry == "annotations"));
    fs_err::remove_dir(out.join("annotations")).unwrap();
    fs_err::write(out.join("cues/native.jsonl"), "").unwrap();
    let error = refused(&out);
    assert!(
        matches!(&error, CorpusError::WouldDelete { entry, .. } if entry == "cues/native.jsonl")
    );
}

#[test]
fn statistics_of_the_fixture_are_those_counted_by_hand() {
    let corpus = Corpus::open(corpus_folder()).unwrap();
    let statistics = statistics(&corpus).unwrap();
    let n = statistics.n_utterances;
    assert_eq!(
        (statistics.n_dialogues, n.total, n.supporter, n.seeker),
        (5, 36, 16, 20)
    );
    assert_close(statistics.dialogue_length.total, 7.2, 1e-12);
    assert_eq!((statistics.n_scenarios, statistics.n_with_scenario), (3, 3));
    let question = statistics
        .strategies
        .iter()
        .find(|row| row.label == "Open question")
        .unwrap();
    assert_eq!(
        (question.train, question.validation, question.test),
        (3, 0, 1)
    );
    let phases = statistics
        .phases
        .iter()
        .find(|row| row.label == "Open question")
        .unwrap();
    assert_eq!(phases.counts, [3, 0, 1, 0]);
    assert_eq!(statistics.phase_totals.iter().sum::<u64>(), 16);
    assert_eq!(statistics.cues["video-llama"], 20);
}

#[test]
fn an_inline_label_set_is_read_and_an_unknown_name_is_an_error() {
    let temp = temp_folder();
    let corpus = edited(temp.path(), "corpus.toml", |text| {
        text.replacen("emotions = \"mesc-7\"", "", 1)
            + "\n[emotions]\nname = \"own\"\nlabels = [{ label = \"calm\" }]\n"
    });
    assert_eq!(corpus.emotions().names().collect::<Vec<_>>(), ["calm"]);
    let manifest = corpus.folder().join("corpus.toml");
    let text = fs_err::read_to_string(corpus_folder().join("corpus.toml")).unwrap();
    fs_err::write(&manifest, text.replacen("mesc-7", "mesc-9", 1)).unwrap();
    let error = Corpus::open(corpus.folder()).unwrap_err();
    assert!(matches!(
        error,
        CorpusError::UnknownLabelSet {
            kind: "emotion",
            ..
        }
    ));
    fs_err::write(&manifest, "format = 1\nname = 3\n").unwrap();
    let error = Corpus::open(corpus.folder()).unwrap_err();
    assert!(
        matches!(error, CorpusError::BrokenSettings { line: 2, .. }),
        "{error}"
    );
}
