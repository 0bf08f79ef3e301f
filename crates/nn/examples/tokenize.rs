//! Ids of texts by the tokenizer of a model folder: JSON strings in, arrays of ids out, a line each.
//!
//! `cargo run -p smes-nn --example tokenize -- FOLDER < texts.jsonl`. With `--train SIZE` the
//! tokenizer is learned from the texts and written to the folder first. For
//! `goldens/nn/tokenizers/compare.py`.

use std::{
    error::Error,
    io::{self, BufRead, Write},
    path::PathBuf,
};

use smes_nn::tokenizer::{BlenderbotSmallTokenizer, SubwordTokenizer, train_small_bpe};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder: PathBuf = args
        .next()
        .ok_or("usage: tokenize FOLDER [--train SIZE]")?
        .into();
    let texts: Vec<String> = io::stdin()
        .lock()
        .lines()
        .map(|line| Ok::<String, Box<dyn Error>>(serde_json::from_str(&line?)?))
        .collect::<Result<_, _>>()?;
    if args.next().as_deref() == Some("--train") {
        let size = args.next().ok_or("`--train` needs a size")?.parse()?;
        train_small_bpe(texts.iter().map(String::as_str), size)?.save(&folder)?;
    }
    let tokenizer = BlenderbotSmallTokenizer::open(&folder)?;
    let mut out = io::stdout().lock();
    for text in &texts {
        writeln!(out, "{}", serde_json::to_string(&tokenizer.encode(text)?)?)?;
    }
    Ok(())
}
