//! The record of each epoch: which is best, its line on the terminal, its curves.

use serde::{Deserialize, Serialize};

use crate::curves::{Curve, chart};
use crate::{RunFolder, TrainingError};

/// One line of `epochs.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceEpoch {
    /// From 1.
    pub epoch: u64,
    /// Optimiser steps so far.
    pub n_steps: u64,
    /// Mean loss on train: weighted, smoothed, of varied faces.
    pub train_loss: f64,
    /// On validation, with averaged weights.
    pub accuracy: f64,
    /// On validation: what selects.
    pub macro_f1: f64,
    /// On validation, at its best temperature.
    pub nll: f64,
    /// Whether this epoch is the best so far.
    pub is_best: bool,
    /// Seconds of the epoch.
    pub seconds: f64,
}

/// The epoch with the largest macro-F1; the earlier of equals.
pub(super) fn best_epoch(epochs: &[FaceEpoch]) -> Option<&FaceEpoch> {
    let mut best: Option<&FaceEpoch> = None;
    for epoch in epochs {
        if best.is_none_or(|best| epoch.macro_f1 > best.macro_f1) {
            best = Some(epoch);
        }
    }
    best
}

/// One line for the terminal; a star marks the best so far.
pub(super) fn epoch_line(record: &FaceEpoch, n_epochs: u64) -> String {
    format!(
        "epoch {:>2}/{n_epochs}  loss {:.3}  validation: macro-F1 {:.3}  accuracy {:.3}  nll {:.3}{}  {:.1} s",
        record.epoch,
        record.train_loss,
        record.macro_f1,
        record.accuracy,
        record.nll,
        if record.is_best { " *" } else { "" },
        record.seconds,
    )
}

/// Draws all epochs so far into `curves/`.
pub(super) fn write_curves(run: &RunFolder, epochs: &[FaceEpoch]) -> Result<(), TrainingError> {
    let loss: &[Curve<'_, FaceEpoch>] = &[
        ("train", &|record| Some(record.train_loss)),
        ("validation", &|record| Some(record.nll)),
    ];
    run.write_curve("loss", &chart("Loss", "nats", epochs, loss))?;
    let scores: &[Curve<'_, FaceEpoch>] = &[
        ("macro-F1", &|record| Some(record.macro_f1)),
        ("accuracy", &|record| Some(record.accuracy)),
    ];
    run.write_curve("validation", &chart("Validation", "share", epochs, scores))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_equally_good_epochs_is_best() {
        let record = |epoch, macro_f1| FaceEpoch {
            epoch,
            n_steps: epoch,
            train_loss: 1.0,
            accuracy: 0.5,
            macro_f1,
            nll: 1.0,
            is_best: false,
            seconds: 1.0,
        };
        let epochs = [record(1, 0.2), record(2, 0.4), record(3, 0.4)];
        assert_eq!(best_epoch(&epochs).unwrap().epoch, 2);
        assert!(best_epoch(&[]).is_none());
    }
}
