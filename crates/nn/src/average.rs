//! Exponential moving average of the parameters over the steps of a run (Polyak and Juditsky
//! 1992): often a steadier model to select and to ship than the last step's.

use std::collections::BTreeMap;

use candle_core::Tensor;

use crate::{NnError, Params};

/// The running average of every parameter.
#[derive(Debug, Clone)]
pub struct ParamAverage {
    decay: f64,
    values: BTreeMap<String, Tensor>,
}

impl ParamAverage {
    /// Starts at the present values. `decay` in `[0, 1)`: the share that the past keeps at each
    /// step (0.99).
    ///
    /// # Errors
    /// When memory cannot be copied.
    pub fn new(params: &Params, decay: f64) -> Result<Self, NnError> {
        Ok(Self {
            decay,
            values: params.snapshot()?,
        })
    }

    /// Continues from stored values (a resumed run), with the decay it has.
    pub fn restore(&mut self, values: BTreeMap<String, Tensor>) {
        self.values = values;
    }

    /// Takes in the values after a step, counted from 0.
    ///
    /// # Equation
    /// `average = d * average + (1 - d) * value` with `d = min(decay, (1 + step) / (10 + step))`:
    /// short at first, so that the random start is soon forgotten (as TensorFlow's
    /// `ExponentialMovingAverage` with `num_updates`).
    ///
    /// # Errors
    /// [`NnError::MissingTensor`] when a trainable parameter was not there at the start.
    pub fn update(&mut self, params: &Params, step: u64) -> Result<(), NnError> {
        let decay = self.decay.min((1.0 + step as f64) / (10.0 + step as f64));
        for (name, var) in params.trainable() {
            let average = self
                .values
                .get_mut(&name)
                .ok_or_else(|| NnError::MissingTensor {
                    file: "parameter average".to_owned(),
                    name: name.clone(),
                    expected: var.dims().to_vec(),
                })?;
            let change = (var.as_detached_tensor() - &*average)?;
            *average = (&*average + (change * (1.0 - decay))?)?;
        }
        Ok(())
    }

    /// The averages by name, for [`Params::restore`] and [`crate::checkpoint::write`].
    pub fn values(&self) -> &BTreeMap<String, Tensor> {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::Init;

    #[test]
    fn moves_by_its_share_towards_each_new_value() {
        let params = Params::new();
        params.initialiser(0).get("w", &[1], Init::Zeros).unwrap();
        let mut average = ParamAverage::new(&params, 0.75).unwrap();
        // Late in a run the decay is in force; early it is (1 + 0) / (10 + 0).
        for (step, expected) in [(1000, 2.0_f32), (1000, 3.5), (0, 7.55)] {
            let value = Tensor::new(&[8_f32], &Device::Cpu).unwrap();
            params
                .restore(&BTreeMap::from([("w".to_owned(), value)]), "test")
                .unwrap();
            average.update(&params, step).unwrap();
            let found = average.values()["w"].to_vec1::<f32>().unwrap()[0];
            assert!((found - expected).abs() < 1e-5, "{found} is not {expected}");
        }
    }
}
