//! Gated recurrent unit (Cho et al. 2014) with the equations and weights of PyTorch's `nn.GRU`,
//! one layer, one direction: position `t` depends on `0..=t` only.

use candle_core::Tensor;
use smes_kernels::{Precision, linear};

use crate::{Init, NnError, ParamLoader};

/// A gated recurrent unit.
#[derive(Debug, Clone)]
pub struct Gru {
    input_weight: Tensor,
    input_bias: Tensor,
    state_weight: Tensor,
    state_bias: Tensor,
    n_hidden: usize,
}

impl Gru {
    /// Takes `weight_ih_l0` `[3H, I]`, `weight_hh_l0` `[3H, H]`, `bias_ih_l0` and `bias_hh_l0`
    /// `[3H]`, gates in PyTorch's order reset, update, new. New ones start uniform in
    /// `±1/sqrt(H)`.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(loader: &ParamLoader<'_>, n_in: usize, n_hidden: usize) -> Result<Self, NnError> {
        let init = Init::Uniform(1.0 / (n_hidden as f64).sqrt());
        let n_gates = 3 * n_hidden;
        Ok(Self {
            input_weight: loader.get("weight_ih_l0", &[n_gates, n_in], init)?,
            input_bias: loader.get("bias_ih_l0", &[n_gates], init)?,
            state_weight: loader.get("weight_hh_l0", &[n_gates, n_hidden], init)?,
            state_bias: loader.get("bias_hh_l0", &[n_gates], init)?,
            n_hidden,
        })
    }

    /// Width of the state.
    pub fn n_hidden(&self) -> usize {
        self.n_hidden
    }

    /// Reads whole sequences. What stands after the end of a shorter sequence cannot change what
    /// comes before, so padding at the end needs no mask. No gradient flows into `initial`.
    ///
    /// # Shapes
    /// `x`: `[B, T, I]` · `initial`: `[B, H]`, zeros where absent · returns every state,
    /// `[B, T, H]`
    ///
    /// # Equation
    /// `r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)`, `z` alike,
    /// `n = tanh(W_in x + b_in + r * (W_hn h + b_hn))`, `h' = (1 - z) * n + z * h`.
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shapes do not fit.
    pub fn forward(&self, x: &Tensor, initial: Option<&Tensor>) -> Result<Tensor, NnError> {
        let (batch, _, _) = x
            .dims3()
            .map_err(|_| NnError::shape("x", "[B, T, I]", x.dims()))?;
        let initial = match initial {
            None => vec![0.0; batch * self.n_hidden],
            Some(state) if state.dims() == [batch, self.n_hidden] => {
                state.flatten_all()?.to_vec1::<f32>()?
            }
            Some(state) => {
                let expected = format!("[{batch}, {}]", self.n_hidden);
                return Err(NnError::shape("initial", expected, state.dims()));
            }
        };
        let input_bias = Some(&self.input_bias);
        let gates = linear(x, &self.input_weight, input_bias, Precision::F32)?;
        Ok(smes_kernels::gru(
            &gates,
            &self.state_weight,
            &self.state_bias,
            initial,
        )?)
    }

    /// Reads one position more: the state after it.
    ///
    /// # Shapes
    /// `x`: `[B, I]` · `state`: `[B, H]`, zeros where absent · returns `[B, H]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shapes do not fit.
    pub fn step(&self, x: &Tensor, state: Option<&Tensor>) -> Result<Tensor, NnError> {
        if x.rank() != 2 {
            return Err(NnError::shape("x", "[B, I]", x.dims()));
        }
        Ok(self.forward(&x.unsqueeze(1)?, state)?.squeeze(1)?)
    }
}
