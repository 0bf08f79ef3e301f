//! The layers. All models have the same sub-layers; they differ in where the norm stands, which
//! [`SubLayer`] decides.

use candle_core::Tensor;
use smes_kernels::{KeyValues, PostNorm, dropout_add, feed_forward, gelu, residual_layer_norm};

use super::{
    EPSILON, LayerConfig,
    attention::{AttendTo, Attention},
};
use crate::{
    Init, NnError, ParamLoader, Pass,
    layers::{DecodingWeights, Dropout, LayerNorm, Linear},
};

/// A residual connection with its norm and dropout.
#[derive(Debug, Clone)]
struct SubLayer {
    norm: LayerNorm,
    is_norm_first: bool,
    dropout: Dropout,
}

impl SubLayer {
    fn load(loader: &ParamLoader<'_>, norm: &str, config: &LayerConfig) -> Result<Self, NnError> {
        Ok(Self {
            norm: LayerNorm::load(&loader.part(norm), config.width, EPSILON)?,
            is_norm_first: config.is_norm_first,
            dropout: Dropout::new(config.dropout),
        })
    }

    /// What the sub-layer reads of its input.
    fn enter(&self, x: &Tensor) -> Result<Tensor, NnError> {
        if self.is_norm_first {
            self.norm.forward(x)
        } else {
            Ok(x.clone())
        }
    }

    /// The end of the sub-layer where the norm stands after, for a branch that can carry it along.
    fn end(&self, pass: &mut Pass) -> Option<PostNorm> {
        (!self.is_norm_first).then(|| self.norm.post_norm(self.dropout.mask(pass)))
    }

    /// Puts the result back onto the input: `x + dropout(y)`, normed where the norm stands after.
    fn leave(&self, x: &Tensor, y: &Tensor, pass: &mut Pass) -> Result<Tensor, NnError> {
        Ok(match self.end(pass) {
            Some(end) => residual_layer_norm(y, x, &end)?,
            None => dropout_add(y, x, self.dropout.mask(pass))?,
        })
    }

    /// The sub-layer around a whole attention.
    fn attend(
        &self,
        x: &Tensor,
        attention: &Attention,
        to: &AttendTo<'_>,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let y = self.enter(x)?;
        let spec = attention.spec(y.dim(2)?, to, pass);
        let end = self.end(pass);
        let y = attention.whole(&y, to.memory, &spec, end.as_ref(), pass)?;
        if end.is_some() {
            return Ok(y);
        }
        self.leave(x, &y, pass)
    }
}

/// The feed-forward part, with its residual.
#[derive(Debug, Clone)]
struct FeedForward {
    around: SubLayer,
    widen: Linear,
    narrow: Linear,
    dropout: Dropout,
}

impl FeedForward {
    fn load(loader: &ParamLoader<'_>, config: &LayerConfig) -> Result<Self, NnError> {
        let (width, wide) = (config.width, config.wide);
        let init = Init::Normal(config.init_std);
        Ok(Self {
            around: SubLayer::load(loader, "final_layer_norm", config)?,
            widen: Linear::load_with(&loader.part("fc1"), width, wide, init)?,
            narrow: Linear::load_with(&loader.part("fc2"), wide, width, init)?,
            dropout: Dropout::new(config.activation_dropout),
        })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor, NnError> {
        let y = self.around.enter(x)?;
        let maps = self.widen.affine(pass)?.zip(self.narrow.affine(pass)?);
        let y = match maps {
            Some((widen, narrow)) if !self.dropout.is_active(pass) => {
                let (end, precision) = (self.around.end(pass), pass.precision());
                let y = feed_forward(&y, &widen, &narrow, end.as_ref(), precision)?;
                if end.is_some() {
                    return Ok(y);
                }
                y
            }
            _ => {
                let y = gelu(&self.widen.forward_in(&y, pass)?)?;
                self.narrow
                    .forward_in(&self.dropout.forward(&y, pass)?, pass)?
            }
        };
        self.around.leave(x, &y, pass)
    }

    fn prepare(&mut self, how: DecodingWeights) -> Result<(), NnError> {
        self.widen.prepare(how)?;
        self.narrow.prepare(how)
    }
}

/// Self-attention, then the feed-forward part.
#[derive(Debug, Clone)]
pub(crate) struct EncoderLayer {
    around_attention: SubLayer,
    attention: Attention,
    feed_forward: FeedForward,
}

impl EncoderLayer {
    pub(crate) fn load(loader: &ParamLoader<'_>, config: &LayerConfig) -> Result<Self, NnError> {
        Ok(Self {
            around_attention: SubLayer::load(loader, "self_attn_layer_norm", config)?,
            attention: Attention::load(&loader.part("self_attn"), config)?,
            feed_forward: FeedForward::load(loader, config)?,
        })
    }

    /// # Shapes
    /// `x`: `[B, S, D]` · `is_visible`: `[B, S]` · returns `[B, S, D]`
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        is_visible: &Tensor,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let to = AttendTo {
            memory: None,
            is_visible: Some(is_visible),
            is_causal: false,
        };
        let x = self
            .around_attention
            .attend(x, &self.attention, &to, pass)?;
        self.feed_forward.forward(&x, pass)
    }

    pub(crate) fn prepare(&mut self, how: DecodingWeights) -> Result<(), NnError> {
        self.attention.prepare(how)?;
        self.feed_forward.prepare(how)
    }
}

/// Causal self-attention, attention to the encoder, then the feed-forward part.
#[derive(Debug, Clone)]
pub(crate) struct DecoderLayer {
    around_self: SubLayer,
    to_itself: Attention,
    around_source: SubLayer,
    to_source: Attention,
    feed_forward: FeedForward,
}

impl DecoderLayer {
    pub(crate) fn load(loader: &ParamLoader<'_>, config: &LayerConfig) -> Result<Self, NnError> {
        let attention = |name: &str| Attention::load(&loader.part(name), config);
        Ok(Self {
            around_self: SubLayer::load(loader, "self_attn_layer_norm", config)?,
            to_itself: attention("self_attn")?,
            around_source: SubLayer::load(loader, "encoder_attn_layer_norm", config)?,
            to_source: attention("encoder_attn")?,
            feed_forward: FeedForward::load(loader, config)?,
        })
    }

    /// The keys and values of the encoder's output, the same for every token.
    pub(crate) fn keep_source(&self, memory: &Tensor, pass: &Pass) -> Result<KeyValues, NnError> {
        let (n_rows, _, width) = memory.dims3()?;
        let mut source = self.to_source.keep_none(n_rows, width)?;
        self.to_source.keep(memory, &mut source, pass)?;
        Ok(source)
    }

    /// A place for the keys and values of tokens.
    pub(crate) fn keep_none(&self, n_rows: usize, width: usize) -> Result<KeyValues, NnError> {
        self.to_itself.keep_none(n_rows, width)
    }

    pub(crate) fn prepare(&mut self, how: DecodingWeights) -> Result<(), NnError> {
        self.to_itself.prepare(how)?;
        self.to_source.prepare(how)?;
        self.feed_forward.prepare(how)
    }

    /// As [`DecoderLayer::forward`] for whole outputs at once, of which nothing is kept.
    ///
    /// # Shapes
    /// `x`: `[B, T, D]` · `memory`: `[B, S, D]` · `is_visible`: `[B, S]` · returns `[B, T, D]`
    pub(crate) fn forward_all(
        &self,
        x: &Tensor,
        memory: &Tensor,
        is_visible: &Tensor,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let itself = AttendTo {
            memory: None,
            is_visible: None,
            is_causal: true,
        };
        let x = self.around_self.attend(x, &self.to_itself, &itself, pass)?;
        let source = AttendTo {
            memory: Some(memory),
            is_visible: Some(is_visible),
            is_causal: false,
        };
        let x = self
            .around_source
            .attend(&x, &self.to_source, &source, pass)?;
        self.feed_forward.forward(&x, pass)
    }

    /// The layer over tokens that come after those of `past`, with which theirs are kept.
    ///
    /// # Shapes
    /// `x`: `[B, T, D]` · `is_visible`: `[B, S]` · returns `[B, T, D]`
    pub(crate) fn forward(
        &self,
        x: &Tensor,
        past: &mut KeyValues,
        source: &KeyValues,
        is_visible: &Tensor,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let y = self.around_self.enter(x)?;
        self.to_itself.keep(&y, past, pass)?;
        let y = self.to_itself.recall(&y, past, None, true, pass)?;
        let x = self.around_self.leave(x, &y, pass)?;

        let y = self.around_source.enter(&x)?;
        let y = self
            .to_source
            .recall(&y, source, Some(is_visible), false, pass)?;
        let x = self.around_source.leave(&x, &y, pass)?;
        self.feed_forward.forward(&x, pass)
    }
}
