//! Any bytes as the vocabulary and merges of a published tokenizer, and as what it is to cut up.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_nn::tokenizer;

/// Ends one file and begins the next.
const END: u8 = 0;

fuzz_target!(|data: &[u8]| {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.path().join(name), bytes).expect("a temporary file");
    };
    let (kind, data) = data.split_first().unwrap_or((&0, data));
    let config: &[u8] = match kind % 2 {
        0 => br#"{"model_type": "blenderbot"}"#,
        _ => br#"{"model_type": "blenderbot-small"}"#,
    };
    write("config.json", config);
    let mut parts = data.split(|byte| *byte == END);
    for name in ["vocab.json", "merges.txt", "tokenizer_config.json"] {
        write(name, parts.next().unwrap_or_default());
    }
    match tokenizer::open(folder.path()) {
        Ok(tokenizer) => {
            let text = String::from_utf8_lossy(parts.next().unwrap_or_default());
            let _ = tokenizer.encode(&text);
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
