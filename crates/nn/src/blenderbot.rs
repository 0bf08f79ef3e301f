//! `BlenderbotSmall` (90M) and Blenderbot (400M-distill, 3B): Roller et al. 2021, "Recipes for
//! building an open-domain chatbot". The backbone of SMES.
//!
//! Parameter names and `config.json` are Hugging Face's, and each step stands in the order of
//! transformers' `modeling_blenderbot_small.py` and `modeling_blenderbot.py` (5.24), against which
//! every stage is checked (`tests/golden/blenderbot`). The two files are one implementation here;
//! [`Family`] says where the norms are. Departure: the small decoder multiplies embeddings by
//! `sqrt(d_model)` as it was trained (`ParlAI`, transformers 4.2), unless
//! [`BlenderbotConfig::scale_decoder_embedding`] says otherwise. Absent on purpose: layer drop,
//! an untied head, left padding.

mod config;
mod decode;
mod weights;

use std::sync::Arc;

use candle_core::{Device, Tensor};
use smes_kernels::{embedding, linear, on_pool, tied_cross_entropy};

pub use crate::layers::DecodingWeights;
pub use config::{BlenderbotConfig, Family};
pub use weights::{open, resize_vocabulary, save};

use crate::{
    Init, NllSum, NnError, ParamLoader, Pass, Precision,
    encoder_decoder::{DecoderLayer, EPSILON, EncoderLayer},
    layers::{Dropout, LayerNorm, Prepared},
    model_folder::ModelConfig,
    seq2seq::{Memory, Seq2SeqConfig},
    tokenizer::TokenBatch,
};

/// The token table, which is also the head.
const SHARED: &str = "model.shared.weight";
/// What is added to the logits. It is kept, not trained: a buffer in transformers.
const LOGITS_BIAS: &str = "final_logits_bias";

/// The model.
#[derive(Debug, Clone)]
pub struct Blenderbot {
    search: Seq2SeqConfig,
    precision: Precision,
    /// `[V, D]`
    shared: Tensor,
    /// `[V]`
    logits_bias: Tensor,
    /// Table and bias of the head for decoding, once asked for.
    head: Option<Arc<Prepared>>,
    encoder: Stack<EncoderLayer>,
    decoder: Stack<DecoderLayer>,
}

impl Blenderbot {
    /// Takes the parameters below the loader's place: `model.shared.weight`, `final_logits_bias`,
    /// `model.encoder.layers.0.self_attn.q_proj.weight` and so on.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`] and [`BlenderbotConfig::from_json`].
    pub fn load(loader: &ParamLoader<'_>, config: &BlenderbotConfig) -> Result<Self, NnError> {
        config.check()?;
        let model = loader.part("model");
        let (n_rows, init) = (config.vocab_size, Init::Normal(config.init_std));
        let scale_if = |is_scaled: bool| {
            let is_scaled = is_scaled && config.scale_embedding;
            if is_scaled {
                (config.d_model as f64).sqrt()
            } else {
                1.0
            }
        };
        let bias = loader.get_frozen(LOGITS_BIAS, &[1, n_rows], Init::Zeros)?;
        Ok(Self {
            search: Seq2SeqConfig {
                vocab_size: n_rows,
                pad_id: config.pad_token_id,
                start_id: config.start_id(),
                eos_id: config.eos_token_id,
                max_positions: config.max_position_embeddings,
            },
            precision: Precision::F32,
            shared: loader.get(SHARED, &[n_rows, config.d_model], init)?,
            logits_bias: bias.squeeze(0)?,
            head: None,
            encoder: Stack::load(&model.part("encoder"), config, scale_if(true), |loader| {
                let layer = config.encoder_layer();
                let load = |idx| EncoderLayer::load(&loader.part(format!("layers.{idx}")), &layer);
                (0..config.encoder_layers).map(load).collect()
            })?,
            decoder: Stack::load(
                &model.part("decoder"),
                config,
                scale_if(config.scale_decoder_embedding),
                |loader| {
                    let layer = config.decoder_layer();
                    let load =
                        |idx| DecoderLayer::load(&loader.part(format!("layers.{idx}")), &layer);
                    (0..config.decoder_layers).map(load).collect()
                },
            )?,
        })
    }

    /// The same model, decoding in another precision ([`crate::seq2seq::Seq2Seq`] has no
    /// [`Pass`] to carry it).
    #[must_use]
    pub fn with_precision(self, precision: Precision) -> Self {
        Self { precision, ..self }
    }

    /// The same model with its weights as they are now prepared for decoding. Passes that train
    /// still use the weights themselves.
    ///
    /// # Errors
    /// When memory cannot be allocated.
    pub fn for_decoding(mut self, how: DecodingWeights) -> Result<Self, NnError> {
        for layer in &mut self.encoder.layers {
            layer.prepare(how)?;
        }
        for layer in &mut self.decoder.layers {
            layer.prepare(how)?;
        }
        let head = Prepared::new(&self.shared, Some(&self.logits_bias), how)?;
        self.head = Some(Arc::new(head));
        Ok(self.with_precision(Precision::Bf16))
    }

    /// The encoder's output for sources of unequal lengths.
    ///
    /// # Errors
    /// [`NnError::InputShape`] when there is no source, or one is empty or longer than
    /// [`Seq2SeqConfig::max_positions`]; a token that is not in the vocabulary.
    pub fn encoder_states(&self, sources: &[Vec<u32>], pass: &mut Pass) -> Result<Memory, NnError> {
        self.encoder_stages(sources, pass, |_| ())
    }

    /// As [`Blenderbot::encoder_states`]; shows the embeddings and the output of each layer, `[B, S, D]`.
    ///
    /// # Errors
    /// As for [`Blenderbot::encoder_states`].
    pub fn encoder_stages(
        &self,
        sources: &[Vec<u32>],
        pass: &mut Pass,
        mut see: impl FnMut(&Tensor),
    ) -> Result<Memory, NnError> {
        check_lengths("sources", sources, self.search.max_positions)?;
        let batch = TokenBatch::pad(sources, self.search.pad_id)?;
        let stack = &self.encoder;
        let tokens = stack.tokens(&batch.token_ids, &self.shared)?;
        let places = stack.places(0, batch.token_ids.dim(1)?)?;
        let mut hidden = stack.norm_embedding(&tokens.broadcast_add(&places)?)?;
        hidden = stack.dropout.forward(&hidden, pass)?;
        see(&hidden);
        for layer in &stack.layers {
            hidden = layer.forward(&hidden, &batch.attention_mask, pass)?;
            see(&hidden);
        }
        Ok(Memory {
            hidden: stack.norm_last(&hidden)?,
            attention_mask: batch.attention_mask,
        })
    }

    /// The decoder's output for tokens that are known (teacher forcing), of unequal lengths; what
    /// stands at the padding after them is meaningless and never reaches them.
    ///
    /// # Shapes
    /// `inputs`: `B` rows, each beginning with the start token · returns `[B, T, D]`
    ///
    /// # Errors
    /// As for [`Blenderbot::encoder_states`].
    pub fn decoder_states(
        &self,
        memory: &Memory,
        inputs: &[Vec<u32>],
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        self.decoder_stages(memory, inputs, pass, |_| ())
    }

    /// As [`Blenderbot::decoder_states`]; shows the embeddings and the output of each layer.
    ///
    /// # Errors
    /// As for [`Blenderbot::decoder_states`].
    pub fn decoder_stages(
        &self,
        memory: &Memory,
        inputs: &[Vec<u32>],
        pass: &mut Pass,
        mut see: impl FnMut(&Tensor),
    ) -> Result<Tensor, NnError> {
        check_lengths("inputs", inputs, self.search.max_positions)?;
        let token_ids = TokenBatch::pad(inputs, self.search.pad_id)?.token_ids;
        let mut hidden = self.enter_decoder(&token_ids, 0, pass)?;
        see(&hidden);
        for layer in &self.decoder.layers {
            hidden = layer.forward_all(&hidden, &memory.hidden, &memory.attention_mask, pass)?;
            see(&hidden);
        }
        self.decoder.norm_last(&hidden)
    }

    /// The embeddings of `[B, T]` tokens that follow `n_past` others.
    fn enter_decoder(
        &self,
        token_ids: &Tensor,
        n_past: usize,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let stack = &self.decoder;
        // Unlike in the encoder, the norm comes before the places.
        let tokens = stack.norm_embedding(&stack.tokens(token_ids, &self.shared)?)?;
        let places = stack.places(n_past, token_ids.dim(1)?)?;
        stack.dropout.forward(&tokens.broadcast_add(&places)?, pass)
    }

    /// The logits of the token after each state: the token table as head, not scaled.
    ///
    /// # Shapes
    /// `states`: `[.., D]` · returns `[.., V]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] for states of another width.
    pub fn logits(&self, states: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        match &self.head {
            Some(head) if !pass.is_training() => head.forward(states),
            _ => {
                let bias = Some(&self.logits_bias);
                Ok(linear(states, &self.shared, bias, pass.precision())?)
            }
        }
    }

    /// Negative log-likelihood of the token after each state, without holding all logits.
    ///
    /// # Shapes
    /// `states`: `[B, T, D]` · `targets`: `B * T` in the order of rows; `None` is not counted
    ///
    /// # Errors
    /// When the shapes do not fit or a target is not in the vocabulary.
    pub fn nll(
        &self,
        states: &Tensor,
        targets: &[Option<u32>],
        pass: &Pass,
    ) -> Result<NllSum, NnError> {
        let states = states.flatten_to(candle_core::D::Minus2)?;
        let bias = Some(&self.logits_bias);
        let precision = pass.precision();
        Ok(tied_cross_entropy(
            &states,
            &self.shared,
            bias,
            targets,
            precision,
        )?)
    }

    /// Negative log-likelihood of whole outputs given their sources; every token counts. An output
    /// has no start token, and its end token only where it should be learned.
    ///
    /// # Errors
    /// As for [`Blenderbot::encoder_states`] and [`Blenderbot::decoder_states`].
    pub fn loss(
        &self,
        sources: &[Vec<u32>],
        outputs: &[Vec<u32>],
        pass: &mut Pass,
    ) -> Result<NllSum, NnError> {
        check_lengths("outputs", outputs, self.search.max_positions)?;
        on_pool(|| self.loss_of(sources, outputs, pass))
    }

    fn loss_of(
        &self,
        sources: &[Vec<u32>],
        outputs: &[Vec<u32>],
        pass: &mut Pass,
    ) -> Result<NllSum, NnError> {
        let memory = self.encoder_states(sources, pass)?;
        let shifted = |output: &Vec<u32>| {
            let before = output[..output.len() - 1].iter().copied();
            std::iter::once(self.search.start_id)
                .chain(before)
                .collect()
        };
        let inputs: Vec<Vec<u32>> = outputs.iter().map(shifted).collect();
        let states = self.decoder_states(&memory, &inputs, pass)?;
        let longest = states.dim(1)?;
        let padded = |output: &Vec<u32>| {
            let mut targets: Vec<Option<u32>> = output.iter().copied().map(Some).collect();
            targets.resize(longest, None);
            targets
        };
        let targets: Vec<Option<u32>> = outputs.iter().flat_map(padded).collect();
        self.nll(&states, &targets, pass)
    }
}

/// What encoder and decoder have alike: places, layers, and the norms around them.
#[derive(Debug, Clone)]
struct Stack<L> {
    /// `[max_positions, D]`
    places: Tensor,
    scale: f64,
    /// Only in the small family.
    norm_embedding: Option<LayerNorm>,
    dropout: Dropout,
    layers: Vec<L>,
    /// Only in the large family.
    norm_last: Option<LayerNorm>,
}

impl<L> Stack<L> {
    fn load(
        loader: &ParamLoader<'_>,
        config: &BlenderbotConfig,
        scale: f64,
        layers: impl FnOnce(&ParamLoader<'_>) -> Result<Vec<L>, NnError>,
    ) -> Result<Self, NnError> {
        let width = config.d_model;
        let norm = |name: &str, family| {
            let is_there = config.model_type == family;
            let norm = is_there.then(|| LayerNorm::load(&loader.part(name), width, EPSILON));
            norm.transpose()
        };
        Ok(Self {
            places: loader.part("embed_positions").get(
                "weight",
                &[config.max_position_embeddings, width],
                Init::Normal(config.init_std),
            )?,
            scale,
            norm_embedding: norm("layernorm_embedding", Family::Small)?,
            dropout: Dropout::new(config.dropout),
            layers: layers(loader)?,
            norm_last: norm("layer_norm", Family::Large)?,
        })
    }

    /// Token vectors, scaled: `[B, T]` ids to `[B, T, D]`.
    fn tokens(&self, token_ids: &Tensor, table: &Tensor) -> Result<Tensor, NnError> {
        Ok((embedding(token_ids, table)? * self.scale)?)
    }

    /// The vectors of `length` places from `start`, `[T, D]`; not aware of padding.
    fn places(&self, start: usize, length: usize) -> Result<Tensor, NnError> {
        let ids = u32::try_from(start).unwrap_or(u32::MAX)..;
        let ids: Vec<u32> = ids.take(length).collect();
        let ids = Tensor::from_vec(ids, length, &Device::Cpu)?;
        Ok(embedding(&ids, &self.places)?)
    }

    fn norm_embedding(&self, x: &Tensor) -> Result<Tensor, NnError> {
        self.norm_embedding
            .as_ref()
            .map_or_else(|| Ok(x.clone()), |norm| norm.forward(x))
    }

    fn norm_last(&self, x: &Tensor) -> Result<Tensor, NnError> {
        self.norm_last
            .as_ref()
            .map_or_else(|| Ok(x.clone()), |norm| norm.forward(x))
    }
}

/// Checks that there are rows, none of them empty or too long.
fn check_lengths(input: &'static str, rows: &[Vec<u32>], longest: usize) -> Result<(), NnError> {
    let lengths: Vec<usize> = rows.iter().map(Vec::len).collect();
    if !rows.is_empty() && lengths.iter().all(|length| (1..=longest).contains(length)) {
        return Ok(());
    }
    let expected = format!("1 or more rows of 1 to {longest} tokens; the lengths are listed");
    Err(NnError::shape(input, expected, &lengths))
}
