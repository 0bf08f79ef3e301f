//! The record of each epoch: which is best, its line on the terminal, its curves.

use serde::{Deserialize, Serialize};

use super::loss::Losses;
use super::validate::ValidationScores;
use crate::curves::{Curve, chart};
use crate::{RunFolder, TrainingError};

/// One line of `epochs.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: u64,
    /// Optimiser steps so far.
    pub n_steps: u64,
    /// On train.
    pub train: Losses,
    /// On validation, with averaged weights.
    pub validation: ValidationScores,
    /// Whether this epoch is the best so far.
    pub is_best: bool,
    /// Seconds of the epoch.
    pub seconds: f64,
}

/// The epoch with the smallest selection loss; the earlier of equals.
pub(super) fn best_epoch(epochs: &[EpochRecord]) -> Option<&EpochRecord> {
    let loss = |record: &&EpochRecord| record.validation.selection_loss();
    epochs.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)))
}

/// One line for the terminal; a star marks the best so far.
pub(super) fn epoch_line(record: &EpochRecord, n_epochs: u64) -> String {
    let scores = &record.validation;
    format!(
        "epoch {:>2}/{n_epochs}  loss {:.3}  validation: emotion {:.3}  strategy {:.3}  tone {:.3}  \
         R@1 {:.3}  R@10 {:.3}  nll {:.4}{}  {:.1} s",
        record.epoch,
        record.train.total,
        scores.user_emotion.accuracy,
        scores.strategy.accuracy,
        scores.system_emotion.accuracy,
        scores.recall_at_1,
        scores.recall_at_10,
        scores.selection_loss(),
        if record.is_best { " *" } else { "" },
        record.seconds,
    )
}

/// Draws all epochs so far into `curves/`.
pub(super) fn write_curves(run: &RunFolder, epochs: &[EpochRecord]) -> Result<(), TrainingError> {
    let loss: &[Curve<'_, EpochRecord>] = &[
        ("train: emotion", &|record| Some(record.train.user_emotion)),
        ("train: strategy", &|record| Some(record.train.strategy)),
        ("validation: emotion", &|record| {
            Some(record.validation.user_emotion.nll)
        }),
        ("validation: strategy", &|record| {
            Some(record.validation.strategy.nll)
        }),
    ];
    run.write_curve("loss", &chart("Loss", "nats", epochs, loss))?;
    let scores: &[Curve<'_, EpochRecord>] = &[
        ("emotion", &|record| {
            Some(record.validation.user_emotion.accuracy)
        }),
        ("strategy", &|record| {
            Some(record.validation.strategy.accuracy)
        }),
        ("system emotion", &|record| {
            Some(record.validation.system_emotion.accuracy)
        }),
        ("R@10 of 100", &|record| {
            Some(record.validation.recall_at_10)
        }),
    ];
    run.write_curve(
        "validation",
        &chart("Validation", "share right", epochs, scores),
    )
}
