//! Any bytes as `MESC.csv`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_corpus::importers::{Importer, MescSource};

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let csv = folder.path().join("MESC.csv");
    std::fs::write(&csv, data).expect("a temporary file");
    let source = MescSource { csv, json: vec![] };
    let _ = source.import(&folder.path().join("out"), &mut |_| {});
});
