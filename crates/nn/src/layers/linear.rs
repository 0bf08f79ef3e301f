//! Affine map over the last dimension, PyTorch's `nn.Linear`: weight `[out, in]`, `y = x Wᵀ + b`.

use candle_core::Tensor;
use smes_kernels::{Precision, linear};

use crate::{Init, NnError, ParamLoader, Pass};

/// An affine map over the last dimension.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// Takes `weight` `[out, in]` and `bias` `[out]`; new ones start uniform in `±1/sqrt(in)`.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(loader: &ParamLoader<'_>, n_in: usize, n_out: usize) -> Result<Self, NnError> {
        let init = Init::Uniform(1.0 / (n_in as f64).sqrt());
        Self::load_with(loader, n_in, n_out, init)
    }

    /// As [`Linear::load`]; a new weight starts by `init`, a new bias at zero where `init` is
    /// normal (BERT) and like the weight where it is uniform (PyTorch).
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load_with(
        loader: &ParamLoader<'_>,
        n_in: usize,
        n_out: usize,
        init: Init,
    ) -> Result<Self, NnError> {
        let bias_init = if matches!(init, Init::Uniform(_)) {
            init
        } else {
            Init::Zeros
        };
        let weight = loader.get("weight", &[n_out, n_in], init)?;
        let bias = Some(loader.get("bias", &[n_out], bias_init)?);
        Ok(Self { weight, bias })
    }

    /// Takes only `weight` `[out, in]`.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load_without_bias(
        loader: &ParamLoader<'_>,
        n_in: usize,
        n_out: usize,
    ) -> Result<Self, NnError> {
        let init = Init::Uniform(1.0 / (n_in as f64).sqrt());
        Ok(Self {
            weight: loader.get("weight", &[n_out, n_in], init)?,
            bias: None,
        })
    }

    /// # Shapes
    /// `x`: `[.., in]` · returns `[.., out]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the last dimension is not `in`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        let bias = self.bias.as_ref();
        Ok(linear(x, &self.weight, bias, Precision::F32)?)
    }

    /// As [`Linear::forward`], in the precision of the pass.
    ///
    /// # Errors
    /// As for [`Linear::forward`].
    pub fn forward_in(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let bias = self.bias.as_ref();
        Ok(linear(x, &self.weight, bias, pass.precision())?)
    }
}
