//! Bad input names the file and the place, says what to do, and leaves nothing half-written.

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use smes_testkit::{corpus_folder, fixture, temp_folder};

/// What the program said and how it ended.
struct Ended {
    code: Option<i32>,
    said: String,
}

fn smes(args: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_smes"))
        .args(args)
        .output()
        .unwrap();
    Ended {
        code: output.status.code(),
        said: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Ended {
    /// That it ended with the code, said all of the words, and gave a hint.
    #[track_caller]
    fn expect(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.said);
        for word in words {
            assert!(
                self.said.contains(word),
                "`{word}` is not in: {}",
                self.said
            );
        }
        assert!(self.said.contains("hint: "), "no hint: {}", self.said);
        assert!(!self.said.contains("panicked"), "{}", self.said);
    }
}

/// Imports a changed copy of the fixture; nothing may be left behind.
#[track_caller]
fn import_of(change: impl Fn(&str) -> String, words: &[&str]) {
    let temp = temp_folder();
    let csv = temp.path().join("MESC.csv");
    let original = std::fs::read_to_string(fixture("mesc/MESC.csv")).unwrap();
    std::fs::write(&csv, change(&original)).unwrap();
    let out = temp.path().join("corpus");
    let args = [
        "corpus",
        "import",
        "mesc",
        "--csv",
        text(&csv),
        "--out",
        text(&out),
    ];
    smes(&args).expect(3, words);
    let left: Vec<_> = std::fs::read_dir(temp.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "more than the csv is there: {left:?}");
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_missing_column_is_named() {
    import_of(
        |csv| csv.replacen("Strategy", "Tactics", 1),
        &["MESC.csv", "line 1", "`Strategy`"],
    );
}

#[test]
fn an_unknown_label_is_named_with_its_line() {
    import_of(
        |csv| csv.replacen(",neutral,", ",netural,", 1),
        &["MESC.csv", "line ", "netural", "neutral"],
    );
}

#[test]
fn a_broken_row_is_named_by_its_line() {
    import_of(
        |csv| {
            let mut lines: Vec<&str> = csv.lines().collect();
            lines.insert(2, "\"half a row");
            lines.truncate(4);
            lines.join("\n")
        },
        &["MESC.csv", "line "],
    );
}

#[test]
fn an_empty_corpus_is_refused() {
    import_of(|_| String::new(), &["MESC.csv", "empty"]);
}

#[test]
fn files_that_are_absent_are_named_with_advice() {
    let temp = temp_folder();
    let (absent, out) = (temp.path().join("absent"), temp.path().join("out"));
    let (absent, out) = (text(&absent), text(&out));
    for args in [
        vec!["corpus", "import", "mesc", "--csv", absent, "--out", out],
        vec!["corpus", "check", absent],
        vec!["train", absent],
        vec!["score", absent],
        vec!["clip", absent],
        vec!["turn", "--clip", absent],
        vec!["turn", "--text", "hi", "--history", absent],
        vec!["predict", "--corpus", absent, "--out", out],
    ] {
        smes(&args).expect(3, &["absent"]);
    }
    assert!(std::fs::read_dir(temp.path()).unwrap().next().is_none());
}

#[test]
fn a_clip_that_is_no_media_is_an_error_also_beside_words() {
    let temp = temp_folder();
    let clip = temp.path().join("notes.webm");
    std::fs::write(&clip, "these are no pictures").unwrap();
    let words = ["notes.webm", "not a known sound or video format"];
    smes(&["turn", "--text", "hi", "--clip", text(&clip)]).expect(3, &words);
    smes(&["turn", "--clip", text(&clip)]).expect(3, &words);
    smes(&["clip", text(&clip)]).expect(3, &words);
}

#[test]
fn a_clip_without_sound_is_answered_from_its_face() {
    let Some(folder) = smes_testkit::shared_data("clips") else {
        return;
    };
    let clip = folder.join("silence_girl.mp4");
    let turn = Command::new(env!("CARGO_BIN_EXE_smes"))
        .args(["turn", "--json", "--clip", text(&clip)])
        .output()
        .unwrap();
    assert!(turn.status.success(), "{turn:?}");
    let said = String::from_utf8_lossy(&turn.stdout);
    for part in [
        "The face was",
        "the clip has no sound",
        "face.share_neutral",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_history_with_unknown_labels_names_the_utterance_and_the_nearest_label() {
    let temp = temp_folder();
    let history = temp.path().join("history.json");
    let utterance =
        r#"[{"role": "supporter", "text": "How are you?", "strategy": "Open qestion"}]"#;
    std::fs::write(&history, utterance).unwrap();
    let args = ["turn", "--text", "hi", "--history", text(&history)];
    smes(&args).expect(3, &["history.json", "Open qestion", "Open question"]);
}

#[test]
fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    smes(&["serve", "--port", &port]).expect(4, &[&port, "in use"]);
}

#[test]
fn a_broken_model_ends_every_command_alike_and_an_absent_one_too() {
    let temp = temp_folder();
    let model = temp.path().join("model");
    let starter = format!("starter:{}", text(&model));
    let (corpus, out) = (corpus_folder(), temp.path().join("out"));
    let commands = [
        vec!["turn", "--text", "hi", "--reasoner", &starter],
        vec!["serve", "--port", "0", "--reasoner", &starter],
        vec!["chat", "--reasoner", &starter],
        vec![
            "predict",
            "--corpus",
            text(&corpus),
            "--out",
            text(&out),
            "--reasoner",
            &starter,
        ],
    ];
    for args in &commands {
        smes(args).expect(4, &["config.toml"]);
    }
    std::fs::create_dir(&model).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/starter");
    for entry in std::fs::read_dir(shipped).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), model.join(entry.file_name())).unwrap();
    }
    let weights = model.join("encoder.safetensors");
    let whole = std::fs::read(&weights).unwrap();
    std::fs::write(&weights, &whole[..whole.len() / 2]).unwrap();
    for args in &commands {
        smes(args).expect(3, &["encoder.safetensors", "cut short"]);
    }
    assert!(!out.exists());
}
