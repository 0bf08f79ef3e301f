//! The `config.json` of a Blenderbot, field by field as Hugging Face names them.

use serde::{Deserialize, Serialize};

use crate::NnError;
use crate::encoder_decoder::LayerConfig;
use crate::model_folder::{self, ModelConfig};

/// The two architectures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Family {
    /// `BlenderbotSmall` (90M): a norm after each sub-layer and after the embeddings.
    #[serde(rename = "blenderbot-small")]
    Small,
    /// Blenderbot (400M-distill, 3B): a norm before each sub-layer and after the last.
    #[serde(rename = "blenderbot")]
    Large,
}

/// The fields of a published `config.json` that the model needs; others are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlenderbotConfig {
    /// Which architecture.
    pub model_type: Family,
    /// `V`, rows of the token table.
    pub vocab_size: usize,
    /// `D`, width of the hidden states.
    pub d_model: usize,
    /// Number of encoder layers.
    pub encoder_layers: usize,
    /// Number of decoder layers.
    pub decoder_layers: usize,
    /// Attention heads of the encoder; divides `d_model`.
    pub encoder_attention_heads: usize,
    /// Attention heads of the decoder; divides `d_model`.
    pub decoder_attention_heads: usize,
    /// Width of the encoder's feed-forward part.
    pub encoder_ffn_dim: usize,
    /// Width of the decoder's feed-forward part.
    pub decoder_ffn_dim: usize,
    /// The longest source and the longest output, in tokens.
    pub max_position_embeddings: usize,
    /// Activation of the feed-forward part; only `gelu` (exact, by the error function) is known.
    pub activation_function: String,
    /// Dropout of hidden states in training.
    pub dropout: f64,
    /// Dropout of attention weights in training.
    #[serde(default)]
    pub attention_dropout: f64,
    /// Dropout within the feed-forward part in training.
    #[serde(default)]
    pub activation_dropout: f64,
    /// Standard deviation of new weights.
    #[serde(default = "default_init_std")]
    pub init_std: f64,
    /// Whether token vectors are multiplied by `sqrt(d_model)`.
    pub scale_embedding: bool,
    /// Whether the decoder multiplies them too, where `scale_embedding` says so. Not a published
    /// field. Every model was trained with it; transformers 5 leaves it out of `BlenderbotSmall`,
    /// where a norm follows at once and the difference is small (about 1e-4 in the logits).
    #[serde(default = "yes")]
    pub scale_decoder_embedding: bool,
    /// Fills short rows.
    pub pad_token_id: u32,
    /// Starts an output, unless `decoder_start_token_id` says otherwise.
    pub bos_token_id: u32,
    /// Ends an output.
    pub eos_token_id: u32,
    /// Starts an output.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoder_start_token_id: Option<u32>,
    /// Chance of leaving out a whole encoder layer in training; only 0 is known.
    #[serde(default)]
    pub encoder_layerdrop: f64,
    /// Chance of leaving out a whole decoder layer in training; only 0 is known.
    #[serde(default)]
    pub decoder_layerdrop: f64,
    /// Whether the head is the token table; only `true` is known.
    #[serde(default = "yes")]
    pub tie_word_embeddings: bool,
}

fn default_init_std() -> f64 {
    0.02
}

fn yes() -> bool {
    true
}

impl BlenderbotConfig {
    /// `facebook/blenderbot_small-90M`.
    pub fn small_90m() -> Self {
        Self {
            model_type: Family::Small,
            vocab_size: 54_944,
            d_model: 512,
            encoder_layers: 8,
            decoder_layers: 8,
            encoder_attention_heads: 16,
            decoder_attention_heads: 16,
            encoder_ffn_dim: 2048,
            decoder_ffn_dim: 2048,
            max_position_embeddings: 512,
            activation_function: "gelu".to_owned(),
            dropout: 0.1,
            attention_dropout: 0.0,
            activation_dropout: 0.0,
            init_std: default_init_std(),
            scale_embedding: true,
            scale_decoder_embedding: true,
            pad_token_id: 0,
            bos_token_id: 1,
            eos_token_id: 2,
            decoder_start_token_id: Some(1),
            encoder_layerdrop: 0.0,
            decoder_layerdrop: 0.0,
            tie_word_embeddings: true,
        }
    }

    /// Reads a `config.json`; `file` names it in errors.
    ///
    /// # Errors
    /// [`NnError::Config`] for invalid JSON, another architecture or a missing field,
    /// [`NnError::ConfigFileValue`] for a value that cannot be honoured here.
    pub fn from_json(json: &[u8], file: &str) -> Result<Self, NnError> {
        model_folder::config_from_json(json, file)
    }

    /// The token that starts an output.
    pub fn start_id(&self) -> u32 {
        self.decoder_start_token_id.unwrap_or(self.bos_token_id)
    }

    pub(super) fn encoder_layer(&self) -> LayerConfig {
        LayerConfig {
            width: self.d_model,
            wide: self.encoder_ffn_dim,
            n_heads: self.encoder_attention_heads,
            is_norm_first: self.model_type == Family::Large,
            has_key_bias: true,
            dropout: self.dropout,
            attention_dropout: self.attention_dropout,
            activation_dropout: self.activation_dropout,
            init_std: self.init_std,
        }
    }

    pub(super) fn decoder_layer(&self) -> LayerConfig {
        LayerConfig {
            wide: self.decoder_ffn_dim,
            n_heads: self.decoder_attention_heads,
            ..self.encoder_layer()
        }
    }
}

impl ModelConfig for BlenderbotConfig {
    fn check(&self) -> Result<(), NnError> {
        model_folder::is_gelu("activation_function", &self.activation_function)?;
        model_folder::is_tied(self.tie_word_embeddings)?;
        for (field, found) in [
            ("encoder_layerdrop", self.encoder_layerdrop),
            ("decoder_layerdrop", self.decoder_layerdrop),
        ] {
            if found != 0.0 {
                return Err(model_folder::refused(field, &found, "0"));
            }
        }
        model_folder::are_sizes([
            ("vocab_size", self.vocab_size),
            ("d_model", self.d_model),
            ("max_position_embeddings", self.max_position_embeddings),
        ])?;
        model_folder::are_heads(
            self.d_model,
            [
                ("encoder_attention_heads", self.encoder_attention_heads),
                ("decoder_attention_heads", self.decoder_attention_heads),
            ],
        )
    }
}
