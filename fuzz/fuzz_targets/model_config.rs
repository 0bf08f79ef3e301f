//! Any bytes as the `config.json` of each architecture.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_nn::bert::BertConfig;
use smes_nn::blenderbot::BlenderbotConfig;
use smes_nn::whisper::WhisperConfig;

fuzz_target!(|json: &[u8]| {
    let errors = [
        BertConfig::from_json(json, "config.json").err(),
        BlenderbotConfig::from_json(json, "config.json").err(),
        WhisperConfig::from_json(json, "config.json").err(),
    ];
    for error in errors.into_iter().flatten() {
        assert!(error.to_string().contains("config.json"));
    }
});
