//! Any bytes as what a server of models answers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_endpoint::{read_answer, read_transcription};

fuzz_target!(|body: &[u8]| {
    if let Some((_, mut usage)) = read_answer(body) {
        usage += usage;
    }
    let _ = read_transcription(body);
});
