//! Any bytes as a csv file of MELD.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_corpus::importers::{Importer, MeldSource};

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["train_sent_emo.csv", "dev_sent_emo.csv", "test_sent_emo.csv"] {
        std::fs::write(folder.path().join(name), data).expect("a temporary file");
    }
    let source = MeldSource { folder: folder.path().to_owned() };
    let _ = source.import(&folder.path().join("out"), &mut |_| {});
});
