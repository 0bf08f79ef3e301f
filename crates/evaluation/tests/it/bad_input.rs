//! Predictions that do not fit the corpus they are scored against are errors with file and line.

use std::path::{Path, PathBuf};

use smes_dialogue::SplitName;
use smes_evaluation::{GoldSet, PredictionError, Predictions};

use crate::support;

/// A prediction file of the fixture's test split, changed by `change`, and the error of reading it.
fn error(change: impl Fn(Vec<String>) -> Vec<String>) -> (PredictionError, String) {
    let gold = support::fixture_gold(SplitName::Test);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.jsonl");
    write(&path, &gold, &change);
    let error = Predictions::read(&path, &gold).unwrap_err();
    let text = error
        .to_string()
        .replace(&folder.path().display().to_string(), "DIR");
    (error, text)
}

fn write(path: &Path, gold: &GoldSet, change: &dyn Fn(Vec<String>) -> Vec<String>) -> PathBuf {
    let lines = support::silent_file(gold);
    fs_err::write(path, change(lines).join("\n")).unwrap();
    path.to_owned()
}

fn replaced(lines: Vec<String>, line: usize, from: &str, to: &str) -> Vec<String> {
    let mut lines = lines;
    assert!(lines[line - 1].contains(from), "{}", lines[line - 1]);
    lines[line - 1] = lines[line - 1].replacen(from, to, 1);
    lines
}

#[test]
fn a_file_of_the_corpus_is_read_and_a_missing_record_is_an_empty_place() {
    let gold = support::fixture_gold(SplitName::Test);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.jsonl");
    let n = gold.n_instances();
    write(&path, &gold, &|mut lines| {
        lines.pop();
        let counts = format!("\"n_instances\":{n}");
        replaced(lines, 1, &counts, &format!("\"n_instances\":{}", n - 1))
    });
    let predictions = Predictions::read(&path, &gold).unwrap();
    assert_eq!((predictions.records.len(), predictions.n_missing()), (n, 1));
}

#[test]
fn predictions_for_other_data_are_an_error() {
    let (found, text) = error(|lines| replaced(lines, 1, "sha256:", "sha256:0"));
    assert!(
        text.starts_with("DIR/p.jsonl:1: predictions for corpus `mesc`"),
        "{text}"
    );
    assert!(found.hint().unwrap().contains("predict on the corpus"));
    let (found, text) =
        error(|lines| replaced(lines, 1, "\"split\":\"test\"", "\"split\":\"train\""));
    assert_eq!(
        text,
        "DIR/p.jsonl:1: predictions for the train split, expected test"
    );
    assert_eq!(found.hint().unwrap(), "score with `--split train`");
}

#[test]
fn duplicate_and_unknown_ids_are_errors_with_their_line() {
    let (_, text) = error(|mut lines| {
        lines[2] = lines[1].clone();
        lines
    });
    assert!(text.starts_with("DIR/p.jsonl:3: utterance "), "{text}");
    assert!(text.ends_with("stood on an earlier line already"), "{text}");
    let (_, text) = error(|lines| replaced(lines, 2, "\"utterance\":", "\"utterance\":9"));
    assert!(text.starts_with("DIR/p.jsonl:2: utterance 9"), "{text}");
    assert!(text.ends_with("is no instance of this split"), "{text}");
    let (_, text) = error(|lines| replaced(lines, 2, "\"dialogue\":\"", "\"dialogue\":\"x"));
    assert!(text.contains("of dialogue `x"), "{text}");
}

#[test]
fn labels_outside_the_set_are_errors_with_the_nearest() {
    let (_, text) = error(|lines| {
        replaced(
            lines,
            1,
            "\"emotions\":[\"neutral\"",
            "\"emotions\":[\"neutrall\"",
        )
    });
    assert!(text.contains("p.jsonl:1: "), "{text}");
    assert!(text.contains("unknown emotion `neutral"), "{text}");
    let (found, text) = error(|lines| {
        let null = "\"predicted\":{\"user_emotion\":null";
        let label = "\"predicted\":{\"user_emotion\":{\"label\":\"angry\"}";
        replaced(lines, 2, null, label)
    });
    assert_eq!(
        text,
        "DIR/p.jsonl:2: `predicted.user_emotion`: unknown emotion `angry` (label set `emotions of the header`)"
    );
    assert!(found.hint().unwrap().contains("`anger`"));
}

#[test]
fn gold_labels_that_are_not_the_corpuss_are_an_error() {
    let (_, text) = error(|lines| {
        let mut lines = lines;
        let from = lines[1].find("\"strategy\":\"").unwrap();
        let to = from + lines[1][from..].find("\",").unwrap() + 1;
        lines[1].replace_range(from..to, "\"strategy\":\"Others\"");
        lines
    });
    assert!(text.ends_with("are not the corpus's"), "{text}");
}

#[test]
fn bytes_that_are_no_utf_8_are_an_error_with_their_line() {
    let gold = support::fixture_gold(SplitName::Test);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.jsonl");
    let mut bytes = support::silent_file(&gold)[..2].join("\n").into_bytes();
    bytes.extend(b"\n{\"dialogue\": \"\xff\"}\n");
    fs_err::write(&path, bytes).unwrap();
    let error = Predictions::read(&path, &gold).unwrap_err().to_string();
    assert!(
        error.ends_with("p.jsonl:3: the text is not UTF-8"),
        "{error}"
    );
}
