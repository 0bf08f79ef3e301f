//! Multi-head scaled dot-product self-attention (Vaswani et al. 2017, section 3.2).

use candle_core::Tensor;
use smes_kernels::{AttentionSpec, attention};

use super::{dropout::Dropout, linear::Linear};
use crate::{Init, NnError, ParamLoader, Pass};

/// Self-attention with its three projections, named as in BERT: `query`, `key`, `value`.
#[derive(Debug, Clone)]
pub struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    n_heads: usize,
    is_causal: bool,
    dropout: Dropout,
}

impl SelfAttention {
    /// Takes `query`, `key` and `value`, each `width` to `width`. With `is_causal`, a position
    /// sees itself and those before it.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`]; [`NnError::ConfigValue`] when the heads do not divide the width.
    pub fn load(
        loader: &ParamLoader<'_>,
        width: usize,
        n_heads: usize,
        is_causal: bool,
        dropout: f64,
    ) -> Result<Self, NnError> {
        check_heads(width, n_heads)?;
        let init = Init::Normal(0.02);
        Ok(Self {
            query: Linear::load_with(&loader.part("query"), width, width, init)?,
            key: Linear::load_with(&loader.part("key"), width, width, init)?,
            value: Linear::load_with(&loader.part("value"), width, width, init)?,
            n_heads,
            is_causal,
            dropout: Dropout::new(dropout),
        })
    }

    /// # Shapes
    /// `x`: `[B, S, D]` · `attention_mask`: `[B, S]`, an integer type, 0 = padding · returns
    /// `[B, S, D]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shapes do not fit.
    pub fn forward(
        &self,
        x: &Tensor,
        attention_mask: &Tensor,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let dropout = self.dropout.mask(pass);
        let query = self.query.forward(x)?;
        if attention_mask.dims() != &query.dims()[..2] {
            let expected = format!("{:?}", &query.dims()[..2]);
            let found = attention_mask.dims();
            return Err(NnError::shape("attention_mask", expected, found));
        }
        let spec = AttentionSpec {
            is_causal: self.is_causal,
            key_is_visible: Some(attention_mask),
            dropout,
            ..AttentionSpec::new(self.n_heads, query.dim(2)?)
        };
        let (key, value) = (self.key.forward(x)?, self.value.forward(x)?);
        Ok(attention(&query, &key, &value, &spec)?)
    }
}

fn check_heads(width: usize, n_heads: usize) -> Result<(), NnError> {
    if n_heads > 0 && width.is_multiple_of(n_heads) {
        return Ok(());
    }
    Err(NnError::ConfigValue {
        field: "num_attention_heads",
        found: n_heads.to_string(),
        expected: "a divisor of the hidden size",
    })
}
