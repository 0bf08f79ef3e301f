//! What learns in one pass over small data: parameters, optimiser, schedule, their running average,
//! the best so far, and how all of it is kept between two processes.

use std::collections::BTreeMap;
use std::path::Path;

use smes_nn::checkpoint::{self, StoredAs};
use smes_nn::optim::{AdamW, AdamWConfig, ParamGroup};
use smes_nn::schedule::{Decay, Schedule};
use smes_nn::{Gradients, NnError, ParamAverage, Params, Tensor};

use crate::TrainingError;

const WEIGHTS: &str = "weights.safetensors";
const AVERAGE: &str = "average.safetensors";
const BEST: &str = "best.safetensors";
const OPTIMISER: &str = "optimiser.safetensors";

/// How a [`Learner`] goes about it.
pub(crate) struct Pace {
    /// Steps in all.
    pub(crate) n_steps: u64,
    /// Steps of linear warm-up.
    pub(crate) n_warmup_steps: u64,
    /// What follows warm-up.
    pub(crate) decay: Decay,
    /// Peak learning rate of `AdamW`.
    pub(crate) learning_rate: f64,
    /// Decoupled weight decay of `AdamW`.
    pub(crate) weight_decay: f64,
    /// Longest gradient.
    pub(crate) max_gradient_norm: f64,
    /// Decay of the running mean of the weights.
    pub(crate) average_decay: f64,
}

/// Everything that changes during a run.
pub(crate) struct Learner {
    params: Params,
    optimiser: AdamW,
    schedule: Schedule,
    average: ParamAverage,
    best: BTreeMap<String, Tensor>,
}

impl Learner {
    /// Learns all parameters; `name` stands for them in errors.
    pub(crate) fn new(name: &str, params: Params, pace: &Pace) -> Result<Self, NnError> {
        let (rate, weight_decay) = (pace.learning_rate, pace.weight_decay);
        let group = ParamGroup::new(name, &params, rate, weight_decay, |_| true);
        let config = AdamWConfig {
            max_norm: Some(pace.max_gradient_norm),
            ..AdamWConfig::default()
        };
        Ok(Self {
            optimiser: AdamW::new(vec![group], config)?,
            schedule: Schedule {
                n_warmup_steps: pace.n_warmup_steps,
                n_steps: pace.n_steps,
                decay: pace.decay,
            },
            average: ParamAverage::new(&params, pace.average_decay)?,
            best: BTreeMap::new(),
            params,
        })
    }

    /// One step down a loss; gives its value.
    pub(crate) fn step(&mut self, loss: &Tensor, step: u64) -> Result<f64, TrainingError> {
        let value = f64::from(loss.to_scalar::<f32>().map_err(NnError::from)?);
        if !value.is_finite() {
            return Err(TrainingError::Diverged { loss: value, step });
        }
        let gradients = Gradients::of(loss, &self.params)?;
        self.optimiser
            .step(&gradients, self.schedule.factor(step))?;
        self.average.update(&self.params, step)?;
        Ok(value)
    }

    /// Looks at the averaged weights, and keeps them if they are the best so far, of which `look`
    /// tells beside what it found.
    pub(crate) fn validate<T>(
        &mut self,
        look: impl FnOnce() -> Result<(T, bool), NnError>,
    ) -> Result<(T, bool), TrainingError> {
        let current = self.params.snapshot()?;
        self.params.restore(self.average.values(), AVERAGE)?;
        let (found, is_best) = look()?;
        if is_best {
            self.best = self.params.snapshot()?;
        }
        self.params.restore(&current, WEIGHTS)?;
        Ok((found, is_best))
    }

    /// What learns.
    pub(crate) const fn params(&self) -> &Params {
        &self.params
    }

    /// Makes the best weights the current ones.
    pub(crate) fn take_best(&self) -> Result<(), NnError> {
        self.params.restore(&self.best, BEST)
    }

    /// Writes the current weights, in 16 bits; gives the number of bytes.
    pub(crate) fn export(&self, path: &Path) -> Result<u64, NnError> {
        self.params.save(path, &BTreeMap::new(), |_| StoredAs::F16)
    }

    /// Writes what a later process needs to go on.
    pub(crate) fn save(&self, dir: &Path) -> Result<(), NnError> {
        let write = |name: &str, tensors: &BTreeMap<String, Tensor>| {
            checkpoint::write(&dir.join(name), tensors, &BTreeMap::new(), |_| {
                StoredAs::F32
            })
        };
        write(WEIGHTS, &self.params.tensors())?;
        write(AVERAGE, self.average.values())?;
        write(BEST, &self.best)?;
        self.optimiser.save(dir.join(OPTIMISER))
    }

    /// Reads what [`Learner::save`] wrote.
    pub(crate) fn restore(&mut self, dir: &Path) -> Result<(), NnError> {
        let read = |name: &str| Ok::<_, NnError>(checkpoint::read_file(&dir.join(name))?.tensors);
        self.params.restore(&read(WEIGHTS)?, WEIGHTS)?;
        self.average.restore(read(AVERAGE)?);
        self.best = read(BEST)?;
        self.optimiser.restore(dir.join(OPTIMISER))
    }
}
