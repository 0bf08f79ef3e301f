//! Table of vectors by index, PyTorch's `nn.Embedding`.

use candle_core::Tensor;

use crate::{Init, NnError, ParamLoader};

/// A table of vectors by index.
#[derive(Debug, Clone)]
pub struct Embedding {
    weight: Tensor,
}

impl Embedding {
    /// Takes `weight` `[V, D]`; a new one starts normal with standard deviation 0.02 (BERT).
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(loader: &ParamLoader<'_>, n_rows: usize, width: usize) -> Result<Self, NnError> {
        Ok(Self {
            weight: loader.get("weight", &[n_rows, width], Init::Normal(0.02))?,
        })
    }

    /// # Shapes
    /// `ids`: `[..]`, `u32` in `0..V` · returns `[.., D]`
    ///
    /// # Errors
    /// When an id is `V` or more.
    pub fn forward(&self, ids: &Tensor) -> Result<Tensor, NnError> {
        Ok(smes_kernels::embedding(ids, &self.weight)?)
    }
}
