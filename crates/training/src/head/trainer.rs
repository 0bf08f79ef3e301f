//! The head model in training: loss, selection, resume.
//!
//! Order, variation and dropout are functions of (seed, epoch) and (seed, step), so a run that was
//! stopped and resumed ends with the same weights as one that was not. Nothing but the validation
//! faces selects; the test faces are read once, by [`finish`], after the model is written.

use std::path::Path;
use std::time::Instant;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smes_cues::face::head::{HeadModelConfig, HeadNet, HeadPose, UNIT_DEG, VERSION};
use smes_cues::{CONFIG_FILE, WEIGHTS_FILE};
use smes_nn::loss::huber;
use smes_nn::{Device, NnError, Params, Pass, RandomStream, Tensor};

use super::epochs::{HeadEpoch, best_epoch, epoch_line, write_curves};
use super::poses::{HeadCounts, Judged, Poses};
use super::recipe::HeadRecipe;
use super::scores::{HeadScores, gap, read};
use crate::batches::length_batches;
use crate::epoch_loop::{EpochJob, each_batch, run_epochs};
use crate::face::Wide;
use crate::face::gallery::Photo;
use crate::learner::{Learner, Pace};
use crate::{Progress, RunFolder, RunManifest, TrainingError};

/// What a run ended with, also written to `scores.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainedHead {
    /// What became of the photographs.
    pub counts: HeadCounts,
    /// Faces to learn from.
    pub n_train: usize,
    /// The epoch that was chosen.
    pub best: HeadEpoch,
    /// Scores on validation, which chose the epoch.
    pub validation: HeadScores,
    /// Scores on test.
    pub test: HeadScores,
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
    gold: HeadPose,
    read: HeadPose,
}

/// Trains a head model on a folder of photographs and leaves it in `run/model`.
///
/// `is_resumed` goes on with the run in the folder; otherwise the folder must hold none.
///
/// # Errors
/// [`TrainingError`]; what was written up to the last whole epoch can be resumed.
pub fn train_head(
    recipe: &HeadRecipe,
    run_dir: &Path,
    is_resumed: bool,
    progress: &mut dyn Progress,
) -> Result<TrainedHead, TrainingError> {
    if !is_resumed {
        RunFolder::check_free(run_dir)?;
    }
    let poses = Poses::read(&recipe.corpus, &recipe.model, progress)?;
    let mut trainer = Trainer::new(recipe, &poses)?;
    let manifest = RunManifest::new(
        recipe.seed,
        poses.gallery.reference("poses"),
        recipe.clone(),
    );
    let run = RunFolder::open(run_dir, &manifest, is_resumed)?;
    let epochs = run_epochs(&mut trainer, &run, is_resumed, progress)?;
    finish(&trainer, &poses, &run, &epochs)
}

/// Writes the chosen model, then reads the test faces with it.
fn finish(
    trainer: &Trainer<'_>,
    poses: &Poses,
    run: &RunFolder,
    epochs: &[HeadEpoch],
) -> Result<TrainedHead, TrainingError> {
    let best = best_epoch(epochs).expect("a recipe has at least one epoch");
    trainer.learner.take_best()?;
    let config = HeadModelConfig {
        error: best.error,
        ..trainer.config.clone()
    };
    run.write_config(CONFIG_FILE, &config)?;
    let weight_bytes = trainer
        .learner
        .export(&run.model_dir().join(WEIGHTS_FILE))?;
    let mean = mean_pose(&poses.gallery.train);
    let trained = TrainedHead {
        counts: poses.counts,
        n_train: poses.gallery.train.len(),
        best: best.clone(),
        validation: HeadScores::of(&trainer.net, &poses.gallery.validation, mean)?,
        test: HeadScores::of(&trainer.net, &poses.gallery.test, mean)?,
        weight_bytes,
    };
    write_predictions(run, trainer, poses)?;
    run.write_json("scores.json", &trained)?;
    run.remove_state()?;
    Ok(trained)
}

#[expect(clippy::cast_possible_truncation, reason = "degrees")]
fn mean_pose(photos: &[Photo<HeadPose, Wide>]) -> HeadPose {
    let sum = |at: usize| -> f64 {
        let angles = photos
            .iter()
            .map(|photo| f64::from(photo.label.angles()[at]));
        angles.sum()
    };
    HeadPose::from(std::array::from_fn(|at| {
        (sum(at) / photos.len().max(1) as f64) as f32
    }))
}

fn write_predictions(
    run: &RunFolder,
    trainer: &Trainer<'_>,
    poses: &Poses,
) -> Result<(), TrainingError> {
    let mut lines = Vec::new();
    for (split, photos) in [
        ("validation", &poses.gallery.validation),
        ("test", &poses.gallery.test),
    ] {
        for (photo, read) in photos.iter().zip(read(&trainer.net, photos)?) {
            lines.push(PredictionLine {
                image: &photo.name,
                split,
                face: [photo.square.x, photo.square.y, photo.square.side],
                gold: photo.label,
                read,
            });
        }
    }
    run.write_lines("predictions.jsonl", lines)
}

/// What is needed during a run; it cannot see the test faces.
struct Trainer<'p> {
    recipe: HeadRecipe,
    config: HeadModelConfig,
    net: HeadNet,
    learner: Learner,
    train: &'p [Photo<HeadPose, Wide>],
    validation: &'p [Judged],
}

impl<'p> Trainer<'p> {
    fn new(recipe: &HeadRecipe, poses: &'p Poses) -> Result<Self, TrainingError> {
        let (model, fit) = (&recipe.model, &recipe.fit);
        let config = HeadModelConfig {
            version: VERSION,
            side: model.side,
            margin: model.margin,
            layers: model.layers.clone(),
            dropout: model.dropout,
            error: HeadPose::default(),
        };
        let params = Params::new();
        let net = HeadNet::load(&params.initialiser(recipe.seed), &config)?;
        let n_batches = poses.gallery.train.len().div_ceil(fit.batch_size) as u64;
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
            learner: Learner::new("head", params, &pace)?,
            recipe: recipe.clone(),
            config,
            net,
            train: &poses.gallery.train,
            validation: &poses.gallery.validation,
        })
    }

    fn step(&mut self, members: &[usize], epoch: u64, step: u64) -> Result<f64, TrainingError> {
        let side = self.recipe.model.side;
        let stream = RandomStream::new(self.recipe.seed)
            .named("varied")
            .numbered(epoch);
        let vary = |at: &usize| {
            let (photo, stream) = (&self.train[*at], stream.numbered(*at as u64));
            let (values, moved) = self.recipe.augment.vary(&photo.view, side, stream);
            (values, moved.pose(photo.label).angles())
        };
        let varied: Vec<(Vec<f32>, [f32; 3])> = members.par_iter().map(vary).collect();
        let (faces, angles): (Vec<_>, Vec<_>) = varied.into_iter().unzip();
        let targets = angles
            .iter()
            .flatten()
            .map(|angle| angle / UNIT_DEG)
            .collect();
        let tensor = |values: Vec<f32>, shape: &[usize]| {
            Tensor::from_vec(values, shape, &Device::Cpu).map_err(NnError::from)
        };
        let inputs = tensor(faces.concat(), &[members.len(), side, side, 1])?;
        let targets = tensor(targets, &[members.len(), 3])?;
        let mut pass = Pass::train(self.recipe.seed, step);
        let loss = huber(&self.net.forward(&inputs, &mut pass)?, &targets)?;
        self.learner.step(&loss, step)
    }
}

impl EpochJob for Trainer<'_> {
    type Record = HeadEpoch;

    /// One pass over the training faces, then validation with the averaged weights.
    fn epoch(
        &mut self,
        epoch_idx: u64,
        before: &[HeadEpoch],
        progress: &mut dyn Progress,
    ) -> Result<HeadEpoch, TrainingError> {
        let started = Instant::now();
        let (size, seed) = (self.recipe.fit.batch_size, self.recipe.seed);
        let batches = length_batches(&vec![0; self.train.len()], size, 1.0, seed, epoch_idx);
        let mut sum = 0.0;
        let n_steps = each_batch(&batches, epoch_idx, progress, |members, step| {
            sum += self.step(members, epoch_idx, step)?;
            Ok(())
        })?;
        let (net, validation) = (&self.net, self.validation);
        let least = best_epoch(before).map_or(f64::INFINITY, |best| best.mean_error);
        let look = || {
            let found = read(net, validation)?;
            let error = gap(found
                .into_iter()
                .zip(validation.iter().map(|photo| photo.label)))
            .gap;
            let mean_error = error.angles().into_iter().map(f64::from).sum::<f64>() / 3.0;
            Ok(((error, mean_error), mean_error < least))
        };
        let ((error, mean_error), is_best) = self.learner.validate(look)?;
        Ok(HeadEpoch {
            epoch: epoch_idx + 1,
            n_steps,
            train_loss: sum / batches.len().max(1) as f64,
            error,
            mean_error,
            is_best,
            seconds: started.elapsed().as_secs_f64(),
        })
    }

    fn validated(&self, record: &HeadEpoch) -> (f64, u64) {
        (record.mean_error, record.n_steps)
    }

    fn is_done(&self, epochs: &[HeadEpoch]) -> bool {
        epochs.len() as u64 >= self.recipe.fit.n_epochs
    }

    fn line(&self, record: &HeadEpoch) -> String {
        epoch_line(record, self.recipe.fit.n_epochs)
    }

    fn draw(&self, run: &RunFolder, epochs: &[HeadEpoch]) -> Result<(), TrainingError> {
        write_curves(run, epochs)
    }

    fn save(&self, dir: &Path) -> Result<(), TrainingError> {
        Ok(self.learner.save(dir)?)
    }

    fn restore(&mut self, dir: &Path) -> Result<(), TrainingError> {
        Ok(self.learner.restore(dir)?)
    }
}
