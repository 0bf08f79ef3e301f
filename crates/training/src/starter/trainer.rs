//! The starter in training: loss, optimiser, running average, selection, resume.
//!
//! Data order and dropout are functions of (seed, epoch) and (seed, step), so a run that was
//! stopped and resumed ends with the same weights as one that was not.

use std::path::Path;
use std::time::Instant;

use smes_corpus::Corpus;
use smes_dialogue::{EmotionSet, SplitName, StrategySet, Train, Validation};
use smes_nn::bert::{BertConfig, NOT_IN_ENCODER};
use smes_nn::layers::Linear;
use smes_nn::tokenizer::TextTokenizer;
use smes_nn::{NnError, Params, Pass, RandomStream, Tensor};
use smes_reasoning::starter::{
    Ensemble, StarterConfig, Temperatures, UtteranceEncoder, surface_width,
};

use super::StarterRecipe;
use super::auxiliary::Auxiliary;
use super::data::{Preparation, Prepared, batch};
use super::epochs::{EpochRecord, best_epoch, epoch_line, write_curves};
use super::export::export_model;
use super::loss::{Losses, loss};
use super::validate::ValidationSet;
use crate::batches::length_batches;
use crate::epoch_loop::{EpochJob, each_batch, run_epochs};
use crate::learner::{Learner, Pace};
use crate::{CorpusRef, Progress, RunFolder, RunManifest, TrainingError};

/// Dialogue lengths are shuffled by up to this many utterances before neighbours form a batch.
const LENGTH_JITTER: f64 = 4.0;

/// What a run ended with.
#[derive(Debug, Clone, PartialEq)]
pub struct TrainedStarter {
    /// All epochs.
    pub epochs: Vec<EpochRecord>,
    /// The one that was chosen.
    pub best: EpochRecord,
    /// Temperatures fitted on validation.
    pub temperatures: Temperatures,
    /// Bytes of the shipped weights.
    pub weight_bytes: u64,
}

/// Trains a starter and leaves the chosen model in `run/model`.
///
/// `is_resumed` goes on with the run in the folder; otherwise the folder must hold none.
///
/// # Errors
/// [`TrainingError`]; what was written up to the last whole epoch can be resumed.
pub fn train_starter(
    recipe: &StarterRecipe,
    corpus: &Corpus,
    run_dir: &Path,
    is_resumed: bool,
    progress: &mut dyn Progress,
) -> Result<TrainedStarter, TrainingError> {
    if !is_resumed {
        RunFolder::check_free(run_dir)?;
    }
    // What can fail for want of a file fails before the folder exists.
    let mut trainer = Trainer::new(recipe, corpus, progress)?;
    let data = trainer.data_used(corpus);
    let manifest = RunManifest::new(recipe.seed, data, recipe.clone());
    let run = RunFolder::open(run_dir, &manifest, is_resumed)?;
    let epochs = run_epochs(&mut trainer, &run, is_resumed, progress)?;
    finish(&trainer, recipe, &run, epochs)
}

fn finish(
    trainer: &Trainer,
    recipe: &StarterRecipe,
    run: &RunFolder,
    epochs: Vec<EpochRecord>,
) -> Result<TrainedStarter, TrainingError> {
    let best = best_epoch(&epochs)
        .expect("a recipe has at least one epoch")
        .clone();
    trainer.learner.take_best()?;
    let temperatures = trainer.validation.temperatures(&trainer.model)?;
    let config = StarterConfig {
        temperatures,
        ..trainer.config.clone()
    };
    let weight_bytes = export_model(
        run,
        &config,
        &trainer.pretrained,
        trainer.learner.params(),
        &recipe.encoder.folder,
    )?;
    run.remove_state()?;
    Ok(TrainedStarter {
        epochs,
        best,
        temperatures,
        weight_bytes,
    })
}

/// Everything that changes or is needed during a run.
struct Trainer {
    recipe: StarterRecipe,
    config: StarterConfig,
    /// The encoder as published.
    pretrained: Params,
    model: Ensemble,
    /// The dialogue models' parameters.
    learner: Learner,
    train: Vec<Prepared>,
    validation: ValidationSet,
    auxiliary: Option<Auxiliary>,
    auxiliary_heads: Vec<Linear>,
    n_emotions: usize,
    surface_width: usize,
}

impl Trainer {
    fn new(
        recipe: &StarterRecipe,
        corpus: &Corpus,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let emotions = corpus.emotions().clone();
        let strategies = corpus
            .strategies()
            .cloned()
            .ok_or(TrainingError::NoStrategies {
                corpus: corpus.manifest().name.clone(),
            })?;
        let (n_emotions, n_strategies) = (emotions.len(), strategies.len());
        let (pretrained, encoder, config) = load_encoder(recipe, &emotions, &strategies)?;
        let train_split = corpus.split::<Train>()?;
        let validation_split = corpus.split::<Validation>()?;
        let preparation = Preparation {
            encoder: &encoder,
            emotions: &emotions,
            strategies: &strategies,
            corpus,
            extractor: recipe.cues.as_deref(),
        };
        let train = preparation.prepare(&train_split, progress)?;
        let validation = preparation.prepare(&validation_split, progress)?;
        check_has_instances(corpus, SplitName::Train, &train)?;
        check_has_instances(corpus, SplitName::Validation, &validation)?;
        let auxiliary = recipe
            .auxiliary
            .as_ref()
            .map(|recipe| Auxiliary::prepare(recipe, &encoder, progress))
            .transpose()?;
        let params = initial_params(recipe.seed, &config, &train, n_emotions, n_strategies)?;
        let place = params.initialiser(recipe.seed);
        let auxiliary_heads = match &auxiliary {
            Some(auxiliary) => auxiliary.heads(&place, config.n_members, config.hidden_size)?,
            None => Vec::new(),
        };
        let place = params.loader().part("dialogue");
        let model = Ensemble::load(&place, &config, n_emotions, n_strategies)?;
        let n_steps = recipe.fit.n_epochs * train.len().div_ceil(recipe.fit.batch_size) as u64;
        Ok(Self {
            learner: Learner::new("dialogue", params, &pace(recipe, n_steps))?,
            recipe: recipe.clone(),
            config,
            pretrained,
            model,
            train,
            validation: ValidationSet::new(&validation_split, validation),
            auxiliary,
            auxiliary_heads,
            surface_width: surface_width(n_strategies),
            n_emotions,
        })
    }

    /// What the run learns from.
    fn data_used(&self, corpus: &Corpus) -> CorpusRef {
        let own = CorpusRef {
            name: corpus.manifest().name.clone(),
            checksum: corpus.checksum().to_owned(),
        };
        match &self.auxiliary {
            None => own,
            Some(Auxiliary { corpus: second, .. }) => CorpusRef {
                name: format!("{} + {}", own.name, second.name),
                checksum: format!("{} + {}", own.checksum, second.checksum),
            },
        }
    }

    fn step(&mut self, members: &[usize], step: u64) -> Result<Losses, TrainingError> {
        let dialogues: Vec<&Prepared> = members.iter().map(|&idx| &self.train[idx]).collect();
        let batch = batch(&dialogues, Some(self.n_emotions))?;
        if batch.instances.is_empty() {
            return Ok(Losses::default());
        }
        let mut pass = Pass::train(self.recipe.seed, step);
        let (loss, losses) = loss(&self.model, &batch, &self.recipe.loss, &mut pass)?;
        let loss = match &self.auxiliary {
            None => loss,
            Some(auxiliary) => {
                let draws = RandomStream::new(self.recipe.seed).named("auxiliary");
                let (heads, width) = (&self.auxiliary_heads, self.surface_width);
                let draws = draws.numbered(step);
                let second = auxiliary.loss(&self.model, heads, width, draws, &mut pass)?;
                (loss + second).map_err(NnError::from)?
            }
        };
        self.learner.step(&loss, step)?;
        Ok(losses)
    }
}

impl EpochJob for Trainer {
    type Record = EpochRecord;

    /// One pass over the training dialogues, then validation with the averaged weights.
    fn epoch(
        &mut self,
        epoch_idx: u64,
        before: &[EpochRecord],
        progress: &mut dyn Progress,
    ) -> Result<EpochRecord, TrainingError> {
        let started = Instant::now();
        let lengths: Vec<usize> = self.train.iter().map(Prepared::len).collect();
        let (size, seed) = (self.recipe.fit.batch_size, self.recipe.seed);
        let batches = length_batches(&lengths, size, LENGTH_JITTER, seed, epoch_idx);
        let mut sums = Losses::default();
        let n_steps = each_batch(&batches, epoch_idx, progress, |members, step| {
            sums.add(&self.step(members, step)?);
            Ok(())
        })?;
        let (set, model) = (&self.validation, &self.model);
        let look = || {
            let scores = set.score(model)?;
            let is_best = best_epoch(before)
                .is_none_or(|best| scores.selection_loss() < best.validation.selection_loss());
            Ok((scores, is_best))
        };
        let (validation, is_best) = self.learner.validate(look)?;
        Ok(EpochRecord {
            epoch: epoch_idx + 1,
            n_steps,
            train: sums.mean(batches.len() as u64),
            validation,
            is_best,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn validated(&self, record: &EpochRecord) -> (f64, u64) {
        let scores = &record.validation;
        let loss = scores.selection_loss() + scores.system_emotion.nll;
        (loss, record.n_steps)
    }

    fn is_done(&self, epochs: &[EpochRecord]) -> bool {
        epochs.len() as u64 >= self.recipe.fit.n_epochs
    }

    fn line(&self, record: &EpochRecord) -> String {
        epoch_line(record, self.recipe.fit.n_epochs)
    }

    fn draw(&self, run: &RunFolder, epochs: &[EpochRecord]) -> Result<(), TrainingError> {
        write_curves(run, epochs)
    }

    fn save(&self, dir: &Path) -> Result<(), TrainingError> {
        Ok(self.learner.save(dir)?)
    }

    fn restore(&mut self, dir: &Path) -> Result<(), TrainingError> {
        Ok(self.learner.restore(dir)?)
    }
}

fn load_encoder(
    recipe: &StarterRecipe,
    emotions: &EmotionSet,
    strategies: &StrategySet,
) -> Result<(Params, UtteranceEncoder, StarterConfig), TrainingError> {
    let folder = &recipe.encoder.folder;
    let config_path = folder.join("config.json");
    if !config_path.exists() {
        return Err(TrainingError::NoEncoder {
            folder: folder.clone(),
        });
    }
    let encoder_config = BertConfig::from_json(
        &fs_err::read(&config_path)?,
        &config_path.display().to_string(),
    )?;
    let config = StarterConfig {
        version: StarterConfig::VERSION,
        emotions: emotions.name.clone(),
        strategies: strategies.name.clone(),
        max_tokens: recipe.encoder.max_tokens,
        taps: recipe.encoder.taps.clone(),
        n_members: recipe.model.n_members,
        hidden_size: recipe.model.hidden_size,
        decays: recipe.model.decays.clone(),
        seeker_decays: recipe.model.seeker_decays.clone(),
        reads_cues: recipe.cues.is_some(),
        rank_size: recipe.model.rank_size,
        input_dropout: recipe.model.input_dropout,
        dropout: recipe.model.dropout,
        temperatures: Temperatures::ONE,
        encoder: encoder_config,
    };
    let pretrained =
        Params::from_safetensors_except(folder.join("model.safetensors"), &NOT_IN_ENCODER)?;
    pretrained.freeze(|_| true);
    let tokenizer = TextTokenizer::from_file(folder.join("tokenizer.json"))?;
    let encoder = UtteranceEncoder::load(&pretrained.loader(), tokenizer, &config)?;
    pretrained.check_all_used()?;
    Ok((pretrained, encoder, config))
}

fn check_has_instances(
    corpus: &Corpus,
    split: SplitName,
    dialogues: &[Prepared],
) -> Result<(), TrainingError> {
    if dialogues.iter().any(|one| one.instances().next().is_some()) {
        return Ok(());
    }
    Err(TrainingError::EmptySplit {
        corpus: corpus.manifest().name.clone(),
        split,
    })
}

/// Random weights, with the mean and deviation of the training vectors set and frozen.
fn initial_params(
    seed: u64,
    config: &StarterConfig,
    train: &[Prepared],
    n_emotions: usize,
    n_strategies: usize,
) -> Result<Params, TrainingError> {
    let params = Params::new();
    let place = params.initialiser(seed).part("dialogue");
    Ensemble::load(&place, config, n_emotions, n_strategies)?;
    let vectors: Vec<&Tensor> = train.iter().map(|one| &one.utterances).collect();
    let (mean, deviation) = moments(&Tensor::cat(&vectors, 0).map_err(NnError::from)?)?;
    let mut values = params.snapshot()?;
    for (name, value) in &mut values {
        if name.ends_with(".input_mean") {
            *value = mean.clone();
        } else if name.ends_with(".input_deviation") {
            *value = deviation.clone();
        }
    }
    params.restore(&values, "moments of the training vectors")?;
    params.freeze(|name| name.contains(".input_"));
    Ok(params)
}

fn moments(vectors: &Tensor) -> Result<(Tensor, Tensor), NnError> {
    let mean = vectors.mean(0)?;
    let variance = vectors.broadcast_sub(&mean)?.sqr()?.mean(0)?;
    Ok((mean, (variance.sqrt()? + 1e-5)?))
}

fn pace(recipe: &StarterRecipe, n_steps: u64) -> Pace {
    let fit = &recipe.fit;
    Pace {
        n_steps,
        n_warmup_steps: fit.n_warmup_steps,
        decay: fit.decay,
        learning_rate: fit.learning_rate,
        weight_decay: fit.weight_decay,
        // The members' gradients lie in one vector, which is longer than each by this factor.
        max_gradient_norm: fit.max_gradient_norm * (recipe.model.n_members as f64).sqrt(),
        average_decay: fit.average_decay,
    }
}
