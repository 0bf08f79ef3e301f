//! Bad input names the file and the place, and leaves nothing behind.

use std::path::Path;

use smes_corpus::importers::{EsconvSource, ImportError, MescJson, MescSource};
use smes_dialogue::SplitName;
use smes_testkit::{fixture, temp_folder};

use crate::import;

/// Imports the MESC fixture after an edit; gives the error without the path, and its hint.
fn mesc_error(edit: impl Fn(String) -> Vec<u8>) -> (String, String) {
    let temp = temp_folder();
    let csv = temp.path().join("MESC.csv");
    let text = fs_err::read_to_string(fixture("mesc/MESC.csv")).unwrap();
    fs_err::write(&csv, edit(text)).unwrap();
    let source = MescSource { csv, json: vec![] };
    told(
        &import(&source, &temp.path().join("out")).unwrap_err(),
        temp.path(),
    )
}

/// The error's text with its hint, after a look that nothing but the source is there.
fn told(error: &ImportError, folder: &Path) -> (String, String) {
    let n_left = fs_err::read_dir(folder).unwrap().count();
    assert_eq!(n_left, 1, "only the source may be in the folder");
    let text = error
        .to_string()
        .replace(&format!("{}/", folder.display()), "");
    (text, error.hint().unwrap_or_default())
}

fn replaced(from: &'static str, to: &'static str) -> impl Fn(String) -> Vec<u8> {
    move |text| {
        assert!(text.contains(from));
        text.replacen(from, to, 1).into_bytes()
    }
}

#[test]
fn a_missing_column_is_named() {
    let (error, _) = mesc_error(replaced("Emotion", "Feeling"));
    assert!(
        error.starts_with("`MESC.csv` line 1: column `Emotion` is missing, found"),
        "{error}"
    );
}

#[test]
fn an_unknown_label_names_the_line_and_the_nearest() {
    let (error, hint) = mesc_error(replaced("open question", "opn question"));
    assert_eq!(
        error,
        "`MESC.csv` line 11 (dialogue 1, utterance 1): unknown strategy `opn question` (label set `mesc-10`)"
    );
    assert!(hint.starts_with("did you mean `Open question`?"), "{hint}");
}

#[test]
fn a_broken_row_is_named() {
    let (error, _) = mesc_error(replaced("sadness,undefined,0,1", "sadness,0,1"));
    assert_eq!(error, "`MESC.csv` line 3: found 9 fields, expected 10");
}

#[test]
fn an_empty_file_and_a_header_alone_are_named() {
    let (error, _) = mesc_error(|_| Vec::new());
    assert_eq!(
        error,
        "`MESC.csv` line 1: the file is empty, expected a header and rows"
    );
    let (error, _) = mesc_error(|text| text.lines().next().unwrap().into());
    assert_eq!(
        error,
        "`MESC.csv` line 1: the file is empty, expected a header and rows"
    );
}

#[test]
fn invalid_utf8_is_named() {
    let (error, _) = mesc_error(|text| {
        let mut bytes = text.into_bytes();
        let at = bytes.windows(5).position(|part| part == b"boxes").unwrap();
        bytes[at] = 0xff;
        bytes
    });
    assert_eq!(error, "`MESC.csv` line 3: column `Utterance` is not UTF-8");
}

#[test]
fn duplicate_ids_are_named() {
    let (error, _) = mesc_error(replaced("undefined,0,1,", "undefined,0,0,"));
    assert_eq!(
        error,
        "`MESC.csv` line 3: utterance 0 of dialogue `0` is a duplicate or out of order"
    );
    let (error, _) = mesc_error(|text| {
        let first = text.lines().nth(1).unwrap().to_owned();
        format!("{text}{first}\r\n").into_bytes()
    });
    assert_eq!(
        error,
        "`MESC.csv` line 38: dialogue `0` comes a second time"
    );
}

#[test]
fn a_number_a_speaker_and_a_strategy_that_cannot_be_are_named() {
    let (error, _) = mesc_error(replaced("undefined,0,1,", "undefined,zero,1,"));
    assert_eq!(
        error,
        "`MESC.csv` line 3: column `Dialogue_ID` has `zero`, expected a whole number"
    );
    let (error, _) = mesc_error(replaced("Client", "Clerk"));
    assert_eq!(
        error,
        "`MESC.csv` line 3: unknown speaker `Clerk`, expected `Client` or `Therapist`"
    );
    let (error, _) = mesc_error(replaced("undefined,0,1,", "Approval,0,1,"));
    assert_eq!(
        error,
        "`MESC.csv` line 3: a seeker's row has the strategy `Approval`, expected `undefined`"
    );
}

/// Imports the MESC fixture with an edited json file.
fn json_error(edit: impl Fn(String) -> String) -> String {
    let temp = temp_folder();
    let path = temp.path().join("val.json");
    let text = fs_err::read_to_string(fixture("mesc/val.json")).unwrap();
    fs_err::write(&path, edit(text)).unwrap();
    let source = MescSource {
        csv: fixture("mesc/MESC.csv"),
        json: vec![MescJson {
            split: SplitName::Validation,
            path,
        }],
    };
    told(
        &import(&source, &temp.path().join("out")).unwrap_err(),
        temp.path(),
    )
    .0
}

#[test]
fn json_errors_name_the_line_and_never_the_words() {
    let error = json_error(|text| text.replacen("\"text\"", "\"words\"", 1));
    assert!(error.starts_with("`val.json` line 11, column"), "{error}");
    assert!(error.ends_with("missing field `text`"), "{error}");
    let error =
        json_error(|text| text.replacen("\"dialog\": [", "\"dialog\": \"marker\", \"x\": [", 1));
    assert!(!error.contains("marker"), "{error}");
    let error = json_error(|text| text[..text.len() / 2].to_owned());
    assert!(error.contains("the file ends inside an entry"), "{error}");
    let error = json_error(|_| "[]".to_owned());
    assert_eq!(
        error,
        "`val.json` line 1: the file is empty, expected an array of dialogues"
    );
    let error = json_error(|text| text.replace("exam", "test"));
    assert!(error.contains("none of its 1 dialogues is in"), "{error}");
}

#[test]
fn a_split_given_twice_is_an_error() {
    let temp = temp_folder();
    let json = MescJson {
        split: SplitName::Test,
        path: fixture("mesc/test.json"),
    };
    let source = MescSource {
        csv: fixture("mesc/MESC.csv"),
        json: vec![json.clone(), json],
    };
    let error = import(&source, &temp.path().join("out")).unwrap_err();
    assert!(matches!(
        error,
        ImportError::SplitTwice {
            split: SplitName::Test,
            ..
        }
    ));
}

#[test]
fn an_esconv_strategy_that_is_unknown_is_an_error() {
    let temp = temp_folder();
    let json = temp.path().join("ESConv.json");
    let text = fs_err::read_to_string(fixture("esconv/ESConv.json")).unwrap();
    fs_err::write(&json, text.replacen("\"Question\"", "\"Questions\"", 1)).unwrap();
    let source = EsconvSource { json };
    let (error, hint) = told(
        &import(&source, &temp.path().join("out")).unwrap_err(),
        temp.path(),
    );
    assert_eq!(
        error,
        "`ESConv.json` line 2 (dialogue 0, utterance 1): unknown strategy `Questions` (label set `esconv-8`)"
    );
    assert!(hint.starts_with("did you mean `Question`?"), "{hint}");
}
