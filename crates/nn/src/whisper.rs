//! Whisper: Radford et al. 2022, "Robust speech recognition via large-scale weak supervision".
//!
//! A log-mel spectrogram in, logits of the next token out. Parameter names and `config.json` are
//! Hugging Face's, and each step stands in the order of transformers' `modeling_whisper.py` (5.24),
//! against which every stage is checked (`goldens/speech`). The layers are those of
//! [`crate::blenderbot`]; why not candle's own Whisper: `docs/adr/0015`. Absent on purpose: training,
//! batches (one sound at a time), timestamps by alignment.

mod config;

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use smes_kernels::{embedding, linear, on_pool};

pub use config::WhisperConfig;

use crate::{
    Init, NnError, ParamLoader, Params, Pass,
    encoder_decoder::{DecoderLayer, EPSILON, EncoderLayer},
    layers::{Conv1d, LayerNorm, gelu},
    model_folder::{self, ModelConfig},
    seq2seq::{Cache, CacheParts},
};

/// The token table, which is also the head.
const TABLE: &str = "model.decoder.embed_tokens.weight";
/// Another name under which checkpoints hold it.
const ALIAS: &str = "proj_out.weight";

/// The model.
#[derive(Debug, Clone)]
pub struct Whisper {
    config: WhisperConfig,
    conv1: Conv1d,
    conv2: Conv1d,
    /// `[S, D]`
    sound_places: Tensor,
    encoder: Vec<EncoderLayer>,
    encoder_norm: LayerNorm,
    /// `[V, D]`
    table: Tensor,
    /// `[max_target_positions, D]`
    token_places: Tensor,
    decoder: Vec<DecoderLayer>,
    decoder_norm: LayerNorm,
}

impl Whisper {
    /// Reads a model folder: `config.json`, and `model.safetensors` or `pytorch_model.bin`.
    ///
    /// # Errors
    /// [`NnError::Read`] for an absent file, [`NnError::Config`] and [`NnError::ConfigFileValue`] for a
    /// configuration of another model, [`NnError::Untied`] for a head of its own,
    /// [`NnError::MissingTensor`] and [`NnError::UnusedTensors`] for weights that do not belong to the
    /// configuration, and as for [`crate::checkpoint::read_file`].
    pub fn open(folder: &Path) -> Result<Self, NnError> {
        let (json, file) = model_folder::read_config(folder)?;
        let config = WhisperConfig::from_json(&json, &file)?;
        let (mut read, file) = model_folder::read_weights(folder)?;
        read.join(ALIAS, TABLE, &file)?;
        let params = Params::from_checkpoint(read, &file)?;
        params.freeze(|_| true);
        let model = Self::load(&params.loader(), config)?;
        params.check_all_used()?;
        Ok(model)
    }

    /// Takes the parameters below the loader's place: `model.encoder.conv1.weight`,
    /// `model.decoder.embed_tokens.weight` and so on.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`] and [`WhisperConfig::from_json`].
    pub fn load(loader: &ParamLoader<'_>, config: WhisperConfig) -> Result<Self, NnError> {
        config.check()?;
        let (encoder, decoder) = (loader.part("model.encoder"), loader.part("model.decoder"));
        let (width, init) = (config.d_model, Init::Normal(0.02));
        let norm =
            |loader: &ParamLoader<'_>| LayerNorm::load(&loader.part("layer_norm"), width, EPSILON);
        let (n_heard, n_said) = (config.max_source_positions, config.max_target_positions);
        let (hearing, saying) = (config.encoder_layer(), config.decoder_layer());
        Ok(Self {
            conv1: Conv1d::load(&encoder.part("conv1"), config.num_mel_bins, width, 3, 1)?,
            conv2: Conv1d::load(&encoder.part("conv2"), width, width, 3, 2)?,
            sound_places: encoder.get("embed_positions.weight", &[n_heard, width], init)?,
            encoder: (0..config.encoder_layers)
                .map(|idx| EncoderLayer::load(&encoder.part(format!("layers.{idx}")), &hearing))
                .collect::<Result<_, _>>()?,
            encoder_norm: norm(&encoder)?,
            table: loader.get(TABLE, &[config.vocab_size, width], init)?,
            token_places: decoder.get("embed_positions.weight", &[n_said, width], init)?,
            decoder: (0..config.decoder_layers)
                .map(|idx| DecoderLayer::load(&decoder.part(format!("layers.{idx}")), &saying))
                .collect::<Result<_, _>>()?,
            decoder_norm: norm(&decoder)?,
            config,
        })
    }

    /// What the model is like.
    pub const fn config(&self) -> &WhisperConfig {
        &self.config
    }

    /// The encoder's output for one spectrogram.
    ///
    /// # Shapes
    /// `log_mel`: `[2 S, M]`, a row a frame · returns `[1, S, D]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the spectrogram has another length or number of bands.
    pub fn encode(&self, log_mel: &Tensor) -> Result<Tensor, NnError> {
        let expected = [self.config.n_frames(), self.config.num_mel_bins];
        if log_mel.dims() != expected {
            let expected = format!("{expected:?}");
            return Err(NnError::shape("log_mel", expected, log_mel.dims()));
        }
        on_pool(|| {
            let pass = &mut Pass::eval();
            let x = gelu(&self.conv1.forward(&log_mel.unsqueeze(0)?, pass)?)?;
            let x = gelu(&self.conv2.forward(&x, pass)?)?;
            let mut x = x.broadcast_add(&self.sound_places)?;
            let is_visible = self.all_visible()?;
            for layer in &self.encoder {
                x = layer.forward(&x, &is_visible, pass)?;
            }
            self.encoder_norm.forward(&x)
        })
    }

    /// Every position of a sound, the silence after its end included, as the model was trained.
    fn all_visible(&self) -> Result<Tensor, NnError> {
        let shape = (1, self.config.max_source_positions);
        Ok(Tensor::ones(shape, DType::U8, &Device::Cpu)?)
    }

    /// An empty output for an encoded sound.
    ///
    /// # Shapes
    /// `heard`: `[1, S, D]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when it is of another model.
    pub fn start(&self, heard: &Tensor) -> Result<Cache, NnError> {
        let expected = [1, self.config.max_source_positions, self.config.d_model];
        if heard.dims() != expected {
            let expected = format!("{expected:?}");
            return Err(NnError::shape("heard", expected, heard.dims()));
        }
        let pass = Pass::eval();
        let layers = self.decoder.iter();
        let source = on_pool(|| {
            let source = layers.clone().map(|layer| layer.keep_source(heard, &pass));
            source.collect::<Result<_, _>>()
        })?;
        let past = layers.map(|layer| layer.keep_none(1, self.config.d_model));
        Cache::new(source, self.all_visible()?, past.collect::<Result<_, _>>()?)
    }

    /// Appends tokens to the output and gives the logits of the token after each of them.
    ///
    /// # Shapes
    /// `tokens`: `T`, 1 or more · returns `[T, V]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when there is no token or the output would be longer than
    /// [`WhisperConfig::max_target_positions`]; a token that is not in the vocabulary. The cache is
    /// then of no more use.
    pub fn step(&self, tokens: &[u32], cache: &mut Cache) -> Result<Tensor, NnError> {
        let (n_past, n_new) = (cache.n_past(), tokens.len());
        let left = self.config.max_target_positions.saturating_sub(n_past);
        if n_new == 0 || n_new > left {
            let expected = format!("1 to {left} tokens");
            return Err(NnError::shape("tokens", expected, &[n_new]));
        }
        let ids = Tensor::from_slice(tokens, (1, n_new), &Device::Cpu)?;
        let logits = on_pool(|| {
            let pass = &mut Pass::eval();
            let places = self.token_places.narrow(0, n_past, n_new)?;
            let mut x = embedding(&ids, &self.table)?.broadcast_add(&places)?;
            let CacheParts {
                source,
                source_mask,
                past,
            } = cache.parts();
            let kept = past.iter_mut().zip(source);
            for (layer, (past, source)) in self.decoder.iter().zip(kept) {
                x = layer.forward(&x, past, source, source_mask, pass)?;
            }
            let states = self.decoder_norm.forward(&x)?.squeeze(0)?;
            Ok::<_, NnError>(linear(&states, &self.table, None, pass.precision())?)
        })?;
        cache.advance(n_new);
        Ok(logits)
    }
}
