//! The attention of these layers: four projections, and keys and values that can be kept.

use candle_core::Tensor;
use smes_kernels::{
    AttentionSpec, KeyValues, PostNorm, Projections, attention, projected_attention,
    residual_layer_norm,
};

use super::LayerConfig;
use crate::{
    Init, NnError, ParamLoader, Pass,
    layers::{DecodingWeights, Dropout, Linear},
};

/// What is attended to.
pub(super) struct AttendTo<'a> {
    /// `[B, S, D]`; what attends itself where absent.
    pub(super) memory: Option<&'a Tensor>,
    /// `[B, S]`; all where absent.
    pub(super) is_visible: Option<&'a Tensor>,
    /// Only what stands before.
    pub(super) is_causal: bool,
}

/// Multi-head attention (Vaswani et al. 2017, section 3.2.2), with biases; that of the
/// keys, which changes nothing, is absent in some models.
#[derive(Debug, Clone)]
pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    n_heads: usize,
    dropout: Dropout,
}

impl Attention {
    pub(super) fn load(loader: &ParamLoader<'_>, config: &LayerConfig) -> Result<Self, NnError> {
        let (width, init) = (config.width, Init::Normal(config.init_std));
        let linear = |name: &str| Linear::load_with(&loader.part(name), width, width, init);
        let key = if config.has_key_bias {
            linear("k_proj")?
        } else {
            Linear::load_without_bias(&loader.part("k_proj"), width, width)?
        };
        Ok(Self {
            query: linear("q_proj")?,
            key,
            value: linear("v_proj")?,
            out: linear("out_proj")?,
            n_heads: config.n_heads,
            dropout: Dropout::new(config.attention_dropout),
        })
    }

    /// Prepares the weights for decoding.
    pub(super) fn prepare(&mut self, how: DecodingWeights) -> Result<(), NnError> {
        for map in [
            &mut self.query,
            &mut self.key,
            &mut self.value,
            &mut self.out,
        ] {
            map.prepare(how)?;
        }
        Ok(())
    }

    /// All four projections and the attention between them as one operation, where nothing has to
    /// be kept; the whole sub-layer where `end` is given.
    ///
    /// # Shapes
    /// `x`: `[B, T, D]` · `memory`: `[B, S, D]`, `x` itself where absent · returns `[B, T, D]`
    pub(super) fn whole(
        &self,
        x: &Tensor,
        memory: Option<&Tensor>,
        spec: &AttentionSpec<'_>,
        end: Option<&PostNorm>,
        pass: &Pass,
    ) -> Result<Tensor, NnError> {
        let affine = |map: &Linear| map.affine(pass);
        let (query, key) = (affine(&self.query)?, affine(&self.key)?);
        let (value, out) = (affine(&self.value)?, affine(&self.out)?);
        let (Some(query), Some(key), Some(value), Some(out)) = (query, key, value, out) else {
            let (key, value) = self.project(memory.unwrap_or(x), pass)?;
            let query = self.query.forward_in(x, pass)?;
            let mixed = attention(&query, &key, &value, spec)?;
            let y = self.out.forward_in(&mixed, pass)?;
            return match end {
                Some(end) => Ok(residual_layer_norm(&y, x, end)?),
                None => Ok(y),
            };
        };
        let projections = Projections {
            query,
            key,
            value,
            out,
        };
        Ok(projected_attention(x, memory, &projections, spec, end)?)
    }

    /// How queries of `width` attend.
    pub(super) fn spec<'a>(
        &self,
        width: usize,
        to: &AttendTo<'a>,
        pass: &mut Pass,
    ) -> AttentionSpec<'a> {
        AttentionSpec {
            is_causal: to.is_causal,
            key_is_visible: to.is_visible,
            dropout: self.dropout.mask(pass),
            precision: pass.precision(),
            ..AttentionSpec::new(self.n_heads, width)
        }
    }

    /// The keys and values of what is attended to, each `[B, S, D]`.
    fn project(&self, x: &Tensor, pass: &Pass) -> Result<(Tensor, Tensor), NnError> {
        Ok((
            self.key.forward_in(x, pass)?,
            self.value.forward_in(x, pass)?,
        ))
    }

    /// Keeps the keys and values of `x` after those that are kept.
    ///
    /// # Shapes
    /// `x`: `[B, T, D]`
    pub(super) fn keep(
        &self,
        x: &Tensor,
        kept: &mut KeyValues,
        pass: &Pass,
    ) -> Result<(), NnError> {
        let (key, value) = self.project(x, pass)?;
        Ok(kept.append(&key, &value)?)
    }

    /// A place to keep keys and values of `n_rows` sequences.
    pub(super) fn keep_none(&self, n_rows: usize, width: usize) -> Result<KeyValues, NnError> {
        Ok(KeyValues::new(n_rows, self.n_heads, width)?)
    }

    /// Attends to what is kept; where `is_causal`, `x` are its last positions.
    ///
    /// # Shapes
    /// `x`: `[B, T, D]` · `is_visible`: `[B, S]`, all where absent · returns `[B, T, D]`
    pub(super) fn recall(
        &self,
        x: &Tensor,
        kept: &KeyValues,
        is_visible: Option<&Tensor>,
        is_causal: bool,
        pass: &Pass,
    ) -> Result<Tensor, NnError> {
        let query = self.query.forward_in(x, pass)?;
        let mixed = kept.attend(&query, is_visible, is_causal)?;
        self.out.forward_in(&mixed, pass)
    }
}
