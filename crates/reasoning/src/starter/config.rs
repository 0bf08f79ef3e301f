//! The shape of a starter model, stored beside its weights as `config.toml`.

use serde::{Deserialize, Serialize};
use smes_nn::bert::BertConfig;

/// Everything that, with the weights and the tokenizer, makes a starter model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StarterConfig {
    /// Version of this format: [`StarterConfig::VERSION`].
    pub version: u32,
    /// Name of the emotion set of both emotion heads.
    pub emotions: String,
    /// Name of the strategy set.
    pub strategies: String,
    /// Tokens of an utterance that are read, `[CLS]` and `[SEP]` included.
    pub max_tokens: usize,
    /// Encoder layers, counted from 1, whose mean over tokens describes an utterance.
    pub taps: Vec<usize>,
    /// Dialogue models whose answers are averaged.
    pub n_members: usize,
    /// `H`, width of a dialogue model.
    pub hidden_size: usize,
    /// Decays of the causal means over the dialogue, each in `0..1`.
    pub decays: Vec<f64>,
    /// Decays of the causal means over the seeker's utterances alone, which the emotion head reads;
    /// empty where it does not.
    pub seeker_decays: Vec<f64>,
    /// Whether the words of cues are read beside those that were said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reads_cues: bool,
    /// Width of the space in which contexts and responses are compared.
    pub rank_size: usize,
    /// Dropout of the utterance vectors in training.
    pub input_dropout: f64,
    /// Dropout of hidden units in training.
    pub dropout: f64,
    /// Divisors of the logits, fitted on validation so that probabilities are calibrated.
    pub temperatures: Temperatures,
    /// Shape of the utterance encoder.
    pub encoder: BertConfig,
}

/// One temperature a head.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Temperatures {
    /// Of the user's emotion.
    pub user_emotion: f64,
    /// Of the strategy.
    pub strategy: f64,
    /// Of the system's emotion.
    pub system_emotion: f64,
}

impl Temperatures {
    /// No change.
    pub const ONE: Self = Self {
        user_emotion: 1.0,
        strategy: 1.0,
        system_emotion: 1.0,
    };
}

impl StarterConfig {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 2;

    /// Width of an utterance vector: one encoder width for each tap.
    pub fn utterance_width(&self) -> usize {
        self.taps.len() * self.encoder.hidden_size
    }
}
