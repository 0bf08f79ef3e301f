//! Any bytes as `ESConv.json`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_corpus::importers::{EsconvSource, Importer};

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let json = folder.path().join("ESConv.json");
    std::fs::write(&json, data).expect("a temporary file");
    let _ = EsconvSource { json }.import(&folder.path().join("out"), &mut |_| {});
});
