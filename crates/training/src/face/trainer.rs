//! The face model in training: loss, optimiser, running average, selection, resume.
//!
//! Order, variation and dropout are functions of (seed, epoch) and (seed, step), so a run that was
//! stopped and resumed ends with the same weights as one that was not. Nothing but the validation
//! faces selects; the test faces are read once, by [`finish`], after the model is written.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smes_cues::emotion::softmax;
use smes_cues::face::Grey;
use smes_cues::face::expression::{FaceModelConfig, FaceNet, VERSION};
use smes_cues::{CONFIG_FILE, WEIGHTS_FILE};
use smes_nn::loss::{CrossEntropy, cross_entropy};
use smes_nn::{Device, NnError, Params, Pass, RandomStream, Tensor};

use super::augment::Wide;
use super::epochs::{FaceEpoch, best_epoch, epoch_line, write_curves};
use super::gallery::{Photo, read_faces};
use super::photos::{PhotoCounts, Photos};
use super::recipe::FaceRecipe;
use super::scores::{FaceScores, Judgements};
use crate::batches::length_batches;
use crate::epoch_loop::{EpochJob, each_batch, run_epochs};
use crate::learner::{Learner, Pace};
use crate::{Progress, RunFolder, RunManifest, TrainingError};

/// What a run ended with, also written to `scores.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainedFace {
    /// What became of the photographs.
    pub counts: PhotoCounts,
    /// Faces to learn from.
    pub n_train: usize,
    /// The epoch that was chosen.
    pub best: FaceEpoch,
    /// Fitted on validation.
    pub temperature: f64,
    /// Scores on validation, which chose epoch and temperature.
    pub validation: FaceScores,
    /// Scores on test.
    pub test: FaceScores,
    /// Bytes of the shipped weights.
    pub weight_bytes: u64,
}

/// One line of `predictions.jsonl`.
#[derive(Serialize)]
struct PredictionLine<'p> {
    image: &'p str,
    split: &'static str,
    /// Left, top and side of the face in the photograph, in pixels.
    face: [f32; 3],
    gold: &'p str,
    /// By expression; absent of training faces.
    #[serde(skip_serializing_if = "Option::is_none")]
    probabilities: Option<BTreeMap<&'p str, f64>>,
}

/// Trains a face model on a folder of photographs and leaves it in `run/model`.
///
/// `is_resumed` goes on with the run in the folder; otherwise the folder must hold none.
///
/// # Errors
/// [`TrainingError`]; what was written up to the last whole epoch can be resumed.
pub fn train_face(
    recipe: &FaceRecipe,
    run_dir: &Path,
    is_resumed: bool,
    progress: &mut dyn Progress,
) -> Result<TrainedFace, TrainingError> {
    if !is_resumed {
        RunFolder::check_free(run_dir)?;
    }
    let photos = Photos::read(&recipe.corpus, &recipe.model, progress)?;
    let mut trainer = Trainer::new(recipe, &photos)?;
    let manifest = RunManifest::new(
        recipe.seed,
        photos.gallery.reference("faces"),
        recipe.clone(),
    );
    let run = RunFolder::open(run_dir, &manifest, is_resumed)?;
    let epochs = run_epochs(&mut trainer, &run, is_resumed, progress)?;
    finish(&trainer, &photos, &run, &epochs)
}

/// Writes the chosen model, then reads the test faces with it.
fn finish(
    trainer: &Trainer<'_>,
    photos: &Photos,
    run: &RunFolder,
    epochs: &[FaceEpoch],
) -> Result<TrainedFace, TrainingError> {
    let best = best_epoch(epochs).expect("a recipe has at least one epoch");
    trainer.learner.take_best()?;
    let validation = judge(&trainer.net, &photos.gallery.validation)?;
    let temperature = validation.best_temperature();
    let config = FaceModelConfig {
        temperature,
        ..trainer.config.clone()
    };
    run.write_config(CONFIG_FILE, &config)?;
    let weight_bytes = trainer
        .learner
        .export(&run.model_dir().join(WEIGHTS_FILE))?;
    let test = judge(&trainer.net, &photos.gallery.test)?;
    let trained = TrainedFace {
        counts: photos.counts,
        n_train: photos.gallery.train.len(),
        best: best.clone(),
        temperature,
        validation: validation.score(temperature, &photos.expressions),
        test: test.score(temperature, &photos.expressions),
        weight_bytes,
    };
    let gallery = &photos.gallery;
    let judged = [
        ("validation", &*gallery.validation, &validation),
        ("test", &*gallery.test, &test),
    ];
    write_predictions(run, photos, judged, temperature)?;
    run.write_json("scores.json", &trained)?;
    run.remove_state()?;
    Ok(trained)
}

fn judge(net: &FaceNet, photos: &[Photo<usize, Grey>]) -> Result<Judgements, NnError> {
    let faces = photos.iter().map(|photo| &photo.view);
    Ok(Judgements {
        logits: read_faces(faces, |some| net.logits(some))?,
        gold: photos.iter().map(|photo| photo.label).collect(),
    })
}

/// A part by its name: its faces and what was read of them.
type Judged<'p> = (&'static str, &'p [Photo<usize, Grey>], &'p Judgements);

fn write_predictions(
    run: &RunFolder,
    photos: &Photos,
    judged: [Judged<'_>; 2],
    temperature: f64,
) -> Result<(), TrainingError> {
    let names: Vec<&str> = photos.expressions.names().collect();
    let train = photos.gallery.train.iter();
    let learnt = train.map(|photo| prediction("train", photo, None, &names));
    let judged = judged.into_iter().flat_map(|(split, photos, found)| {
        let pairs = photos.iter().zip(&found.logits);
        pairs.map(|(photo, logits)| {
            prediction(split, photo, Some(softmax(logits, temperature)), &names)
        })
    });
    run.write_lines("predictions.jsonl", learnt.chain(judged))
}

fn prediction<'p, V>(
    split: &'static str,
    photo: &'p Photo<usize, V>,
    probabilities: Option<Vec<f64>>,
    names: &[&'p str],
) -> PredictionLine<'p> {
    PredictionLine {
        image: &photo.name,
        split,
        face: [photo.square.x, photo.square.y, photo.square.side],
        gold: names[photo.label],
        probabilities: probabilities.map(|all| names.iter().copied().zip(all).collect()),
    }
}

/// Everything that changes or is needed during a run; it cannot see the test faces.
struct Trainer<'p> {
    recipe: FaceRecipe,
    config: FaceModelConfig,
    net: FaceNet,
    learner: Learner,
    criterion: CrossEntropy,
    train: &'p [Photo<usize, Wide>],
    validation: &'p [Photo<usize, Grey>],
    n_expressions: usize,
}

impl<'p> Trainer<'p> {
    fn new(recipe: &FaceRecipe, photos: &'p Photos) -> Result<Self, TrainingError> {
        let (model, fit) = (&recipe.model, &recipe.fit);
        let config = FaceModelConfig {
            version: VERSION,
            expressions: photos.expressions.name.clone(),
            side: model.side,
            margin: model.margin,
            layers: model.layers.clone(),
            dropout: model.dropout,
            temperature: 1.0,
        };
        let n_expressions = photos.expressions.len();
        let params = Params::new();
        let net = FaceNet::load(&params.initialiser(recipe.seed), &config, n_expressions)?;
        let n_batches = photos.gallery.train.len().div_ceil(fit.batch_size) as u64;
        let pace = Pace {
            n_steps: fit.n_epochs * n_batches,
            n_warmup_steps: fit.n_warmup_steps,
            decay: fit.decay,
            learning_rate: fit.learning_rate,
            weight_decay: fit.weight_decay,
            max_gradient_norm: fit.max_gradient_norm,
            average_decay: fit.average_decay,
        };
        Ok(Self {
            learner: Learner::new("face", params, &pace)?,
            criterion: CrossEntropy {
                class_weights: Some(class_weights(
                    &photos.gallery.train,
                    n_expressions,
                    fit.class_power,
                )),
                label_smoothing: fit.label_smoothing,
            },
            recipe: recipe.clone(),
            config,
            net,
            train: &photos.gallery.train,
            validation: &photos.gallery.validation,
            n_expressions,
        })
    }

    fn step(&mut self, members: &[usize], epoch: u64, step: u64) -> Result<f64, TrainingError> {
        let side = self.recipe.model.side;
        let stream = RandomStream::new(self.recipe.seed)
            .named("varied")
            .numbered(epoch);
        let vary = |at: &usize| {
            let (wide, stream) = (&self.train[*at].view, stream.numbered(*at as u64));
            self.recipe.augment.vary(wide, side, stream).0
        };
        let varied: Vec<Vec<f32>> = members.par_iter().map(vary).collect();
        let shape = (members.len(), side, side, 1);
        let inputs = Tensor::from_vec(varied.concat(), shape, &Device::Cpu);
        let inputs = inputs.map_err(NnError::from)?;
        let target = |at: &usize| u32::try_from(self.train[*at].label).ok();
        let targets: Vec<Option<u32>> = members.iter().map(target).collect();
        let mut pass = Pass::train(self.recipe.seed, step);
        let logits = self.net.forward(&inputs, &mut pass)?;
        let loss = cross_entropy(&logits, &targets, &self.criterion)?;
        self.learner.step(&loss, step)
    }
}

impl EpochJob for Trainer<'_> {
    type Record = FaceEpoch;

    /// One pass over the training faces, then validation with the averaged weights.
    fn epoch(
        &mut self,
        epoch_idx: u64,
        before: &[FaceEpoch],
        progress: &mut dyn Progress,
    ) -> Result<FaceEpoch, TrainingError> {
        let started = Instant::now();
        let (size, seed) = (self.recipe.fit.batch_size, self.recipe.seed);
        let batches = length_batches(&vec![0; self.train.len()], size, 1.0, seed, epoch_idx);
        let mut sum = 0.0;
        let n_steps = each_batch(&batches, epoch_idx, progress, |members, step| {
            sum += self.step(members, epoch_idx, step)?;
            Ok(())
        })?;
        let (net, validation) = (&self.net, self.validation);
        let look = || {
            let judged = judge(net, validation)?;
            let temperature = judged.best_temperature();
            let scores = judged.score(temperature, &smes_dialogue::face_expressions());
            let is_best = best_epoch(before).is_none_or(|best| scores.macro_f1 > best.macro_f1);
            Ok((scores, is_best))
        };
        let (scores, is_best) = self.learner.validate(look)?;
        debug_assert_eq!(scores.confusion.len(), self.n_expressions);
        Ok(FaceEpoch {
            epoch: epoch_idx + 1,
            n_steps,
            train_loss: sum / batches.len().max(1) as f64,
            accuracy: scores.accuracy,
            macro_f1: scores.macro_f1,
            nll: scores.nll,
            is_best,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn validated(&self, record: &FaceEpoch) -> (f64, u64) {
        (record.nll, record.n_steps)
    }

    fn is_done(&self, epochs: &[FaceEpoch]) -> bool {
        epochs.len() as u64 >= self.recipe.fit.n_epochs
    }

    fn line(&self, record: &FaceEpoch) -> String {
        epoch_line(record, self.recipe.fit.n_epochs)
    }

    fn draw(&self, run: &RunFolder, epochs: &[FaceEpoch]) -> Result<(), TrainingError> {
        write_curves(run, epochs)
    }

    fn save(&self, dir: &Path) -> Result<(), TrainingError> {
        Ok(self.learner.save(dir)?)
    }

    fn restore(&mut self, dir: &Path) -> Result<(), TrainingError> {
        Ok(self.learner.restore(dir)?)
    }
}

/// `(mean count / count)^power` for each expression, scaled to a mean of 1.
fn class_weights(photos: &[Photo<usize, Wide>], n_expressions: usize, power: f64) -> Vec<f32> {
    let count = |expression| photos.iter().filter(|p| p.label == expression).count();
    let inverse = |expression| (1.0 / count(expression).max(1) as f64).powf(power);
    let all: Vec<f64> = (0..n_expressions).map(inverse).collect();
    let mean = all.iter().sum::<f64>() / n_expressions as f64;
    #[expect(clippy::cast_possible_truncation, reason = "used beside f32 numbers")]
    all.iter().map(|weight| (weight / mean) as f32).collect()
}
