//! The network in training: step, early stop, selection, resume.
//!
//! Data order and dropout are functions of (seed, epoch) and (seed, step, shard), and the gradients
//! of a step's shards are summed in their order: a run that was stopped and resumed, or one whose
//! shards were shared out, ends with the same weights as one that was not.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use smes_corpus::Corpus;
use smes_dialogue::Train;
use smes_nn::blenderbot::{Blenderbot, BlenderbotConfig};
use smes_nn::checkpoint::{self, StoredAs};
use smes_nn::optim::{AdamW, AdamWConfig, ParamGroup};
use smes_nn::schedule::Schedule;
use smes_nn::{Gradients, NnError, Params, Pass, Tensor};
use smes_reasoning::sequence::Sequence;

use super::Seq2seqRecipe;
use super::data::{Example, Material};
use super::epochs::{EpochRecord, best_epoch, epoch_line, write_curves};
use super::export::export_model;
use super::model::{Beginning, begin};
use super::validate::{ValidationMaterial, ValidationSet};
use crate::batches::length_batches;
use crate::epoch_loop::{EpochJob, each_batch, run_epochs};
use crate::{CorpusRef, Progress, RunFolder, RunManifest, TrainingError};

const STATE_WEIGHTS: &str = "weights.safetensors";
const STATE_BEST: &str = "best.safetensors";
const STATE_OPTIMISER: &str = "optimiser.safetensors";
/// Lengths are shuffled by up to this many tokens before neighbours form a batch.
const LENGTH_JITTER: f64 = 8.0;

/// What a run ended with.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedSeq2seq {
    /// All epochs.
    pub epochs: Vec<EpochRecord>,
    /// The one that was chosen.
    pub best: EpochRecord,
    /// Bytes of the shipped weights.
    pub weight_bytes: u64,
}

/// Trains a network and leaves the chosen model in `run/model`.
///
/// `is_resumed` goes on with the run in the folder; otherwise the folder must hold none.
///
/// # Errors
/// [`TrainingError`]; what was written up to the last whole epoch can be resumed, and where the
/// loss became no number, the best model before that is left in `run/model`.
pub fn train_seq2seq(
    recipe: &Seq2seqRecipe,
    corpus: &Corpus,
    run_dir: &Path,
    is_resumed: bool,
    progress: &mut dyn Progress,
) -> Result<TrainedSeq2seq, TrainingError> {
    let reference = CorpusRef {
        name: corpus.manifest().name.clone(),
        checksum: corpus.checksum().to_owned(),
    };
    let manifest = RunManifest::new(recipe.seed, reference, recipe.clone());
    if !is_resumed {
        RunFolder::check_free(run_dir)?;
    }
    // What can fail for want of a file fails before the folder exists.
    let mut trainer = Trainer::new(recipe, corpus, progress)?;
    let run = RunFolder::open(run_dir, &manifest, is_resumed)?;
    match run_epochs(&mut trainer, &run, is_resumed, progress) {
        Ok(epochs) => finish(&trainer, &run, epochs),
        Err(error) if error.is_divergence() => Err(keep_best(&trainer, &run, error)),
        Err(error) => Err(error),
    }
}

/// Leaves the best model so far, if an epoch went well, and says so beside what went wrong.
fn keep_best(trainer: &Trainer, run: &RunFolder, cause: TrainingError) -> TrainingError {
    let kept = || -> Result<Option<u64>, TrainingError> {
        let Some((_, epochs)) = run.state::<EpochRecord>()? else {
            return Ok(None);
        };
        trainer.export(run)?;
        Ok(best_epoch(&epochs, trainer.recipe.fit.select_by).map(|best| best.epoch))
    };
    match kept() {
        Ok(Some(epoch)) => TrainingError::DivergedLater {
            cause: Box::new(cause),
            epoch,
            model: run.model_dir(),
        },
        Ok(None) => cause,
        Err(error) => error,
    }
}

fn finish(
    trainer: &Trainer,
    run: &RunFolder,
    epochs: Vec<EpochRecord>,
) -> Result<TrainedSeq2seq, TrainingError> {
    let best = best_epoch(&epochs, trainer.recipe.fit.select_by)
        .expect("a recipe has at least one epoch")
        .clone();
    let weight_bytes = trainer.export(run)?;
    run.remove_state()?;
    Ok(TrainedSeq2seq {
        epochs,
        best,
        weight_bytes,
    })
}

/// Everything that changes or is needed during a run.
struct Trainer {
    recipe: Seq2seqRecipe,
    config: BlenderbotConfig,
    params: Params,
    model: Blenderbot,
    sequence: Sequence,
    optimiser: AdamW,
    schedule: Schedule,
    best: BTreeMap<String, Tensor>,
    train: Vec<Example>,
    validation: ValidationSet,
}

impl Trainer {
    fn new(
        recipe: &Seq2seqRecipe,
        corpus: &Corpus,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let material = Material::read::<Train>(corpus, recipe)?;
        let validation = ValidationMaterial::read(corpus, recipe)?;
        let Beginning {
            config,
            params,
            model,
            sequence,
        } = begin(recipe, corpus, &material)?;
        let train = material.examples(&sequence, "training data", progress)?;
        let validation = ValidationSet::new(&validation, &sequence, progress)?;
        let steps_an_epoch = train.len().div_ceil(recipe.fit.batch_size) as u64;
        Ok(Self {
            optimiser: optimiser(recipe, &params)?,
            schedule: Schedule {
                n_warmup_steps: recipe.fit.n_warmup_steps,
                n_steps: recipe.fit.n_epochs * steps_an_epoch,
                decay: recipe.fit.decay,
            },
            recipe: recipe.clone(),
            config,
            params,
            model,
            sequence,
            best: BTreeMap::new(),
            train,
            validation,
        })
    }

    /// Writes the best model so far; returns the bytes of its weights.
    fn export(&self, run: &RunFolder) -> Result<u64, TrainingError> {
        self.params.restore(&self.best, STATE_BEST)?;
        export_model(
            &run.model_dir(),
            &self.recipe,
            &self.config,
            &self.sequence,
            &self.params,
        )
    }

    /// One optimiser step; gives the sum of the losses of the batch's tokens and their number.
    fn step(&mut self, members: &[usize], step: u64) -> Result<(f64, usize), TrainingError> {
        let n_tokens: usize = members
            .iter()
            .map(|&idx| self.train[idx].target.len())
            .sum();
        let mut sum: Option<Gradients> = None;
        let mut total = 0.0;
        for (shard, members) in members.chunks(self.recipe.fit.shard_size).enumerate() {
            let examples: Vec<&Example> = members.iter().map(|&idx| &self.train[idx]).collect();
            // A step has far fewer shards than 2^16, so that no two passes share a stream.
            let mut pass = Pass::train(self.recipe.seed, (step << 16) + shard as u64)
                .with_precision(self.recipe.fit.precision.into());
            let pick = |of: fn(&Example) -> &Vec<u32>| -> Vec<Vec<u32>> {
                examples.iter().map(|example| of(example).clone()).collect()
            };
            let (sources, targets) = (pick(|one| &one.source), pick(|one| &one.target));
            let nll = self.model.loss(&sources, &targets, &mut pass)?;
            let loss = (nll.sum / n_tokens as f64).map_err(NnError::from)?;
            total += f64::from(loss.to_scalar::<f32>().map_err(NnError::from)?);
            if !total.is_finite() {
                return Err(TrainingError::Diverged { loss: total, step });
            }
            let gradients = Gradients::of(&loss, &self.params)?;
            match &mut sum {
                None => sum = Some(gradients),
                Some(sum) => sum.accumulate(gradients)?,
            }
        }
        let gradients = sum.unwrap_or_default();
        self.optimiser
            .step(&gradients, self.schedule.factor(step))?;
        Ok((total * n_tokens as f64, n_tokens))
    }
}

impl EpochJob for Trainer {
    type Record = EpochRecord;

    fn epoch(
        &mut self,
        epoch_idx: u64,
        before: &[EpochRecord],
        progress: &mut dyn Progress,
    ) -> Result<EpochRecord, TrainingError> {
        let started = Instant::now();
        let lengths: Vec<usize> = self.train.iter().map(Example::length).collect();
        let (size, seed) = (self.recipe.fit.batch_size, self.recipe.seed);
        let batches = length_batches(&lengths, size, LENGTH_JITTER, seed, epoch_idx);
        let (mut nll, mut n_tokens) = (0.0, 0);
        let n_steps = each_batch(&batches, epoch_idx, progress, |members, step| {
            let (sum, n) = self.step(members, step)?;
            nll += sum;
            n_tokens += n;
            Ok(())
        })?;
        let validation = self
            .validation
            .score(&self.model, &self.sequence, progress)?;
        let by = self.recipe.fit.select_by;
        let is_best = best_epoch(before, by)
            .is_none_or(|best| validation.selection_loss(by) < best.validation.selection_loss(by));
        if is_best {
            self.best = self.params.snapshot()?;
        }
        Ok(EpochRecord {
            epoch: epoch_idx + 1,
            n_steps,
            train_loss: nll / n_tokens as f64,
            validation,
            is_best,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn validated(&self, record: &EpochRecord) -> (f64, u64) {
        (record.validation.perplexity.ln(), record.n_steps)
    }

    fn is_done(&self, epochs: &[EpochRecord]) -> bool {
        let fit = &self.recipe.fit;
        let best = best_epoch(epochs, fit.select_by).map_or(0, |best| best.epoch);
        let is_stale = fit.patience > 0 && epochs.len() as u64 >= best + fit.patience;
        epochs.len() as u64 >= fit.n_epochs || (!epochs.is_empty() && is_stale)
    }

    fn line(&self, record: &EpochRecord) -> String {
        epoch_line(record, self.recipe.fit.n_epochs)
    }

    fn draw(&self, run: &RunFolder, epochs: &[EpochRecord]) -> Result<(), TrainingError> {
        write_curves(run, epochs)
    }

    fn save(&self, dir: &Path) -> Result<(), TrainingError> {
        let write = |name: &str, tensors: &BTreeMap<String, Tensor>| {
            checkpoint::write(&dir.join(name), tensors, &BTreeMap::new(), |_| {
                StoredAs::F32
            })
        };
        write(STATE_WEIGHTS, &self.params.tensors())?;
        write(STATE_BEST, &self.best)?;
        Ok(self.optimiser.save(dir.join(STATE_OPTIMISER))?)
    }

    fn restore(&mut self, dir: &Path) -> Result<(), TrainingError> {
        let read = |name: &str| Ok::<_, NnError>(checkpoint::read_file(&dir.join(name))?.tensors);
        self.params.restore(&read(STATE_WEIGHTS)?, STATE_WEIGHTS)?;
        self.best = read(STATE_BEST)?;
        Ok(self.optimiser.restore(dir.join(STATE_OPTIMISER))?)
    }
}

/// Two groups, as the authors' code has them: only names with `bias` are exempt from weight decay
/// (its list names `LayerNorm.weight`, which no parameter of this network is called).
fn optimiser(recipe: &Seq2seqRecipe, params: &Params) -> Result<AdamW, NnError> {
    let fit = &recipe.fit;
    let is_bias = |name: &str| name.contains("bias");
    let group = |name: &str, weight_decay, is_member: &dyn Fn(&str) -> bool| {
        ParamGroup::new(name, params, fit.learning_rate, weight_decay, is_member)
    };
    let groups = vec![
        group("weights", fit.weight_decay, &|name| !is_bias(name)),
        group("biases", 0.0, &is_bias),
    ];
    let config = AdamWConfig {
        form: fit.adamw,
        beta1: fit.beta1,
        beta2: fit.beta2,
        epsilon: fit.epsilon,
        max_norm: Some(fit.max_gradient_norm),
    };
    AdamW::new(groups, config)
}
