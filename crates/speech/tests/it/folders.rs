//! Model folders in which something is missing, cut short, or of another model.

use std::collections::BTreeMap;
use std::path::Path;

use smes_nn::checkpoint::{self, StoredAs};
use smes_speech::{SpeechError, WhisperTranscriber};

use crate::support::model_folder;

/// A copy of the model's folder, changed.
fn error_after(change: impl FnOnce(&Path)) -> SpeechError {
    let temp = tempfile::tempdir().unwrap();
    for entry in fs_err::read_dir(model_folder()).unwrap() {
        let path = entry.unwrap().path();
        fs_err::copy(&path, temp.path().join(path.file_name().unwrap())).unwrap();
    }
    change(temp.path());
    WhisperTranscriber::open(temp.path()).unwrap_err()
}

/// The error with all its causes.
fn chain(error: &SpeechError) -> String {
    let first: &dyn std::error::Error = error;
    let causes = std::iter::successors(Some(first), |error| error.source());
    let said: Vec<String> = causes.map(ToString::to_string).collect();
    said.join(": ")
}

fn check(change: impl FnOnce(&Path), expected: &[&str]) {
    let error = error_after(change);
    let said = chain(&error);
    for words in expected {
        assert!(said.contains(words), "{said}");
    }
    let hint = error.hint().unwrap();
    assert!(
        hint.contains("smes models pull openai/whisper-base"),
        "{hint}"
    );
}

#[test]
fn each_missing_file_is_named() {
    for name in [
        "config.json",
        "generation_config.json",
        "tokenizer.json",
        "model.safetensors",
    ] {
        check(
            |folder| fs_err::remove_file(folder.join(name)).unwrap(),
            &[name],
        );
    }
    let error = WhisperTranscriber::open(Path::new("nowhere")).unwrap_err();
    assert!(matches!(error, SpeechError::NoFolder { .. }), "{error}");
}

#[test]
fn another_architecture_is_named() {
    let bert = r#"{"model_type": "bert", "hidden_size": 32}"#;
    check(
        |folder| fs_err::write(folder.join("config.json"), bert).unwrap(),
        &["model_type", "bert", "whisper"],
    );
}

#[test]
fn a_file_that_is_cut_short_says_how_long_it_should_be() {
    let cut = |name: &'static str| {
        move |folder: &Path| {
            let bytes = fs_err::read(folder.join(name)).unwrap();
            fs_err::write(folder.join(name), &bytes[..bytes.len() / 2]).unwrap();
        }
    };
    check(cut("model.safetensors"), &["size of", "announces"]);
    for name in ["config.json", "generation_config.json", "tokenizer.json"] {
        check(cut(name), &[name]);
    }
}

#[test]
fn missing_and_unused_tensors_are_named() {
    const GONE: &str = "model.decoder.layers.1.encoder_attn.v_proj.bias";
    const MORE: &str = "model.decoder.layers.1.encoder_attn.k_proj.bias";
    let rewrite = |folder: &Path, change: &dyn Fn(&mut BTreeMap<String, smes_nn::Tensor>)| {
        let file = folder.join("model.safetensors");
        let mut read = checkpoint::read_file(&file).unwrap();
        change(&mut read.tensors);
        checkpoint::write(&file, &read.tensors, &BTreeMap::new(), |_| StoredAs::F32).unwrap();
    };
    check(
        |folder| rewrite(folder, &|tensors| drop(tensors.remove(GONE))),
        &["no tensor", GONE],
    );
    check(
        |folder| {
            rewrite(folder, &|tensors| {
                let one = tensors[GONE].clone();
                tensors.insert(MORE.to_owned(), one);
            });
        },
        &["does not use", MORE],
    );
    check(
        |folder| {
            rewrite(folder, &|tensors| {
                let table = tensors["model.decoder.embed_tokens.weight"].clone();
                tensors.insert("proj_out.weight".to_owned(), (table * 2.0).unwrap());
            });
        },
        &["proj_out.weight", "differs"],
    );
}

#[test]
fn a_token_that_the_model_does_not_have_is_named() {
    check(
        |folder| {
            let file = folder.join("generation_config.json");
            let text = r#"{"no_timestamps_token_id": 50363}"#;
            fs_err::write(file, text).unwrap();
        },
        &["50363"],
    );
}
