//! `smes models`: a model pulled from a hub or a folder is listed, and found again without either.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output};

use smes_testkit::{HubServer, temp_folder};

#[test]
fn the_way_to_the_hub_leads_through_the_proxy_that_is_named() {
    let proxy = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = proxy.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        stream
            .write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
            .unwrap();
        line
    });
    let temp = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_smes"))
        .args(["models", "pull", "somebody/something"])
        .env("SMES_MODELS", temp.path())
        .env("HTTPS_PROXY", address)
        .env_remove("NO_PROXY")
        .env("HF_ENDPOINT", "https://hub.invalid")
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("HTTPS_PROXY"));
    let asked = asked.join().unwrap();
    assert!(asked.starts_with("CONNECT hub.invalid:443 "), "{asked}");
}

/// The program with its own folder of models, and a hub.
fn models(store: &Path, hub: &str, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_smes"))
        .arg("models")
        .args(args)
        .env("SMES_MODELS", store)
        .env("HF_ENDPOINT", hub)
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn files() -> BTreeMap<&'static str, Vec<u8>> {
    BTreeMap::from([
        ("config.json", b"{}".to_vec()),
        ("vocab.json", b"{\"__null__\": 0}".to_vec()),
        ("merges.txt", b"#version: 0.2\n".to_vec()),
        ("pytorch_model.bin", vec![7; 5000]),
    ])
}

#[test]
fn a_model_is_pulled_once_and_listed() {
    let temp = temp_folder();
    let hub = HubServer::start(files());
    let run = |args: &[&str]| models(temp.path(), &hub.address(), args);
    let none = run(&["list"]);
    assert!(none.status.success() && said(&none).contains("no models in"));
    let pulled = run(&["pull", HubServer::MODEL]);
    assert!(pulled.status.success(), "{}", said(&pulled));
    assert!(said(&pulled).contains("4 files"), "{}", said(&pulled));

    let n_requests = hub.n_requests();
    let again = run(&["pull", HubServer::MODEL, "--json"]);
    assert!(said(&again).contains("here already"), "{}", said(&again));
    let listed = run(&["list", "--json"]);
    assert_eq!(hub.n_requests(), n_requests, "the hub was asked again");
    let one: serde_json::Value = serde_json::from_slice(&again.stdout).unwrap();
    let all: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!(all, serde_json::json!([one]));
    assert_eq!(one["name"], HubServer::MODEL);
    let folder = Path::new(one["folder"].as_str().unwrap());
    assert_eq!(
        std::fs::read(folder.join("pytorch_model.bin")).unwrap(),
        files()["pytorch_model.bin"]
    );
}

#[test]
fn a_folder_is_taken_as_a_model_without_a_hub() {
    let temp = temp_folder();
    let (store, copy) = (temp.path().join("store"), temp.path().join("copy"));
    std::fs::create_dir(&copy).unwrap();
    for (name, bytes) in files() {
        std::fs::write(copy.join(name), bytes).unwrap();
    }
    let from = ["pull", HubServer::MODEL, "--from", copy.to_str().unwrap()];
    let pulled = models(&store, "http://127.0.0.1:1", &from);
    assert!(pulled.status.success(), "{}", said(&pulled));
    let listed = models(&store, "http://127.0.0.1:1", &["list"]);
    assert!(
        said(&listed).contains(HubServer::MODEL),
        "{}",
        said(&listed)
    );

    std::fs::remove_file(copy.join("vocab.json")).unwrap();
    let refused = models(&store, "http://127.0.0.1:1", &from);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(
        said(&refused).contains("`vocab.json`"),
        "{}",
        said(&refused)
    );
}

#[test]
fn what_cannot_be_pulled_is_told_with_advice_and_leaves_no_model() {
    let temp = temp_folder();
    let hub = HubServer::start(files());
    let expect = |args: &[&str], hub: &str, code: i32, words: &[&str]| {
        let ended = models(temp.path(), hub, args);
        assert_eq!(ended.status.code(), Some(code), "{}", said(&ended));
        for word in words {
            assert!(said(&ended).contains(word), "{}", said(&ended));
        }
    };
    let (address, nowhere) = (hub.address(), "http://127.0.0.1:1");
    expect(&["pull", "no-owner"], &address, 3, &["`owner/name`"]);
    expect(
        &["pull", "nobody/nothing"],
        &address,
        4,
        &["has no model", "hint: "],
    );
    let pull = ["pull", HubServer::MODEL];
    expect(&pull, nowhere, 4, &["cannot reach", nowhere, "--from DIR"]);
    hub.corrupt("pytorch_model.bin");
    expect(
        &pull,
        &address,
        3,
        &["checksum", "pytorch_model.bin", "hint: "],
    );
    expect(&["list"], nowhere, 0, &["no models in"]);
}
