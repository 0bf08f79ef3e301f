//! One attempt at the words of a window, and whether it is good enough.
//!
//! Greedy first, then by chance at rising temperatures while the words look unsure or go round in
//! circles (Radford et al. 2022, 4.5; `DecodingTask` of openai-whisper, `_need_fallback` of
//! transformers).

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use smes_nn::generation::{argmax, softmax_of, token_at};
use smes_nn::seq2seq::Cache;
use smes_nn::whisper::Whisper;
use smes_nn::{NnError, RandomStream};

use super::prompt::GenerationConfig;
use crate::{Hints, SpeechError};

/// Tried one after the other.
pub(super) const TEMPERATURES: [f32; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
/// Below this mean logarithm of probabilities the words are unsure.
const LEAST_LOG_PROB: f32 = -1.0;
/// Above this ratio of length before and after compression the words go round in circles.
const MOST_COMPRESSION: f32 = 2.4;
/// From this probability on nobody spoke, where the words are unsure too.
const NO_SPEECH: f32 = 0.6;

/// What an attempt came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attempt {
    /// Without the prompt and the end.
    pub(super) tokens: Vec<u32>,
    /// Of the tokens and the end.
    pub(super) mean_log_prob: f32,
    /// How likely nobody spoke.
    pub(super) no_speech_prob: f32,
    compression: f32,
}

impl Attempt {
    pub(super) fn is_silence(&self) -> bool {
        self.no_speech_prob > NO_SPEECH && self.mean_log_prob < LEAST_LOG_PROB
    }

    pub(super) fn is_good(&self) -> bool {
        self.mean_log_prob >= LEAST_LOG_PROB && self.compression <= MOST_COMPRESSION
    }
}

/// Makes attempts at one window.
pub(super) struct Decoder<'d> {
    pub(super) model: &'d Whisper,
    pub(super) config: &'d GenerationConfig,
    pub(super) prompt: &'d [u32],
    /// Without tokens yet; each attempt takes a copy.
    pub(super) fresh: &'d Cache,
    /// Most tokens of an attempt, the prompt left out.
    pub(super) n_tokens: usize,
}

impl Decoder<'_> {
    /// Decodes at a temperature; `chance` is used above 0.
    pub(super) fn attempt(
        &self,
        temperature: f32,
        chance: RandomStream,
        hints: &Hints,
    ) -> Result<Attempt, SpeechError> {
        let mut cache = self.fresh.clone();
        let step = |tokens: &[u32], cache: &mut Cache| -> Result<Vec<Vec<f32>>, NnError> {
            Ok(self.model.step(tokens, cache)?.to_vec2()?)
        };
        let first = step(self.prompt, &mut cache)?;
        let no_speech = self.config.no_speech();
        let no_speech_prob = no_speech.map_or(0.0, |token| softmax_of(&first[0])[token as usize]);
        let (mut rows, mut tokens, mut log_probs, mut n) = (first, Vec::new(), 0.0, 0_u16);
        while tokens.len() < self.n_tokens {
            hints.check_time()?;
            let mut scores = rows.pop().unwrap_or_default();
            self.suppress(&mut scores, tokens.is_empty());
            let uniform = chance.uniform(tokens.len() as u64);
            let (token, prob) = choose(&scores, temperature, uniform).ok_or_else(|| {
                let position = self.prompt.len() + tokens.len();
                SpeechError::from(NnError::AllBarred { row: 0, position })
            })?;
            log_probs += prob.ln();
            n += 1;
            if token == self.model.config().eos_token_id {
                break;
            }
            tokens.push(token);
            if tokens.len() < self.n_tokens {
                rows = step(&[token], &mut cache)?;
            }
        }
        Ok(Attempt {
            mean_log_prob: log_probs / f32::from(n.max(1)),
            compression: compression(&tokens),
            no_speech_prob,
            tokens,
        })
    }

    fn suppress(&self, scores: &mut [f32], is_first: bool) {
        let at_first = self.config.begin_suppress_tokens.iter();
        let barred = at_first.take_while(|_| is_first);
        for token in barred.chain(&self.config.suppress_tokens) {
            if let Some(score) = scores.get_mut(*token as usize) {
                *score = f32::NEG_INFINITY;
            }
        }
    }
}

/// A token, and its probability at temperature 1; nothing where all are barred.
fn choose(scores: &[f32], temperature: f32, uniform: f64) -> Option<(u32, f32)> {
    let best = argmax(scores)?;
    let token = if temperature > 0.0 {
        let warm: Vec<f32> = scores.iter().map(|score| score / temperature).collect();
        token_at(&softmax_of(&warm), uniform)?
    } else {
        best
    };
    Some((u32::try_from(token).ok()?, softmax_of(scores)[token]))
}

/// How many times shorter the tokens become by compression.
fn compression(tokens: &[u32]) -> f32 {
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|token| {
            token
                .to_le_bytes()
                .into_iter()
                .take(2 + usize::from(*token > 0xffff))
        })
        .collect();
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail.
    let compressed = encoder.write_all(&bytes).and_then(|()| encoder.finish());
    compressed.map_or(1.0, |compressed| {
        bytes.len() as f32 / compressed.len().max(1) as f32
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_what_is_unlikely_to_be_speech_and_unsure_too() {
        let attempt = |no_speech_prob, mean_log_prob, compression| Attempt {
            tokens: Vec::new(),
            mean_log_prob,
            no_speech_prob,
            compression,
        };
        assert!(attempt(0.7, -1.5, 1.0).is_silence());
        assert!(!attempt(0.7, -0.5, 1.0).is_silence());
        assert!(!attempt(0.5, -1.5, 1.0).is_silence());
        assert!(attempt(0.0, -0.5, 2.0).is_good());
        assert!(!attempt(0.0, -1.5, 2.0).is_good());
        assert!(!attempt(0.0, -0.5, 3.0).is_good());
    }

    #[test]
    fn the_likeliest_token_is_taken_and_the_first_of_equals() {
        let (token, prob) = choose(&[0.0, 1.0, 1.0, f32::NEG_INFINITY], 0.0, 0.9).unwrap();
        assert_eq!(token, 1);
        let e = std::f32::consts::E;
        assert!((prob - e / (2.0 * e + 1.0)).abs() < 1e-6);
        assert_eq!(choose(&[f32::NEG_INFINITY; 3], 0.0, 0.5), None);
        assert_eq!(choose(&[], 0.0, 0.5), None);
    }

    #[test]
    fn chance_follows_the_probabilities() {
        let scores = [0.0, 2.0_f32.ln() * 0.5];
        let share = (0..3_000)
            .filter(|i| choose(&scores, 0.5, f64::from(*i) / 3_000.0).unwrap().0 == 1)
            .count();
        // At temperature 1/2 the second is twice as likely as the first.
        assert!((1_990..=2_010).contains(&share), "{share}");
    }

    #[test]
    fn words_that_go_round_in_circles_are_seen() {
        let circle: Vec<u32> = (0..200).map(|i| 300 + i % 4).collect();
        let speech: Vec<u32> = (0..200_u32)
            .map(|i| i.wrapping_mul(2_654_435_761) % 50_000)
            .collect();
        assert!(compression(&circle) > MOST_COMPRESSION);
        assert!(compression(&speech) < MOST_COMPRESSION);
        assert!(compression(&[]) < MOST_COMPRESSION);
    }
}
