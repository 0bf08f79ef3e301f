//! The loop over epochs that all models share: train, validate, save, draw, until the end.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Progress, RunFolder, TrainingError};

/// A model in training, seen from the loop.
pub(crate) trait EpochJob {
    /// What is kept of an epoch: one line of `epochs.jsonl`.
    type Record: Serialize + DeserializeOwned;

    /// Trains for one epoch (counted from 0) and validates. `before` are the epochs so far.
    fn epoch(
        &mut self,
        epoch_idx: u64,
        before: &[Self::Record],
        progress: &mut dyn Progress,
    ) -> Result<Self::Record, TrainingError>;

    /// What validation gave and after how many steps. Whatever is selected by, it is no number where any
    /// part of validation gave none.
    fn validated(&self, record: &Self::Record) -> (f64, u64);

    /// Whether there is nothing more to do after these epochs.
    fn is_done(&self, epochs: &[Self::Record]) -> bool;

    /// An epoch as a line for the terminal.
    fn line(&self, record: &Self::Record) -> String;

    /// Writes what a later process needs to go on.
    fn save(&self, dir: &Path) -> Result<(), TrainingError>;

    /// Reads what [`EpochJob::save`] wrote.
    fn restore(&mut self, dir: &Path) -> Result<(), TrainingError>;

    /// Draws the epochs so far.
    fn draw(&self, run: &RunFolder, epochs: &[Self::Record]) -> Result<(), TrainingError>;
}

/// Runs the epochs that are left. A resumed run goes on after its last whole epoch; one that was
/// stopped in its first epoch begins again.
///
/// # Errors
/// [`TrainingError`]; the state after the last whole epoch stands. Weights with which validation gives no
/// number must not become the state that a later process goes on from.
pub(crate) fn run_epochs<J: EpochJob>(
    job: &mut J,
    run: &RunFolder,
    is_resumed: bool,
    progress: &mut dyn Progress,
) -> Result<Vec<J::Record>, TrainingError> {
    let mut epochs = Vec::new();
    if is_resumed && let Some((folder, done)) = run.state()? {
        job.restore(&folder)?;
        epochs = done;
    }
    while !job.is_done(&epochs) {
        let record = job.epoch(epochs.len() as u64, &epochs, progress)?;
        let (loss, step) = job.validated(&record);
        if !loss.is_finite() {
            return Err(TrainingError::Diverged { loss, step });
        }
        progress.say(&job.line(&record));
        epochs.push(record);
        run.save_state(&epochs, |dir| job.save(dir))?;
        job.draw(run, &epochs)?;
    }
    Ok(epochs)
}

/// Goes through the batches of an epoch (counted from 0), each of which is a step of the run; gives the
/// number of steps so far.
pub(crate) fn each_batch(
    batches: &[Vec<usize>],
    epoch_idx: u64,
    progress: &mut dyn Progress,
    mut step: impl FnMut(&[usize], u64) -> Result<(), TrainingError>,
) -> Result<u64, TrainingError> {
    let n_batches = batches.len() as u64;
    progress.begin(&format!("epoch {}", epoch_idx + 1), n_batches);
    for (members, at) in batches.iter().zip(epoch_idx * n_batches..) {
        step(members, at)?;
        progress.advance(1);
    }
    progress.end();
    Ok((epoch_idx + 1) * n_batches)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::{CorpusRef, RunManifest, Silent};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Epoch(u64);

    /// Validation gives no number in the third epoch.
    struct Job;

    impl EpochJob for Job {
        type Record = Epoch;

        fn epoch(
            &mut self,
            epoch_idx: u64,
            _: &[Epoch],
            _: &mut dyn Progress,
        ) -> Result<Epoch, TrainingError> {
            Ok(Epoch(epoch_idx + 1))
        }

        fn validated(&self, Epoch(number): &Epoch) -> (f64, u64) {
            let loss = if *number == 3 { f64::NAN } else { 1.0 };
            (loss, 10 * number)
        }

        fn is_done(&self, epochs: &[Epoch]) -> bool {
            epochs.len() == 5
        }

        fn line(&self, _: &Epoch) -> String {
            String::new()
        }

        fn save(&self, _: &Path) -> Result<(), TrainingError> {
            Ok(())
        }

        fn restore(&mut self, _: &Path) -> Result<(), TrainingError> {
            Ok(())
        }

        fn draw(&self, _: &RunFolder, _: &[Epoch]) -> Result<(), TrainingError> {
            Ok(())
        }
    }

    #[test]
    fn a_validation_that_gives_no_number_ends_the_run_and_the_epochs_before_stand() {
        let temp = tempfile::tempdir().unwrap();
        let corpus = CorpusRef {
            name: "x".to_owned(),
            checksum: "y".to_owned(),
        };
        let manifest = RunManifest::new(1, corpus, toml::Table::new());
        let run = RunFolder::create(&temp.path().join("run"), &manifest).unwrap();
        let error = run_epochs(&mut Job, &run, false, &mut Silent)
            .err()
            .unwrap();
        assert!(
            matches!(error, TrainingError::Diverged { step: 30, loss } if loss.is_nan()),
            "{error}"
        );
        let (_, epochs) = run.state::<Epoch>().unwrap().unwrap();
        assert_eq!(epochs, [Epoch(1), Epoch(2)]);
    }
}
