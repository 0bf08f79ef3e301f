//! `AdamW` (Loshchilov and Hutter 2019) with parameter groups and clipping by the global norm.
//!
//! Same numbers as PyTorch's `AdamW`, or the one that transformers had, and as `clip_grad_norm_`
//! (`tests/golden/adamw`). Each parameter
//! is updated in place in one pass over memory. State is saved exactly: a resumed run equals an
//! uninterrupted one.

use std::{collections::BTreeMap, path::Path};

use candle_core::{Device, Tensor, Var};
use serde::{Deserialize, Serialize};
use smes_kernels::{AdamWFactors, adamw_update};

use crate::{
    Gradients, NnError, Params,
    checkpoint::{self, StoredAs},
};

const STEP: &str = "step";

/// Parameters that share a learning rate.
#[derive(Debug, Clone)]
pub struct ParamGroup {
    /// For messages: `encoder`, `heads`.
    pub name: String,
    /// Learning rate at the peak of the schedule.
    pub learning_rate: f64,
    /// Decoupled weight decay; PyTorch's definition, multiplied with the learning rate.
    pub weight_decay: f64,
    params: Vec<(String, Var)>,
}

impl ParamGroup {
    /// The trainable parameters whose name is selected.
    pub fn new(
        name: impl Into<String>,
        params: &Params,
        learning_rate: f64,
        weight_decay: f64,
        is_member: impl Fn(&str) -> bool,
    ) -> Self {
        let params = params
            .trainable()
            .into_iter()
            .filter(|(name, _)| is_member(name))
            .collect();
        Self {
            name: name.into(),
            learning_rate,
            weight_decay,
            params,
        }
    }

    /// Names of the members, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.params.iter().map(|(name, _)| name.as_str())
    }
}

/// Whose `AdamW`. They differ in where epsilon is added, which slows the first steps of parameters with
/// small gradients down, and in that the decay is of the parameter before or after its update.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdamWForm {
    /// `torch.optim.AdamW`: epsilon is added to the corrected root of the second mean.
    #[default]
    Torch,
    /// `transformers.AdamW` (removed in 5.0): epsilon is added to the root as it is.
    Transformers,
}

/// Settings of [`AdamW`] that all groups share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AdamWConfig {
    /// Whose.
    pub form: AdamWForm,
    /// Decay of the running mean of gradients.
    pub beta1: f64,
    /// Decay of the running mean of squared gradients.
    pub beta2: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// The global norm at which gradients are clipped; never where absent.
    pub max_norm: Option<f64>,
}

impl Default for AdamWConfig {
    /// PyTorch's: 0.9, 0.999, 1e-8, no clipping.
    fn default() -> Self {
        Self {
            form: AdamWForm::Torch,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            max_norm: None,
        }
    }
}

#[derive(Debug, Clone)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

impl Moments {
    fn zeros(n_elements: usize) -> Self {
        Self {
            first: vec![0.0; n_elements],
            second: vec![0.0; n_elements],
        }
    }
}

/// The optimiser.
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    groups: Vec<ParamGroup>,
    moments: BTreeMap<String, Moments>,
    n_steps: u64,
}

impl AdamW {
    /// An optimiser that has taken no step.
    ///
    /// # Errors
    /// [`NnError::ParameterInTwoGroups`].
    pub fn new(groups: Vec<ParamGroup>, config: AdamWConfig) -> Result<Self, NnError> {
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        let mut moments = BTreeMap::new();
        for group in &groups {
            for (name, var) in &group.params {
                if let Some(first) = owners.insert(name, &group.name) {
                    return Err(NnError::ParameterInTwoGroups {
                        name: name.clone(),
                        first: first.to_owned(),
                        second: group.name.clone(),
                    });
                }
                moments.insert(name.clone(), Moments::zeros(var.elem_count()));
            }
        }
        Ok(Self {
            config,
            groups,
            moments,
            n_steps: 0,
        })
    }

    /// Steps taken so far.
    pub fn n_steps(&self) -> u64 {
        self.n_steps
    }

    /// One step with the learning rates times `schedule_factor`. Returns the global norm of the
    /// gradients before clipping.
    ///
    /// # Errors
    /// [`NnError::NonFiniteGradient`] and [`NnError::MissingGradient`]; then nothing is changed.
    pub fn step(&mut self, gradients: &Gradients, schedule_factor: f64) -> Result<f64, NnError> {
        let norm = gradients.global_norm()?;
        if !norm.is_finite() {
            return Err(NnError::NonFiniteGradient {
                step: self.n_steps + 1,
                norm,
            });
        }
        let mut updates = Vec::new();
        for group in &self.groups {
            for (name, var) in &group.params {
                let gradient = gradients
                    .get(name)
                    .ok_or_else(|| NnError::MissingGradient {
                        name: name.clone(),
                        group: group.name.clone(),
                    })?;
                updates.push((group, name, var, gradient));
            }
        }
        let clip = self
            .config
            .max_norm
            .map_or(1.0, |max| (max / (norm + 1e-6)).min(1.0));
        self.n_steps += 1;
        for (group, name, var, gradient) in updates {
            let rate = group.learning_rate * schedule_factor;
            let factors = factors(&self.config, self.n_steps, rate, group.weight_decay, clip);
            let moments = self.moments.entry(name.clone());
            let moments = moments.or_insert_with(|| Moments::zeros(var.elem_count()));
            adamw_update(
                var,
                gradient,
                &mut moments.first,
                &mut moments.second,
                factors,
            )?;
        }
        Ok(norm)
    }

    /// Writes the state (not the parameters), whole or not at all.
    ///
    /// # Errors
    /// [`NnError::Write`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), NnError> {
        let mut tensors = BTreeMap::new();
        for (name, moments) in &self.moments {
            for (kind, values) in [("first", &moments.first), ("second", &moments.second)] {
                let tensor = Tensor::from_slice(values, values.len(), &Device::Cpu)?;
                tensors.insert(format!("{name}.{kind}"), tensor);
            }
        }
        let metadata = BTreeMap::from([(STEP.to_owned(), self.n_steps.to_string())]);
        checkpoint::write(path.as_ref(), &tensors, &metadata, |_| StoredAs::F32)?;
        Ok(())
    }

    /// Reads a state that an optimiser over the same parameters has saved.
    ///
    /// # Errors
    /// As for [`checkpoint::read_file`]; a missing, additional or misshapen tensor. Then nothing
    /// is changed.
    pub fn restore(&mut self, path: impl AsRef<Path>) -> Result<(), NnError> {
        let file = path.as_ref().display().to_string();
        let mut saved = checkpoint::read_file(path.as_ref())?;
        let n_steps = saved.metadata.get(STEP).and_then(|step| step.parse().ok());
        let n_steps = n_steps.ok_or_else(|| NnError::Metadata {
            file: file.clone(),
            key: STEP.to_owned(),
        })?;
        let mut restored = BTreeMap::new();
        for (name, moments) in &self.moments {
            let mut take = |kind: &str| {
                let name = format!("{name}.{kind}");
                let expected = vec![moments.first.len()];
                match saved.tensors.remove(&name) {
                    None => Err(NnError::MissingTensor {
                        file: file.clone(),
                        name,
                        expected,
                    }),
                    Some(tensor) if tensor.dims() != expected => {
                        let found = tensor.dims().to_vec();
                        Err(NnError::TensorShape {
                            file: file.clone(),
                            name,
                            expected,
                            found,
                        })
                    }
                    Some(tensor) => Ok(tensor.to_vec1::<f32>()?),
                }
            };
            let moments = Moments {
                first: take("first")?,
                second: take("second")?,
            };
            restored.insert(name.clone(), moments);
        }
        if !saved.tensors.is_empty() {
            let names = saved.tensors.into_keys().collect();
            return Err(NnError::UnusedTensors { file, names });
        }
        self.moments = restored;
        self.n_steps = n_steps;
        Ok(())
    }
}

/// The numbers of one update that are the same for every element.
#[expect(clippy::cast_possible_truncation, reason = "used beside f32 numbers")]
fn factors(
    config: &AdamWConfig,
    step: u64,
    rate: f64,
    weight_decay: f64,
    clip: f64,
) -> AdamWFactors {
    // Beyond 2^31 steps the corrections are 1 to the last digit.
    let power = i32::try_from(step).unwrap_or(i32::MAX);
    let first_correction = 1.0 - config.beta1.powi(power);
    let second_correction = 1.0 - config.beta2.powi(power);
    let keep = 1.0 - rate * weight_decay;
    let step_size = rate / first_correction;
    let (step_size, second_scale) = match config.form {
        AdamWForm::Torch => (step_size, 1.0 / second_correction.sqrt()),
        // What is updated decays as a whole.
        AdamWForm::Transformers => (keep * step_size * second_correction.sqrt(), 1.0),
    };
    AdamWFactors {
        keep: keep as f32,
        beta1: config.beta1 as f32,
        one_minus_beta1: (1.0 - config.beta1) as f32,
        beta2: config.beta2 as f32,
        one_minus_beta2: (1.0 - config.beta2) as f32,
        step_size: step_size as f32,
        second_scale: second_scale as f32,
        epsilon: config.epsilon as f32,
        clip: clip as f32,
    }
}
