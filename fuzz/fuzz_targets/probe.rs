//! Any bytes as what ffprobe prints of a stranger's file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_media::parse_probe;

fuzz_target!(|json: &[u8]| {
    if let Err(error) = parse_probe(json) {
        assert!(!error.to_string().is_empty());
    }
});
