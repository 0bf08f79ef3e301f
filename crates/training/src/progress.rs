//! How long work reports where it is, without knowing who listens.

/// Listens to long work.
pub trait Progress {
    /// A stage of `n_steps` steps begins.
    fn begin(&mut self, stage: &str, n_steps: u64);
    /// Steps of it are done.
    fn advance(&mut self, n_steps: u64);
    /// The stage is over.
    fn end(&mut self);
    /// Something worth a line.
    fn say(&mut self, line: &str);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _stage: &str, _n_steps: u64) {}
    fn advance(&mut self, _n_steps: u64) {}
    fn end(&mut self) {}
    fn say(&mut self, _line: &str) {}
}
