//! Any bytes as the answers of a rater.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_rating::Answers;

fuzz_target!(|data: &[u8]| {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), data).expect("a temporary file");
    if let Ok(answers) = Answers::load(file.path(), 3) {
        assert!(answers.n_whole() <= 3);
    }
});
