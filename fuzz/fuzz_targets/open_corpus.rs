//! Any bytes as the dialogues of a corpus folder: reading, checking, counting.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_corpus::{Corpus, check, statistics};

const MANIFEST: &[u8] = include_bytes!("../../crates/testkit/fixtures/corpus/corpus.toml");
const SPLITS: &[u8] = include_bytes!("../../crates/testkit/fixtures/corpus/splits.toml");

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("a temporary file");
    };
    write("corpus.toml", MANIFEST);
    write("splits.toml", SPLITS);
    write("dialogues.jsonl", data);
    let corpus = Corpus::open(folder.path()).expect("the settings are valid");
    let _ = check(&corpus);
    let _ = statistics(&corpus);
});
