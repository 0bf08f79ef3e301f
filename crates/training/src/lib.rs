//! Data to batches, loop, schedule, selection on validation, run folder, resume.
