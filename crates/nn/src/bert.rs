//! BERT encoder (Devlin et al. 2019), the architecture of all-MiniLM-L6-v2.
//!
//! Parameter names and `config.json` are Hugging Face's `BertModel` (transformers), against which
//! every stage is checked (`tests/golden/bert`). Absent on purpose: the pooler (sentences are the
//! mean of their tokens), a second segment, relative positions, decoding.

use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};

use crate::{
    Init, NnError, ParamLoader, Pass,
    layers::{Dropout, Embedding, LayerNorm, Linear, SelfAttention, gelu},
    model_folder::{self, ModelConfig},
};

/// Prefixes of the tensors that published BERT checkpoints hold and the encoder does not use.
pub const NOT_IN_ENCODER: [&str; 2] = ["embeddings.position_ids", "pooler."];

/// The fields of a published `config.json` that the encoder needs; others are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BertConfig {
    /// Rows of the word table.
    pub vocab_size: usize,
    /// `D`, width of the hidden states.
    pub hidden_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Number of attention heads; divides `hidden_size`.
    pub num_attention_heads: usize,
    /// Width of the feed-forward part.
    pub intermediate_size: usize,
    /// Activation of the feed-forward part; only `gelu` is known.
    pub hidden_act: String,
    /// Dropout of hidden states in training.
    pub hidden_dropout_prob: f64,
    /// Dropout of attention weights in training.
    pub attention_probs_dropout_prob: f64,
    /// The longest sequence, in tokens.
    pub max_position_embeddings: usize,
    /// Rows of the segment table.
    pub type_vocab_size: usize,
    /// Added to the variance in layer norm.
    pub layer_norm_eps: f64,
}

impl BertConfig {
    /// Reads a `config.json`; `file` names it in errors.
    ///
    /// # Errors
    /// [`NnError::Config`] for invalid JSON or a missing field, [`NnError::ConfigFileValue`] for a
    /// value that this encoder cannot honour.
    pub fn from_json(json: &[u8], file: &str) -> Result<Self, NnError> {
        model_folder::config_from_json(json, file)
    }
}

impl ModelConfig for BertConfig {
    fn check(&self) -> Result<(), NnError> {
        model_folder::is_gelu("hidden_act", &self.hidden_act)?;
        model_folder::are_sizes([
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ])
    }
}

/// Whether a parameter belongs to the embeddings or to one of the layers `0..n_layers`; with any
/// prefix before it. For [`crate::Params::freeze`].
pub fn is_in_lower_layers(name: &str, n_layers: usize) -> bool {
    if name.starts_with("embeddings.") || name.contains(".embeddings.") {
        return true;
    }
    let layer = name
        .split_once("encoder.layer.")
        .and_then(|(_, rest)| rest.split_once('.'));
    layer.is_some_and(|(idx, _)| idx.parse().is_ok_and(|idx: usize| idx < n_layers))
}

/// The encoder.
#[derive(Debug, Clone)]
pub struct BertEncoder {
    embeddings: Embeddings,
    layers: Vec<Layer>,
}

impl BertEncoder {
    /// Takes the parameters below the loader's place: `embeddings.word_embeddings.weight`,
    /// `encoder.layer.0.attention.self.query.weight` and so on.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`] and [`BertConfig::from_json`].
    pub fn load(loader: &ParamLoader<'_>, config: &BertConfig) -> Result<Self, NnError> {
        config.check()?;
        let encoder = loader.part("encoder");
        let layers = (0..config.num_hidden_layers)
            .map(|idx| Layer::load(&encoder.part(format!("layer.{idx}")), config))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            embeddings: Embeddings::load(&loader.part("embeddings"), config)?,
            layers,
        })
    }

    /// Number of layers.
    pub fn n_layers(&self) -> usize {
        self.layers.len()
    }

    /// Hidden states of the last layer. What padding positions hold is meaningless; it never
    /// reaches the others.
    ///
    /// # Shapes
    /// `token_ids`: `[B, S]`, `u32` · `attention_mask`: `[B, S]`, an integer type, 0 = padding ·
    /// returns `[B, S, D]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] for other shapes or more tokens than `max_position_embeddings`.
    pub fn forward(
        &self,
        token_ids: &Tensor,
        attention_mask: &Tensor,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let hidden = self.forward_lower(token_ids, attention_mask, self.n_layers(), pass)?;
        Ok(hidden)
    }

    /// Embeddings and the layers `0..n_lower`. With these frozen, the result can be computed once
    /// (in a [`Pass::eval`]) and kept.
    ///
    /// # Errors
    /// As for [`BertEncoder::forward`].
    pub fn forward_lower(
        &self,
        token_ids: &Tensor,
        attention_mask: &Tensor,
        n_lower: usize,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let embedded = self.embeddings.forward(token_ids, pass)?;
        let layers = self.layers.iter().take(n_lower);
        run(layers, embedded, attention_mask, pass)
    }

    /// The layers `n_lower..`, from what [`BertEncoder::forward_lower`] returned.
    ///
    /// # Shapes
    /// `hidden`: `[B, S, D]` · `attention_mask`: `[B, S]` · returns `[B, S, D]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] for other shapes.
    pub fn forward_upper(
        &self,
        hidden: &Tensor,
        attention_mask: &Tensor,
        n_lower: usize,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let layers = self.layers.iter().skip(n_lower);
        run(layers, hidden.clone(), attention_mask, pass)
    }

    /// Every stage: the embeddings, then the output of each layer.
    ///
    /// # Errors
    /// As for [`BertEncoder::forward`].
    pub fn hidden_states(
        &self,
        token_ids: &Tensor,
        attention_mask: &Tensor,
        pass: &mut Pass,
    ) -> Result<Vec<Tensor>, NnError> {
        let mut stages = vec![self.embeddings.forward(token_ids, pass)?];
        for layer in &self.layers {
            let hidden = layer.forward(&stages[stages.len() - 1], attention_mask, pass)?;
            stages.push(hidden);
        }
        Ok(stages)
    }
}

fn run<'a>(
    mut layers: impl Iterator<Item = &'a Layer>,
    hidden: Tensor,
    attention_mask: &Tensor,
    pass: &mut Pass,
) -> Result<Tensor, NnError> {
    layers.try_fold(hidden, |hidden, layer| {
        layer.forward(&hidden, attention_mask, pass)
    })
}

/// Mean of the hidden states of the tokens that are not padding; 0 where all is padding.
///
/// # Shapes
/// `hidden`: `[B, S, D]` · `attention_mask`: `[B, S]`, an integer type, 0 = padding · returns
/// `[B, D]`
///
/// # Errors
/// [`NnError::InputShape`] when the shapes do not fit.
pub fn mean_pool(hidden: &Tensor, attention_mask: &Tensor) -> Result<Tensor, NnError> {
    let (batch, length, _) = hidden
        .dims3()
        .map_err(|_| NnError::shape("hidden", "[B, S, D]", hidden.dims()))?;
    if attention_mask.dims() != [batch, length] {
        let expected = format!("[{batch}, {length}]");
        return Err(NnError::shape(
            "attention_mask",
            expected,
            attention_mask.dims(),
        ));
    }
    let is_visible = attention_mask.ne(0_u32)?.to_dtype(DType::F32)?;
    let share = is_visible.broadcast_div(&is_visible.sum_keepdim(1)?.maximum(1.0)?)?;
    Ok(share
        .unsqueeze(1)?
        .matmul(&hidden.contiguous()?)?
        .squeeze(1)?)
}

/// Rows divided by their Euclidean length, so that a scalar product is a cosine.
///
/// # Shapes
/// `x`: `[.., D]` · returns the same
///
/// # Errors
/// When `x` is a scalar.
pub fn unit_length(x: &Tensor) -> Result<Tensor, NnError> {
    let squared = x.sqr()?.sum_keepdim(candle_core::D::Minus1)?;
    // The small term keeps the gradient of a zero row finite.
    Ok(x.broadcast_div(&(squared + 1e-12)?.sqrt()?)?)
}

#[derive(Debug, Clone)]
struct Embeddings {
    word: Embedding,
    position: Tensor,
    segment: Tensor,
    norm: LayerNorm,
    dropout: Dropout,
}

impl Embeddings {
    fn load(loader: &ParamLoader<'_>, config: &BertConfig) -> Result<Self, NnError> {
        let width = config.hidden_size;
        let init = Init::Normal(0.02);
        let table = |name: &str, n_rows| loader.part(name).get("weight", &[n_rows, width], init);
        Ok(Self {
            word: Embedding::load(&loader.part("word_embeddings"), config.vocab_size, width)?,
            position: table("position_embeddings", config.max_position_embeddings)?,
            segment: table("token_type_embeddings", config.type_vocab_size)?,
            norm: LayerNorm::load(&loader.part("LayerNorm"), width, config.layer_norm_eps)?,
            dropout: Dropout::new(config.hidden_dropout_prob),
        })
    }

    fn forward(&self, token_ids: &Tensor, pass: &mut Pass) -> Result<Tensor, NnError> {
        let longest = self.position.dim(0)?;
        let length = match token_ids.dims() {
            [_, length] if (1..=longest).contains(length) => *length,
            found => {
                let expected = format!("[B, S] with S in 1..={longest}");
                return Err(NnError::shape("token_ids", expected, found));
            }
        };
        let place = self.position.narrow(0, 0, length)?;
        let place = place.broadcast_add(&self.segment.narrow(0, 0, 1)?)?;
        let sum = self.word.forward(token_ids)?.broadcast_add(&place)?;
        self.dropout.forward(&self.norm.forward(&sum)?, pass)
    }
}

#[derive(Debug, Clone)]
struct Layer {
    attention: SelfAttention,
    attention_out: Linear,
    attention_norm: LayerNorm,
    widen: Linear,
    narrow: Linear,
    norm: LayerNorm,
    dropout: Dropout,
}

impl Layer {
    fn load(loader: &ParamLoader<'_>, config: &BertConfig) -> Result<Self, NnError> {
        let (width, wide) = (config.hidden_size, config.intermediate_size);
        let epsilon = config.layer_norm_eps;
        let init = Init::Normal(0.02);
        let attention = loader.part("attention");
        Ok(Self {
            attention: SelfAttention::load(
                &attention.part("self"),
                width,
                config.num_attention_heads,
                false,
                config.attention_probs_dropout_prob,
            )?,
            attention_out: Linear::load_with(&attention.part("output.dense"), width, width, init)?,
            attention_norm: LayerNorm::load(&attention.part("output.LayerNorm"), width, epsilon)?,
            widen: Linear::load_with(&loader.part("intermediate.dense"), width, wide, init)?,
            narrow: Linear::load_with(&loader.part("output.dense"), wide, width, init)?,
            norm: LayerNorm::load(&loader.part("output.LayerNorm"), width, epsilon)?,
            dropout: Dropout::new(config.hidden_dropout_prob),
        })
    }

    fn forward(
        &self,
        hidden: &Tensor,
        attention_mask: &Tensor,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let mixed = self.attention.forward(hidden, attention_mask, pass)?;
        let mixed = self
            .dropout
            .forward(&self.attention_out.forward(&mixed)?, pass)?;
        let hidden = self.attention_norm.forward(&(mixed + hidden)?)?;
        let wide = gelu(&self.widen.forward(&hidden)?)?;
        let narrow = self.dropout.forward(&self.narrow.forward(&wide)?, pass)?;
        self.norm.forward(&(narrow + hidden)?)
    }
}
