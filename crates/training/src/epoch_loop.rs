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
/// [`TrainingError`]; the state after the last whole epoch stands.
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
        progress.say(&job.line(&record));
        epochs.push(record);
        run.save_state(&epochs, |dir| job.save(dir))?;
        job.draw(run, &epochs)?;
    }
    Ok(epochs)
}
