//! How likely the network finds a target, token by token, with the right tokens before
//! (teacher forcing).
//!
//! Reference: `chuyq/Mi-Therapist`, `infer.py`. Its perplexity is that of the words and the end token
//! of a target cut at the longest length that was learnt; label tokens neither count nor can they be
//! chosen, as if the vocabulary ended before them.

use smes_nn::blenderbot::Blenderbot;
use smes_nn::{Device, NnError, Pass, Tensor};

use crate::sequence::Sequence;

/// Natural logarithms of the probability of one target token.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TokenLikelihood {
    /// Among all tokens.
    pub among_all: f64,
    /// Among the tokens that are no labels; none for a label.
    pub among_words: Option<f64>,
}

/// The likelihoods of the tokens of each target, given its source.
///
/// # Errors
/// When a source or a target is empty or too long for the network.
pub fn token_likelihoods(
    model: &Blenderbot,
    sequence: &Sequence,
    sources: &[Vec<u32>],
    targets: &[Vec<u32>],
) -> Result<Vec<Vec<TokenLikelihood>>, NnError> {
    let logits = target_logits(model, sequence, sources, targets)?.to_vec2::<f32>()?;
    let labels = sequence.labels().all();
    // The label tokens are the last of the vocabulary.
    let n_words = labels.first().map_or(usize::MAX, |&first| first as usize);
    let likelihood = |token: u32, logits: &[f32]| TokenLikelihood {
        among_all: log_prob(token, logits),
        among_words: labels
            .binary_search(&token)
            .is_err()
            .then(|| log_prob(token, &logits[..n_words.min(logits.len())])),
    };
    let mut rows = logits.iter();
    let of_target = |target: &Vec<u32>| {
        let pairs = target.iter().zip(rows.by_ref());
        pairs.map(|(&token, row)| likelihood(token, row)).collect()
    };
    Ok(targets.iter().map(of_target).collect())
}

/// Logits of every target token, without padding: `[N, V]`, row after row.
fn target_logits(
    model: &Blenderbot,
    sequence: &Sequence,
    sources: &[Vec<u32>],
    targets: &[Vec<u32>],
) -> Result<Tensor, NnError> {
    let mut pass = Pass::eval();
    let memory = model.encoder_states(sources, &mut pass)?;
    let inputs: Vec<Vec<u32>> = targets
        .iter()
        .map(|target| sequence.decoder_input(target))
        .collect();
    let states = model.decoder_states(&memory, &inputs, &mut pass)?;
    let longest = states.dim(1)?;
    let places: Vec<u32> = targets
        .iter()
        .enumerate()
        .flat_map(|(row, target)| (row * longest..).take(target.len()))
        .filter_map(|place| u32::try_from(place).ok())
        .collect();
    let places = Tensor::new(places, &Device::Cpu)?;
    model.logits(&states.flatten_to(1)?.index_select(&places, 0)?, &pass)
}

/// Of a token of this vocabulary.
fn log_prob(token: u32, logits: &[f32]) -> f64 {
    let peak = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = logits.iter().map(|one| f64::from(one - peak).exp()).sum();
    f64::from(logits[token as usize] - peak) - total.ln()
}
