//! The record of each epoch: which is best, its line on the terminal, its curves.

use serde::{Deserialize, Serialize};
use smes_cues::face::head::HeadPose;

use crate::curves::{Curve, chart};
use crate::{RunFolder, TrainingError};

/// One line of `epochs.jsonl`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadEpoch {
    /// From 1.
    pub epoch: u64,
    /// Optimiser steps so far.
    pub n_steps: u64,
    /// Mean loss on train, of varied faces.
    pub train_loss: f64,
    /// On validation, with averaged weights: mean distance of each angle, in degrees.
    pub error: HeadPose,
    /// The mean of the three: what selects.
    pub mean_error: f64,
    /// Whether this epoch is the best so far.
    pub is_best: bool,
    /// Seconds of the epoch.
    pub seconds: f64,
}

/// The epoch with the smallest mean error; the earlier of equals.
pub(super) fn best_epoch(epochs: &[HeadEpoch]) -> Option<&HeadEpoch> {
    epochs
        .iter()
        .min_by(|a, b| a.mean_error.total_cmp(&b.mean_error))
}

/// One line for the terminal; a star marks the best so far.
pub(super) fn epoch_line(record: &HeadEpoch, n_epochs: u64) -> String {
    format!(
        "epoch {:>2}/{n_epochs}  loss {:.3}  validation, degrees: yaw {:.2}  pitch {:.2}  roll {:.2}{}  {:.1} s",
        record.epoch,
        record.train_loss,
        record.error.yaw,
        record.error.pitch,
        record.error.roll,
        if record.is_best { " *" } else { "" },
        record.seconds,
    )
}

/// Draws all epochs so far into `curves/`.
pub(super) fn write_curves(run: &RunFolder, epochs: &[HeadEpoch]) -> Result<(), TrainingError> {
    let loss: &[Curve<'_, HeadEpoch>] = &[("train", &|record| Some(record.train_loss))];
    let unit = "Huber loss, units of 15 degrees";
    run.write_curve("loss", &chart("Loss", unit, epochs, loss))?;
    let errors: &[Curve<'_, HeadEpoch>] = &[
        ("yaw", &|record| Some(record.error.yaw.into())),
        ("pitch", &|record| Some(record.error.pitch.into())),
        ("roll", &|record| Some(record.error.roll.into())),
    ];
    run.write_curve(
        "validation",
        &chart("Validation", "degrees", epochs, errors),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_equally_good_epochs_is_best() {
        let record = |epoch, mean_error| HeadEpoch {
            epoch,
            n_steps: epoch,
            train_loss: 1.0,
            error: HeadPose::default(),
            mean_error,
            is_best: false,
            seconds: 1.0,
        };
        let epochs = [record(1, 4.0), record(2, 3.0), record(3, 3.0)];
        assert_eq!(best_epoch(&epochs).unwrap().epoch, 2);
        assert!(best_epoch(&[]).is_none());
    }
}
