//! What a search may be told. A combination that makes no sense cannot be written down: beams have
//! no temperature, greedy has no seed.

use serde::{Deserialize, Serialize};

use super::processors::{
    BarredTokens, EncoderNoRepeatNgram, ForcedEos, LogitsProcessor, MinLength, NoRepeatNgram,
    RepetitionPenalty, Temperature, TopK, TopP,
};
use crate::{NnError, seq2seq::Seq2SeqConfig};

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method", deny_unknown_fields)]
pub enum Decoding {
    /// The most likely token.
    Greedy,
    /// The most likely outputs of several that are kept side by side.
    Beam(BeamSearch),
    /// By chance, among the likely tokens.
    Sample(Sampling),
}

/// Beam search as transformers does it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BeamSearch {
    /// Outputs kept side by side, 1 or more.
    pub n_beams: usize,
    /// The sum of log-probabilities is divided by (length ^ this): above 0 favours long outputs.
    pub length_penalty: f64,
    /// When the search may end.
    pub early_stopping: EarlyStopping,
}

/// When beam search may end before the longest length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyStopping {
    /// As soon as there are as many finished outputs as beams (`True`).
    WhenFull,
    /// When it is unlikely that an open output overtakes the finished ones (`False`).
    WhenUnlikely,
    /// When no open output can overtake the finished ones (`"never"`).
    WhenImpossible,
}

/// Sampling as transformers does it: temperature, then top-k, then top-p.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// Divides the logits; above 0.
    pub temperature: f32,
    /// Only the k most likely tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Only the most likely tokens that together pass this probability, in `(0, 1]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f32>,
    /// Seed of the choices.
    pub seed: u64,
}

/// A search: how to choose, how long, and what must not come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GenerationSettings {
    /// How the next token is chosen.
    pub decoding: Decoding,
    /// The end token may not come before the output has this many tokens, those it began with
    /// included.
    pub min_length: usize,
    /// The output is cut at this many tokens, those it began with included.
    pub max_length: usize,
    /// Whether the last token of an output cut at `max_length` is the end token.
    pub forced_eos: bool,
    /// Makes tokens that stand in the output less likely; 1 changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repetition_penalty: Option<f32>,
    /// No run of so many tokens comes twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_repeat_ngram: Option<usize>,
    /// No run of so many tokens of the source comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoder_no_repeat_ngram: Option<usize>,
    /// Tokens that never come.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barred: Vec<u32>,
}

impl GenerationSettings {
    /// Greedy to at most `max_length` tokens, nothing barred.
    pub fn greedy(max_length: usize) -> Self {
        Self {
            decoding: Decoding::Greedy,
            min_length: 0,
            max_length,
            forced_eos: false,
            repetition_penalty: None,
            no_repeat_ngram: None,
            encoder_no_repeat_ngram: None,
            barred: Vec::new(),
        }
    }

    /// Checks every value against its range.
    ///
    /// # Errors
    /// [`NnError::Decoding`] names the field.
    pub fn check(&self) -> Result<(), NnError> {
        match self.fault() {
            None => Ok(()),
            Some((field, found, expected)) => Err(NnError::Decoding {
                field,
                found,
                expected,
            }),
        }
    }

    /// What is wrong with the values, if anything: the field, what stands there, what may.
    pub fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        self.fault_of_choice().or_else(|| self.fault_of_lengths())
    }

    fn fault_of_choice(&self) -> Option<(&'static str, String, &'static str)> {
        let above_0 = |number: f32| number.is_finite() && number > 0.0;
        match self.decoding {
            Decoding::Beam(beam) if beam.n_beams == 0 => {
                return Some(("n_beams", "0".to_owned(), "at least 1"));
            }
            Decoding::Beam(beam) if !beam.length_penalty.is_finite() => {
                let found = beam.length_penalty.to_string();
                return Some(("length_penalty", found, "a finite number"));
            }
            Decoding::Sample(sampling) if !above_0(sampling.temperature) => {
                let found = sampling.temperature.to_string();
                return Some(("temperature", found, "above 0"));
            }
            Decoding::Sample(sampling) if sampling.top_k == Some(0) => {
                return Some(("top_k", "0".to_owned(), "at least 1, or absent"));
            }
            Decoding::Sample(Sampling {
                top_p: Some(top_p), ..
            }) if !above_0(top_p) || top_p > 1.0 => {
                return Some(("top_p", top_p.to_string(), "in (0, 1]"));
            }
            _ => {}
        }
        let penalty = self
            .repetition_penalty
            .filter(|penalty| !above_0(*penalty))?;
        Some(("repetition_penalty", penalty.to_string(), "above 0"))
    }

    fn fault_of_lengths(&self) -> Option<(&'static str, String, &'static str)> {
        for (field, found) in [
            ("no_repeat_ngram", self.no_repeat_ngram),
            ("encoder_no_repeat_ngram", self.encoder_no_repeat_ngram),
        ] {
            if found == Some(0) {
                return Some((field, "0".to_owned(), "at least 1, or absent"));
            }
        }
        let is_short = self.min_length <= self.max_length;
        let found = || self.min_length.to_string();
        (!is_short).then(|| ("min_length", found(), "at most `max_length`"))
    }

    /// The processors of these settings, in transformers' order.
    pub fn processors(&self, model: &Seq2SeqConfig) -> Vec<Box<dyn LogitsProcessor>> {
        let mut chain: Vec<Box<dyn LogitsProcessor>> = Vec::new();
        if let Some(penalty) = self.repetition_penalty {
            chain.push(Box::new(RepetitionPenalty { penalty }));
        }
        if let Some(n) = self.no_repeat_ngram {
            chain.push(Box::new(NoRepeatNgram { n }));
        }
        if let Some(n) = self.encoder_no_repeat_ngram {
            chain.push(Box::new(EncoderNoRepeatNgram { n }));
        }
        if !self.barred.is_empty() {
            let token_ids = self.barred.clone();
            chain.push(Box::new(BarredTokens { token_ids }));
        }
        let eos_id = model.eos_id;
        if self.min_length > 0 {
            let min_length = self.min_length;
            chain.push(Box::new(MinLength { min_length, eos_id }));
        }
        if self.forced_eos {
            let max_length = self.max_length;
            chain.push(Box::new(ForcedEos { max_length, eos_id }));
        }
        if let Decoding::Sample(sampling) = self.decoding {
            chain.extend(sampling.warpers());
        }
        chain
    }
}

impl Sampling {
    /// Temperature, top-k and top-p, in transformers' order.
    pub fn warpers(self) -> Vec<Box<dyn LogitsProcessor>> {
        let mut chain: Vec<Box<dyn LogitsProcessor>> = Vec::new();
        #[expect(clippy::float_cmp, reason = "exactly 1 is what changes nothing")]
        if self.temperature != 1.0 {
            let temperature = self.temperature;
            chain.push(Box::new(Temperature { temperature }));
        }
        if let Some(k) = self.top_k {
            chain.push(Box::new(TopK { k }));
        }
        if let Some(p) = self.top_p.filter(|&p| p < 1.0) {
            chain.push(Box::new(TopP { p }));
        }
        chain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_outside_its_range_is_named() {
        let sample = |temperature, top_k, top_p| GenerationSettings {
            decoding: Decoding::Sample(Sampling {
                temperature,
                top_k,
                top_p,
                seed: 0,
            }),
            ..GenerationSettings::greedy(10)
        };
        for (settings, field) in [
            (sample(0.0, None, None), "temperature"),
            (sample(1.0, Some(0), None), "top_k"),
            (sample(1.0, None, Some(1.5)), "top_p"),
            (
                GenerationSettings {
                    min_length: 11,
                    ..GenerationSettings::greedy(10)
                },
                "min_length",
            ),
            (
                GenerationSettings {
                    no_repeat_ngram: Some(0),
                    ..GenerationSettings::greedy(10)
                },
                "no_repeat_ngram",
            ),
            (
                GenerationSettings {
                    repetition_penalty: Some(-1.0),
                    ..GenerationSettings::greedy(10)
                },
                "repetition_penalty",
            ),
        ] {
            let error = settings.check().unwrap_err().to_string();
            assert!(error.contains(field), "{error}");
        }
        sample(0.7, Some(5), Some(0.9)).check().unwrap();
    }

    #[test]
    fn settings_survive_a_file() {
        let settings = GenerationSettings {
            decoding: Decoding::Beam(BeamSearch {
                n_beams: 10,
                length_penalty: 0.65,
                early_stopping: EarlyStopping::WhenUnlikely,
            }),
            no_repeat_ngram: Some(3),
            ..GenerationSettings::greedy(128)
        };
        let text = serde_json::to_string(&settings).unwrap();
        let back: GenerationSettings = serde_json::from_str(&text).unwrap();
        assert_eq!(back, settings);
    }
}
