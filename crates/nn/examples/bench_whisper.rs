//! Time of a Whisper of base size over one window of 30 seconds: the encoder, then tokens.
//!
//! `cargo run --release -p smes-nn --example bench_whisper [TOKENS]` (default 32); the `PyTorch` side
//! is `goldens/speech/whisper/bench.py`. Weights are random: they take the same time.
#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

use std::time::Instant;

use smes_nn::{
    DType, Device, NnError, Params, Tensor,
    whisper::{Whisper, WhisperConfig},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONFIG: &str = r#"{"model_type": "whisper", "vocab_size": 51865, "num_mel_bins": 80,
    "d_model": 512, "encoder_layers": 6, "decoder_layers": 6, "encoder_attention_heads": 8,
    "decoder_attention_heads": 8, "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048,
    "max_source_positions": 1500, "max_target_positions": 448, "activation_function": "gelu",
    "decoder_start_token_id": 50258, "eos_token_id": 50257}"#;
const ROUNDS: usize = 5;

fn main() -> Result<(), NnError> {
    let n_tokens = std::env::args().nth(1).and_then(|n| n.parse().ok());
    let n_tokens: u32 = n_tokens.unwrap_or(32);
    let config = WhisperConfig::from_json(CONFIG.as_bytes(), "built-in")?;
    let params = Params::new();
    Whisper::load(&params.initialiser(1), config.clone())?;
    params.freeze(|_| true);
    let model = Whisper::load(&params.loader(), config.clone())?;
    let shape = (config.n_frames(), config.num_mel_bins);
    let log_mel = Tensor::zeros(shape, DType::F32, &Device::Cpu)?;
    let (mut encoding, mut decoding) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let heard = model.encode(&log_mel)?;
        encoding.push(begun.elapsed().as_secs_f64() * 1e3);
        let begun = Instant::now();
        let mut cache = model.start(&heard)?;
        model.step(&[50258, 50259, 50359, 50363], &mut cache)?;
        for token in 0..n_tokens {
            model.step(&[token], &mut cache)?;
        }
        decoding.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    println!(
        "encoder {:.0} ms, {n_tokens} tokens {:.0} ms (best of {ROUNDS})",
        least(&encoding),
        least(&decoding)
    );
    Ok(())
}

fn least(times: &[f64]) -> f64 {
    times.iter().copied().fold(f64::INFINITY, f64::min)
}
