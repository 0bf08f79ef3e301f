//! The `config.json` of a Whisper, field by field as Hugging Face names them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::NnError;
use crate::encoder_decoder::LayerConfig;
use crate::model_folder::{self, ModelConfig};

/// The fields of a published `config.json` that the model needs; others are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WhisperConfig {
    /// `V`, rows of the token table.
    pub vocab_size: usize,
    /// `M`, bands of the log-mel spectrogram.
    pub num_mel_bins: usize,
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
    /// `S`, positions of the encoder: half the frames of a spectrogram.
    pub max_source_positions: usize,
    /// The longest output, in tokens, those of the prompt included.
    pub max_target_positions: usize,
    /// Activation of the feed-forward part; only `gelu` (exact, by the error function) is known.
    pub activation_function: String,
    /// Starts an output.
    pub decoder_start_token_id: u32,
    /// Ends an output.
    pub eos_token_id: u32,
    /// Whether the head is the token table; only `true` is known.
    #[serde(default = "yes")]
    pub tie_word_embeddings: bool,
}

fn yes() -> bool {
    true
}

impl WhisperConfig {
    /// Reads a `config.json`; `file` names it in errors.
    ///
    /// # Errors
    /// [`NnError::Config`] for invalid JSON or a missing field, [`NnError::ConfigFileValue`] for another
    /// architecture or a value that cannot be honoured here.
    pub fn from_json(json: &[u8], file: &str) -> Result<Self, NnError> {
        // Another model's configuration lacks fields too; its name says more.
        let value: Value = model_folder::json_from(json, file)?;
        let kind = &value["model_type"];
        if kind != "whisper" {
            let found = kind.as_str().unwrap_or("none");
            return Err(model_folder::refused("model_type", found, "`whisper`").of_file(file));
        }
        model_folder::config_from_json(json, file)
    }

    /// How many frames of a spectrogram the encoder reads at once.
    pub const fn n_frames(&self) -> usize {
        2 * self.max_source_positions
    }

    pub(super) fn encoder_layer(&self) -> LayerConfig {
        LayerConfig {
            width: self.d_model,
            wide: self.encoder_ffn_dim,
            n_heads: self.encoder_attention_heads,
            is_norm_first: true,
            has_key_bias: false,
            dropout: 0.0,
            attention_dropout: 0.0,
            activation_dropout: 0.0,
            init_std: 0.02,
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

impl ModelConfig for WhisperConfig {
    fn check(&self) -> Result<(), NnError> {
        model_folder::is_gelu("activation_function", &self.activation_function)?;
        model_folder::is_tied(self.tie_word_embeddings)?;
        model_folder::are_sizes([
            ("vocab_size", self.vocab_size),
            ("num_mel_bins", self.num_mel_bins),
            ("d_model", self.d_model),
            ("max_source_positions", self.max_source_positions),
            ("max_target_positions", self.max_target_positions),
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
