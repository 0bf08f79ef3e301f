//! The attention of a Blenderbot: four projections, and keys and values that can be kept.

use candle_core::Tensor;
use smes_kernels::{AttentionSpec, Projections, attention, projected_attention};

use crate::{
    Init, NnError, ParamLoader, Pass,
    layers::{DecodingWeights, Dropout, Linear},
};

/// Projected keys and values, each `[B, S, D]`.
#[derive(Debug, Clone)]
pub(super) struct KeyValue {
    pub(super) key: Tensor,
    pub(super) value: Tensor,
}

impl KeyValue {
    /// These after those before them.
    fn after(self, past: Option<&Self>) -> Result<Self, NnError> {
        let Some(past) = past else {
            return Ok(self);
        };
        Ok(Self {
            key: Tensor::cat(&[&past.key, &self.key], 1)?,
            value: Tensor::cat(&[&past.value, &self.value], 1)?,
        })
    }
}

/// Multi-head attention (Vaswani et al. 2017, section 3.2.2), with biases.
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
    pub(super) fn load(
        loader: &ParamLoader<'_>,
        width: usize,
        n_heads: usize,
        dropout: f64,
        init: Init,
    ) -> Result<Self, NnError> {
        let linear = |name: &str| Linear::load_with(&loader.part(name), width, width, init);
        Ok(Self {
            query: linear("q_proj")?,
            key: linear("k_proj")?,
            value: linear("v_proj")?,
            out: linear("out_proj")?,
            n_heads,
            dropout: Dropout::new(dropout),
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
    /// be kept.
    ///
    /// # Shapes
    /// `x`: `[B, T, D]` · `memory`: `[B, S, D]`, `x` itself where absent · `is_visible`: `[B, S]`
    pub(super) fn whole(
        &self,
        x: &Tensor,
        memory: Option<&Tensor>,
        is_visible: Option<&Tensor>,
        is_causal: bool,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let affine = |map: &Linear| map.affine(pass);
        let (query, key) = (affine(&self.query)?, affine(&self.key)?);
        let (value, out) = (affine(&self.value)?, affine(&self.out)?);
        let (Some(query), Some(key), Some(value), Some(out)) = (query, key, value, out) else {
            let seen = self.project(memory.unwrap_or(x), pass)?;
            return self.forward(x, &seen, is_visible, is_causal, pass);
        };
        let projections = Projections {
            query,
            key,
            value,
            out,
        };
        let spec = self.spec(x.dim(2)?, is_visible, is_causal, pass);
        Ok(projected_attention(x, memory, &projections, &spec)?)
    }

    fn spec<'a>(
        &self,
        width: usize,
        key_is_visible: Option<&'a Tensor>,
        is_causal: bool,
        pass: &mut Pass,
    ) -> AttentionSpec<'a> {
        AttentionSpec {
            is_causal,
            key_is_visible,
            dropout: self.dropout.mask(pass),
            precision: pass.precision(),
            ..AttentionSpec::new(self.n_heads, width)
        }
    }

    /// The keys and values of what is attended to, `[B, S, D]`.
    pub(super) fn project(&self, x: &Tensor, pass: &Pass) -> Result<KeyValue, NnError> {
        Ok(KeyValue {
            key: self.key.forward_in(x, pass)?,
            value: self.value.forward_in(x, pass)?,
        })
    }

    /// Attends to itself, after what was kept; gives the result and what to keep.
    ///
    /// # Shapes
    /// `x`: `[B, T, D]`
    pub(super) fn to_itself(
        &self,
        x: &Tensor,
        past: Option<&KeyValue>,
        pass: &mut Pass,
    ) -> Result<(Tensor, KeyValue), NnError> {
        let seen = self.project(x, pass)?.after(past)?;
        let mixed = self.forward(x, &seen, None, true, pass)?;
        Ok((mixed, seen))
    }

    /// Attends to the visible positions of `seen`.
    ///
    /// # Shapes
    /// `x`: `[B, T, D]` · `is_visible`: `[B, S]`, all where absent · returns `[B, T, D]`
    pub(super) fn forward(
        &self,
        x: &Tensor,
        seen: &KeyValue,
        is_visible: Option<&Tensor>,
        is_causal: bool,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let query = self.query.forward_in(x, pass)?;
        let spec = self.spec(query.dim(2)?, is_visible, is_causal, pass);
        let mixed = attention(&query, &seen.key, &seen.value, &spec)?;
        self.out.forward_in(&mixed, pass)
    }
}
