//! Gradients by parameter name: collected, accumulated, measured.

use std::collections::BTreeMap;

use candle_core::Tensor;

use smes_kernels::squared_norm;

use crate::{NnError, Params};

/// The gradient of a loss with respect to the trainable parameters it depends on.
#[derive(Debug, Clone, Default)]
pub struct Gradients {
    by_name: BTreeMap<String, Tensor>,
}

impl Gradients {
    /// Runs the backward pass of a scalar loss.
    ///
    /// # Errors
    /// When an operation of the loss has no backward pass.
    pub fn of(loss: &Tensor, params: &Params) -> Result<Self, NnError> {
        let found = smes_kernels::backward(loss)?;
        let by_name = params
            .trainable()
            .into_iter()
            .filter_map(|(name, var)| Some((name, found.get(&var)?.detach())))
            .collect();
        Ok(Self { by_name })
    }

    /// The gradient of a parameter.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.by_name.get(name)
    }

    /// Adds the gradients of another part of the batch.
    ///
    /// # Errors
    /// When a parameter changed its shape between the two.
    pub fn accumulate(&mut self, other: Self) -> Result<(), NnError> {
        for (name, gradient) in other.by_name {
            let sum = match self.by_name.remove(&name) {
                Some(so_far) => (so_far + gradient)?,
                None => gradient,
            };
            self.by_name.insert(name, sum);
        }
        Ok(())
    }

    /// Euclidean norm over all gradients together.
    ///
    /// # Errors
    /// When a gradient is not `f32` on the CPU.
    pub fn global_norm(&self) -> Result<f64, NnError> {
        let mut total = 0.0;
        for gradient in self.by_name.values() {
            total += squared_norm(gradient)?;
        }
        Ok(total.sqrt())
    }

    /// Trainable parameters that the loss gives no gradient, or one that is all zero or not
    /// finite: the proof that a model trains is that this is empty.
    ///
    /// # Errors
    /// As for [`Gradients::global_norm`].
    pub fn missing(&self, params: &Params) -> Result<Vec<String>, NnError> {
        let mut missing = Vec::new();
        for (name, _) in params.trainable() {
            let norm = self.by_name.get(&name).map(squared_norm).transpose()?;
            if !norm.is_some_and(|norm| norm.is_finite() && norm > 0.0) {
                missing.push(name);
            }
        }
        Ok(missing)
    }
}
