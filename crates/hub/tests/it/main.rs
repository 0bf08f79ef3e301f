//! Pulling from a server on this machine that speaks the hub's protocol: the list of files,
//! redirects to large ones, `ETag`s, ranges.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{collections::BTreeMap, path::Path};

use smes_hub::{Hub, HubError, ModelName, ModelStore, PullProgress};
use smes_testkit::{HubServer, etag};

#[derive(Default)]
struct Told(Vec<String>);

impl PullProgress for Told {
    fn begin(&mut self, file: &str, n_bytes: u64) {
        self.0.push(format!("{file} {n_bytes}"));
    }

    fn advance(&mut self, _n_bytes: u64) {}

    fn end(&mut self) {}
}

fn name() -> ModelName {
    HubServer::MODEL.parse().unwrap()
}

fn files() -> BTreeMap<&'static str, Vec<u8>> {
    let weights: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
    BTreeMap::from([
        ("config.json", b"{}".to_vec()),
        ("vocab.json", b"{\"__null__\": 0}".to_vec()),
        ("merges.txt", b"#version: 0.2\n".to_vec()),
        ("pytorch_model.bin", weights),
        ("generation_config.json", b"{}".to_vec()),
        ("README.md", b"not fetched".to_vec()),
    ])
}

fn pull(server: &HubServer, store: &ModelStore) -> Result<smes_hub::StoredModel, HubError> {
    Hub::at(server.address()).pull(&name(), "main", store, &mut Told::default())
}

#[test]
fn a_model_is_fetched_checked_listed_and_found_without_the_server() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::at(dir.path().join("models"));
    assert!(store.list().unwrap().is_empty());
    let server = HubServer::start(files());
    let mut told = Told::default();
    let model = Hub::at(server.address())
        .pull(&name(), "main", &store, &mut told)
        .unwrap();
    assert!(
        told.0.contains(&"pytorch_model.bin 300000".to_owned()),
        "{:?}",
        told.0
    );
    let names: Vec<&str> = model
        .record
        .files
        .iter()
        .map(|file| file.name.as_str())
        .collect();
    let expected = [
        "config.json",
        "vocab.json",
        "merges.txt",
        "pytorch_model.bin",
        "generation_config.json",
    ];
    assert_eq!(names, expected);
    for file in expected {
        assert_eq!(
            std::fs::read(model.folder.join(file)).unwrap(),
            files()[file],
            "{file}"
        );
    }
    // Again: only the list of files is asked for.
    let n_before = server.n_requests();
    assert_eq!(pull(&server, &store).unwrap(), model);
    assert_eq!(server.n_requests(), n_before + 1);
    drop(server);
    assert_eq!(store.find(&name()).unwrap(), Some(model.clone()));
    assert_eq!(store.list().unwrap(), [model]);
}

#[test]
fn an_interrupted_file_goes_on_where_it_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::at(dir.path());
    let server = HubServer::start(files());
    server.cut_after(100_000);
    let model = pull(&server, &store).unwrap();
    let weights = std::fs::read(model.folder.join("pytorch_model.bin")).unwrap();
    assert_eq!(weights, files()["pytorch_model.bin"]);
    let ranges = server.ranges("pytorch_model.bin");
    assert!(ranges.contains(&"bytes=100000-".to_owned()), "{ranges:?}");
}

#[test]
fn a_part_that_is_whole_or_too_long_is_fetched_anew() {
    for n_extra in [0, 7] {
        let dir = tempfile::tempdir().unwrap();
        let store = ModelStore::at(dir.path());
        let server = HubServer::start(files());
        let blobs = dir
            .path()
            .join("models--facebook--blenderbot_small-90M/blobs");
        std::fs::create_dir_all(&blobs).unwrap();
        let weights = &files()["pytorch_model.bin"];
        let part = [weights.clone(), vec![0; n_extra]].concat();
        std::fs::write(blobs.join(format!("{}.part", etag(weights))), part).unwrap();
        let model = pull(&server, &store).unwrap();
        let found = std::fs::read(model.folder.join("pytorch_model.bin")).unwrap();
        assert_eq!(&found, weights);
    }
}

#[test]
fn a_file_that_is_not_what_was_announced_is_refused_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::at(dir.path());
    let server = HubServer::start(files());
    server.corrupt("pytorch_model.bin");
    let error = pull(&server, &store).unwrap_err();
    assert!(matches!(&error, HubError::Checksum { file, .. } if file == "pytorch_model.bin"));
    assert!(store.list().unwrap().is_empty());
    server.heal();
    pull(&server, &store).unwrap();
    assert_eq!(store.list().unwrap().len(), 1);
}

#[test]
fn without_a_network_or_a_model_the_error_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::at(dir.path());
    let server = HubServer::start(files());
    let address = server.address();
    let other: ModelName = "nobody/nothing".parse().unwrap();
    let error = Hub::at(&address)
        .pull(&other, "main", &store, &mut Told::default())
        .unwrap_err();
    assert!(matches!(error, HubError::NotFound { .. }), "{error:?}");
    drop(server);
    let error = Hub::at(&address)
        .pull(&name(), "main", &store, &mut Told::default())
        .unwrap_err();
    assert!(matches!(error, HubError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains(&address));
    assert!(error.hint().unwrap().contains("--from DIR"));
}

#[test]
fn a_repository_without_weights_is_named() {
    let mut without = files();
    without.remove("pytorch_model.bin");
    let server = HubServer::start(without);
    let dir = tempfile::tempdir().unwrap();
    let error = pull(&server, &ModelStore::at(dir.path())).unwrap_err();
    assert!(matches!(
        error,
        HubError::MissingFile {
            missing: "model.safetensors",
            ..
        }
    ));
}

#[test]
fn a_copy_of_a_folder_is_a_model_like_any_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::at(dir.path().join("store"));
    let from = dir.path().join("copy");
    let write = |folder: &Path, file: &str, bytes: &[u8]| {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(file), bytes).unwrap();
    };
    write(&from, "config.json", b"{}");
    let error = store.copy(&name(), &from).unwrap_err();
    assert!(error.to_string().contains("vocab.json"), "{error}");
    for (file, bytes) in files() {
        write(&from, file, &bytes);
    }
    let model = store.copy(&name(), &from).unwrap();
    assert!(model.record.revision.starts_with("local-"));
    assert_eq!(store.find(&name()).unwrap(), Some(model.clone()));
    std::fs::remove_dir_all(&from).unwrap();
    let weights = std::fs::read(model.folder.join("pytorch_model.bin")).unwrap();
    assert_eq!(weights.len(), 300_000);
}
