//! The record of each epoch: which is best, its line on the terminal, its curves.

use serde::{Deserialize, Serialize};
use smes_plots::LineChart;

use super::loss::Losses;
use super::validate::ValidationScores;
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
    let series = |name: &str, value: &dyn Fn(&EpochRecord) -> f64| {
        let points = epochs
            .iter()
            .map(|record| (record.epoch as f64, value(record)))
            .collect();
        (name.to_owned(), points)
    };
    let chart = |title: &str, y_label: &str, series| LineChart {
        title: title.to_owned(),
        x_label: "epoch".to_owned(),
        y_label: y_label.to_owned(),
        series,
    };
    let loss = vec![
        series("train: emotion", &|record| record.train.user_emotion),
        series("train: strategy", &|record| record.train.strategy),
        series("validation: emotion", &|record| {
            record.validation.user_emotion.nll
        }),
        series("validation: strategy", &|record| {
            record.validation.strategy.nll
        }),
    ];
    run.write_curve("loss", &chart("Loss", "nats", loss))?;
    let scores = vec![
        series("emotion", &|record| record.validation.user_emotion.accuracy),
        series("strategy", &|record| record.validation.strategy.accuracy),
        series("system emotion", &|record| {
            record.validation.system_emotion.accuracy
        }),
        series("R@10 of 100", &|record| record.validation.recall_at_10),
    ];
    run.write_curve("validation", &chart("Validation", "share right", scores))
}
