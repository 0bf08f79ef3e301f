//! Any bytes as a file of predictions.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_evaluation::PredictionReader;

fuzz_target!(|data: &[u8]| {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), data).expect("a temporary file");
    if let Ok(reader) = PredictionReader::open(file.path()) {
        // It ends at the first line that is none.
        for record in reader {
            if record.is_err() {
                break;
            }
        }
    }
});
