//! Tokens a second of the MiniLM-shaped encoder, forward and forward + backward.
//!
//! `cargo run --release -p smes-nn --example bench_bert [BATCH] [TOKENS]` (default 32 x 16); the
//! `PyTorch` side is `goldens/nn/bert/bench.py`.
#![allow(clippy::print_stdout, reason = "an example prints what it measures")]

use std::time::Instant;

use smes_nn::{
    Device, Gradients, NnError, Params, Pass, Tensor,
    bert::{BertConfig, BertEncoder, mean_pool},
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CONFIG: &str = r#"{"vocab_size": 30522, "hidden_size": 384, "num_hidden_layers": 6,
    "num_attention_heads": 12, "intermediate_size": 1536, "hidden_act": "gelu",
    "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
    "max_position_embeddings": 512, "type_vocab_size": 2, "layer_norm_eps": 1e-12}"#;

fn main() -> Result<(), NnError> {
    let mut sizes = std::env::args()
        .skip(1)
        .filter_map(|size| size.parse().ok());
    let batch: usize = sizes.next().unwrap_or(32);
    let length: usize = sizes.next().unwrap_or(16);
    let config = BertConfig::from_json(CONFIG.as_bytes(), "built-in")?;
    let params = Params::new();
    BertEncoder::load(&params.initialiser(1), &config)?;
    params.freeze(|name| name.starts_with("embeddings."));
    let encoder = BertEncoder::load(&params.loader(), &config)?;

    let ids: Vec<u32> = (0..)
        .map(|i| i * 7919 % 30_000)
        .take(batch * length)
        .collect();
    let ids = Tensor::from_vec(ids, (batch, length), &Device::Cpu)?;
    let mask = ids.ones_like()?;
    let forward = |pass: &mut Pass| mean_pool(&encoder.forward(&ids, &mask, pass)?, &mask);
    let report = |what: &str, run: &dyn Fn(u64) -> Result<(), NnError>| -> Result<(), NnError> {
        run(0)?;
        let mut seconds = Vec::new();
        for step in 1..=15 {
            let start = Instant::now();
            run(step)?;
            seconds.push(start.elapsed().as_secs_f64());
        }
        seconds.sort_by(f64::total_cmp);
        let median = seconds[seconds.len() / 2];
        let rate = (batch * length) as f64 / median;
        println!(
            "{what:<28} median {:7.1} ms {rate:9.0} tokens/s",
            median * 1e3
        );
        Ok(())
    };
    report("forward, evaluation", &|_| {
        forward(&mut Pass::eval()).map(drop)
    })?;
    report("forward + backward, training", &|step| {
        let loss = forward(&mut Pass::train(1, step))?.sqr()?.sum_all()?;
        Gradients::of(&loss, &params).map(drop)
    })
}
