//! `smes transcribe` with the tiny Whisper that writes down tones as letters (`goldens/speech`).

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use smes_testkit::temp_folder;

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../speech/tests/golden/whisper")
}

fn transcribe(store: &Path, args: &[&str]) -> Output {
    let clip = golden().join("cafe.wav");
    Command::new(env!("CARGO_BIN_EXE_smes"))
        .arg("transcribe")
        .arg(clip)
        .args(args)
        .env("SMES_MODELS", store)
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_words_are_printed_and_as_json_with_their_times() {
    let temp = temp_folder();
    let name = format!("whisper:{}", golden().join("model").display());
    let printed = transcribe(temp.path(), &["--transcriber", &name]);
    assert!(printed.status.success(), "{}", said(&printed));
    assert_eq!(String::from_utf8_lossy(&printed.stdout), "cafe\n");
    let json = transcribe(
        temp.path(),
        &["--transcriber", &name, "--language", "en", "--json"],
    );
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(
        (&report["text"], &report["language"]),
        (&"cafe".into(), &"en".into())
    );
    assert_eq!(report["spans"][0]["end_ms"], report["duration_ms"]);
}

#[test]
fn a_model_that_is_not_here_and_a_name_that_is_none_say_what_to_do() {
    let temp = temp_folder();
    for (args, code, words) in [
        (&[][..], 4, "smes models pull openai/whisper-base"),
        (&["--transcriber", "whisper:nowhere"], 4, "smes models pull"),
        (&["--transcriber", "parrot"], 3, "endpoint:URL"),
        (
            &["--transcriber", "endpoint:nowhere"],
            3,
            "/audio/transcriptions",
        ),
    ] {
        let failed = transcribe(temp.path(), args);
        assert_eq!(failed.status.code(), Some(code), "{}", said(&failed));
        assert!(said(&failed).contains(words), "{}", said(&failed));
    }
}
