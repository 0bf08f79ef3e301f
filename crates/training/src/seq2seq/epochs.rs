//! The record of each epoch: which is best, its line on the terminal, its curves.

use serde::{Deserialize, Serialize};

use super::SelectBy;
use super::validate::{LabelScores, ValidationScores};
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
    let loss: &[Curve<'_, EpochRecord>] = &[
        ("train", &|record| Some(record.train_loss)),
        ("validation", &|record| {
            Some(record.validation.perplexity.ln())
        }),
        ("validation: labels", &|record| record.validation.label_loss),
    ];
    run.write_curve("loss", &chart("Loss of a token", "nats", epochs, loss))?;
    let accuracy = |scores: Option<LabelScores>| scores.map(|one| one.accuracy);
    let scores: &[Curve<'_, EpochRecord>] = &[
        ("emotion", &|record| {
            accuracy(record.validation.user_emotion)
        }),
        ("strategy", &|record| accuracy(record.validation.strategy)),
        ("system emotion", &|record| {
            accuracy(record.validation.system_emotion)
        }),
    ];
    let scores = chart("Validation", "share right", epochs, scores);
    if scores.series.is_empty() {
        return Ok(());
    }
    run.write_curve("validation", &scores)
}
