//! Long short-term memory (Hochreiter and Schmidhuber 1997) with the equations and weights of PyTorch's
//! `nn.LSTM`, one layer, one direction, to be read by and not trained.

use candle_core::Tensor;
use smes_kernels::{Precision, linear, lstm};

use crate::{Init, NnError, ParamLoader};

/// A long short-term memory whose parameters are frozen.
#[derive(Debug, Clone)]
pub struct Lstm {
    input_weight: Tensor,
    bias: Tensor,
    state_weight: Tensor,
}

impl Lstm {
    /// Takes `weight_ih` `[4H, I]`, `weight_hh` `[4H, H]`, `bias_ih` and `bias_hh` `[4H]`, each with
    /// `suffix` (`_l0`, `_l1`, ..), gates in PyTorch's order input, forget, cell, output. New ones
    /// start uniform in `±1/sqrt(H)`.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(
        loader: &ParamLoader<'_>,
        suffix: &str,
        n_in: usize,
        n_hidden: usize,
    ) -> Result<Self, NnError> {
        let init = Init::Uniform(1.0 / (n_hidden as f64).sqrt());
        let n_gates = 4 * n_hidden;
        let get = |name: &str, shape: &[usize]| loader.get(&format!("{name}{suffix}"), shape, init);
        Ok(Self {
            input_weight: get("weight_ih", &[n_gates, n_in])?,
            state_weight: get("weight_hh", &[n_gates, n_hidden])?,
            bias: (get("bias_ih", &[n_gates])? + get("bias_hh", &[n_gates])?)?,
        })
    }

    /// Reads whole sequences from the beginning. What stands after the end of a shorter sequence
    /// cannot change what comes before, so padding at the end needs no mask.
    ///
    /// # Shapes
    /// `x`: `[T, B, I]` · returns every state, `[T, B, H]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shape does not fit; [`NnError::Kernel`] when a parameter is not
    /// frozen.
    pub fn forward(&self, x: &Tensor, precision: Precision) -> Result<Tensor, NnError> {
        x.dims3()
            .map_err(|_| NnError::shape("x", "[T, B, I]", x.dims()))?;
        let gates = linear(x, &self.input_weight, Some(&self.bias), precision)?;
        Ok(lstm(&gates, &self.state_weight, precision)?)
    }
}
