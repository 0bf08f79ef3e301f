//! The record of each epoch: which is best, its line on the terminal, its curves.

use serde::{Deserialize, Serialize};
use smes_plots::LineChart;

use super::SelectBy;
use super::validate::{LabelScores, ValidationScores};
use crate::{RunFolder, TrainingError};

/// One line of `epochs.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochRecord {
    /// From 1.
    pub epoch: u64,
    /// Optimiser steps so far.
    pub n_steps: u64,
    /// Mean negative log-probability of a training token, under dropout, in nats.
    pub train_loss: f64,
    /// On validation.
    pub validation: ValidationScores,
    /// Whether this epoch is the best so far.
    pub is_best: bool,
    /// Seconds of the epoch.
    pub seconds: f64,
}

/// The epoch with the smallest selection loss; the earlier of equals.
pub(super) fn best_epoch(epochs: &[EpochRecord], by: SelectBy) -> Option<&EpochRecord> {
    let loss = |record: &&EpochRecord| record.validation.selection_loss(by);
    epochs.iter().min_by(|a, b| loss(a).total_cmp(&loss(b)))
}

/// One line for the terminal, without the labels that the layout lacks; a star marks the best so far.
pub(super) fn epoch_line(record: &EpochRecord, n_epochs: u64) -> String {
    let scores = &record.validation;
    let share = |name: &str, scores: Option<LabelScores>| {
        scores.map_or_else(String::new, |one| format!("  {name} {:.3}", one.accuracy))
    };
    format!(
        "epoch {:>2}/{n_epochs}  loss {:.3}  validation: perplexity {:.2} (response {:.2})\
         {}{}{}{}  {:.1} s",
        record.epoch,
        record.train_loss,
        scores.perplexity,
        scores.response_perplexity,
        share("emotion", scores.user_emotion),
        share("strategy", scores.strategy),
        share("tone", scores.system_emotion),
        if record.is_best { " *" } else { "" },
        record.seconds,
    )
}

/// Draws all epochs so far into `curves/`.
pub(super) fn write_curves(run: &RunFolder, epochs: &[EpochRecord]) -> Result<(), TrainingError> {
    let series = |name: &str, value: &dyn Fn(&EpochRecord) -> Option<f64>| {
        let point = |record: &EpochRecord| Some((record.epoch as f64, value(record)?));
        (
            name.to_owned(),
            epochs.iter().filter_map(point).collect::<Vec<_>>(),
        )
    };
    let chart = |title: &str, y_label: &str, series: Vec<(String, Vec<(f64, f64)>)>| LineChart {
        title: title.to_owned(),
        x_label: "epoch".to_owned(),
        y_label: y_label.to_owned(),
        series: series
            .into_iter()
            .filter(|(_, points)| !points.is_empty())
            .collect(),
    };
    let loss = vec![
        series("train", &|record| Some(record.train_loss)),
        series("validation", &|record| {
            Some(record.validation.perplexity.ln())
        }),
        series("validation: labels", &|record| record.validation.label_loss),
    ];
    run.write_curve("loss", &chart("Loss of a token", "nats", loss))?;
    let scores = vec![
        series("emotion", &|record| {
            Some(record.validation.user_emotion?.accuracy)
        }),
        series("strategy", &|record| {
            Some(record.validation.strategy?.accuracy)
        }),
        series("system emotion", &|record| {
            Some(record.validation.system_emotion?.accuracy)
        }),
    ];
    let scores = chart("Validation", "share right", scores);
    if scores.series.is_empty() {
        return Ok(());
    }
    run.write_curve("validation", &scores)
}
