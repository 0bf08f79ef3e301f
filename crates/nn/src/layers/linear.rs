//! Affine map over the last dimension, PyTorch's `nn.Linear`: weight `[out, in]`, `y = x Wᵀ + b`.

use std::sync::Arc;

use candle_core::Tensor;
use smes_kernels::{Affine, Precision, linear};

use super::{DecodingWeights, Prepared};
use crate::{Init, NnError, ParamLoader, Pass};

/// An affine map over the last dimension.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
    /// The same for decoding, once asked for.
    prepared: Option<Arc<Prepared>>,
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
        Ok(Self {
            weight,
            bias,
            prepared: None,
        })
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
            prepared: None,
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

    /// As [`Linear::forward`], in the precision of the pass, or with the weights prepared for
    /// decoding where there are some and the pass does not train.
    ///
    /// # Errors
    /// As for [`Linear::forward`].
    pub fn forward_in(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        match &self.prepared {
            Some(prepared) if !pass.is_training() => prepared.forward(x),
            _ => {
                let bias = self.bias.as_ref();
                Ok(linear(x, &self.weight, bias, pass.precision())?)
            }
        }
    }

    /// Prepares the weights as they are now for decoding.
    ///
    /// # Errors
    /// When the weights are not `f32` on the CPU.
    pub fn prepare(&mut self, how: DecodingWeights) -> Result<(), NnError> {
        let prepared = Prepared::new(&self.weight, self.bias.as_ref(), how)?;
        self.prepared = Some(Arc::new(prepared));
        Ok(())
    }

    /// The parameters, for an operation that joins this map with others; none without a bias, or
    /// where prepared weights are to be used.
    pub(crate) fn affine(&self, pass: &Pass) -> Result<Option<Affine>, NnError> {
        match (&self.bias, &self.prepared) {
            (Some(_), Some(_)) if !pass.is_training() => Ok(None),
            (Some(bias), _) => Ok(Some(Affine::new(&self.weight, bias)?)),
            (None, _) => Ok(None),
        }
    }
}
