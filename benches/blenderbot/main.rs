//! `BlenderbotSmall` 90M with random weights: training steps or greedy decoding, in the shapes of the
//! peers beside this file. `run.py` runs all of them.
//!
//! `blenderbot train f32|bf16 [REPEATS]` or `blenderbot decode f32|bf16|int8 [REPEATS]` prints one
//! JSON object a measurement.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program: it prints its figures, and any fault voids the measurement"
)]

use std::time::Instant;

use smes_nn::{
    Gradients, Params, Pass, Precision, RandomStream,
    blenderbot::{Blenderbot, BlenderbotConfig, DecodingWeights},
    generation::{GenerationSettings, Session},
    optim::{AdamW, AdamWConfig, ParamGroup},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const VOCABULARY: u64 = 54_969;
const N_ENCODER: usize = 160;
const N_DECODER: usize = 40;
const BATCH: usize = 16;
const CONFIG: &str = r#"{"model_type": "blenderbot-small", "vocab_size": 54969, "d_model": 512,
    "encoder_layers": 8, "decoder_layers": 8, "encoder_attention_heads": 16,
    "decoder_attention_heads": 16, "encoder_ffn_dim": 2048, "decoder_ffn_dim": 2048,
    "activation_function": "gelu", "dropout": 0.1, "attention_dropout": 0.0,
    "activation_dropout": 0.0, "max_position_embeddings": 512, "init_std": 0.02,
    "scale_embedding": true, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2}"#;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut arguments = arguments.iter().map(String::as_str);
    let (what, precision) = (arguments.next(), arguments.next());
    let repeats = arguments.next().map_or(5, |n| n.parse().unwrap());
    match (what, precision) {
        (Some("train"), Some("f32")) => train(Precision::F32, repeats),
        (Some("train"), Some("bf16")) => train(Precision::Bf16, repeats),
        (Some("decode"), Some("f32")) => decode(None, repeats),
        (Some("decode"), Some("bf16")) => decode(Some(DecodingWeights::Bf16), repeats),
        (Some("decode"), Some("int8")) => decode(Some(DecodingWeights::Int8), repeats),
        _ => println!("blenderbot train f32|bf16 [REPEATS], decode f32|bf16|int8 [REPEATS]"),
    }
}

/// Random tokens, none of them special.
fn ids(seed: u64, rows: usize, length: usize) -> Vec<Vec<u32>> {
    let stream = RandomStream::new(seed);
    let token = |at: usize| u32::try_from(5 + stream.bits(at as u64) % (VOCABULARY - 5)).unwrap();
    let row = |row: usize| (0..length).map(|i| token(row * length + i)).collect();
    (0..rows).map(row).collect()
}

fn model() -> (Params, Blenderbot) {
    let params = Params::new();
    let config = BlenderbotConfig::from_json(CONFIG.as_bytes(), "built-in").unwrap();
    let model = Blenderbot::load(&params.initialiser(1), &config).unwrap();
    (params, model)
}

/// Largest resident memory so far, in MB.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
    kilobytes.unwrap_or(f64::NAN) / 1024.0
}

/// Processor time of all threads so far, in seconds; Linux counts it in hundredths.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields = after_name.split_whitespace().skip(11).take(2);
    fields
        .filter_map(|field| field.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

fn train(precision: Precision, repeats: u64) {
    smes_nn::keep_freed_memory();
    let (params, model) = model();
    let group = ParamGroup::new("all", &params, 3e-5, 0.01, |_| true);
    let config = AdamWConfig {
        max_norm: Some(1.0),
        ..AdamWConfig::default()
    };
    let mut optimiser = AdamW::new(vec![group], config).unwrap();
    for step in 0..repeats {
        let (sources, targets) = (
            ids(2 * step, BATCH, N_ENCODER),
            ids(2 * step + 1, BATCH, N_DECODER),
        );
        let (began, cpu) = (Instant::now(), cpu_seconds());
        let mut pass = Pass::train(1, step).with_precision(precision);
        let loss = model
            .loss(&sources, &targets, &mut pass)
            .unwrap()
            .mean()
            .unwrap();
        let forward = began.elapsed();
        let began_backward = Instant::now();
        let gradients = Gradients::of(&loss, &params).unwrap();
        let backward = began_backward.elapsed();
        optimiser.step(&gradients, 1.0).unwrap();
        drop(gradients);
        let seconds = began.elapsed();
        let value = loss.to_scalar::<f32>().unwrap();
        println!(
            "{{\"seconds\": {:.4}, \"cpu\": {:.2}, \"forward\": {:.4}, \"backward\": {:.4}, \"loss\": {value:.4}, \"peak_mb\": {:.0}}}",
            seconds.as_secs_f64(),
            cpu_seconds() - cpu,
            forward.as_secs_f64(),
            backward.as_secs_f64(),
            peak_mb()
        );
    }
}

fn decode(weights: Option<DecodingWeights>, repeats: u64) {
    let (_, model) = model();
    let model = match weights {
        None => model,
        Some(weights) => model.for_decoding(weights).unwrap(),
    };
    // The start token counts, and nothing ends before.
    let settings = GenerationSettings {
        min_length: N_DECODER + 1,
        ..GenerationSettings::greedy(N_DECODER + 1)
    };
    for batch in [1, BATCH] {
        for repeat in 0..repeats {
            let sources = ids(repeat, batch, N_ENCODER);
            let (began, cpu) = (Instant::now(), cpu_seconds());
            let session = Session::begin(&model, &sources).unwrap();
            let encoded = began.elapsed();
            let outputs = session.generate(&settings, &mut |_, _| {}).unwrap();
            assert!(outputs.iter().all(|one| one.token_ids.len() == N_DECODER));
            let seconds = began.elapsed();
            println!(
                "{{\"batch\": {batch}, \"seconds\": {:.4}, \"cpu\": {:.2}, \"encode\": {:.4}, \"peak_mb\": {:.0}}}",
                seconds.as_secs_f64(),
                cpu_seconds() - cpu,
                encoded.as_secs_f64(),
                peak_mb()
            );
        }
    }
}
