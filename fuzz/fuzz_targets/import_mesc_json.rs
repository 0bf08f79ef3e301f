//! Any bytes as a json file of MESC, beside a small csv.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_corpus::importers::{Importer, MescJson, MescSource};
use smes_dialogue::SplitName;

const CSV: &[u8] = include_bytes!("../../crates/testkit/fixtures/mesc/MESC.csv");

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let csv = folder.path().join("MESC.csv");
    let path = folder.path().join("test.json");
    std::fs::write(&csv, CSV).expect("a temporary file");
    std::fs::write(&path, data).expect("a temporary file");
    let json = vec![MescJson { split: SplitName::Test, path }];
    let _ = MescSource { csv, json }.import(&folder.path().join("out"), &mut |_| {});
});
