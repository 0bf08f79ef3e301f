//! The fixture files and what is in them.

use std::path::{Path, PathBuf};

use smes_dialogue::Dialogue;
use tempfile::TempDir;

/// Path of a fixture file, for example `mesc/MESC.csv`, `meld`, `esconv/ESConv.json`.
///
/// # Panics
/// When there is none of that name.
#[track_caller]
pub fn fixture(relative: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(relative);
    assert!(path.exists(), "no fixture `{relative}`");
    path
}

/// The five invented MESC dialogues as a corpus folder, with cues of `video-llama` for three of
/// them. Two are train, one is validation, two are test. Read-only: copy it before changing it.
pub fn corpus_folder() -> PathBuf {
    fixture("corpus")
}

/// The five invented MESC dialogues.
///
/// # Panics
/// When the fixture is broken.
pub fn dialogues() -> Vec<Dialogue> {
    std::fs::read_to_string(corpus_folder().join("dialogues.jsonl"))
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A folder that is removed when dropped.
///
/// # Panics
/// When the system gives none.
pub fn temp_folder() -> TempDir {
    tempfile::tempdir().unwrap()
}
