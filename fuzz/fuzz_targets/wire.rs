//! Any bytes as a message of the live conversation, and as a history.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_dialogue::{mesc_emotions, mesc_strategies};
use smes_server::wire::{ClientMessage, Envelope};
use smes_server::{HistoryBounds, parse_history};

fuzz_target!(|data: &[u8]| {
    if let Ok(message) = serde_json::from_slice::<ClientMessage>(data) {
        let json = serde_json::to_vec(&message).expect("a message can be written");
        let again: ClientMessage = serde_json::from_slice(&json).expect("and read back");
        assert!(again == message);
    }
    let _ = serde_json::from_slice::<Envelope>(data);
    if let Ok(json) = std::str::from_utf8(data) {
        let bounds = HistoryBounds {
            emotions: &mesc_emotions(),
            strategies: &mesc_strategies(),
            utterances: 100,
            text_chars: 1_000,
        };
        let _ = parse_history(json, &bounds);
    }
});
