//! A file of weights, safetensors or PyTorch's, ends with tensors or a typed error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use smes_nn::checkpoint;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = checkpoint::read(bytes, "weights.bin", &[]) {
        assert!(!error.to_string().is_empty());
    }
});
