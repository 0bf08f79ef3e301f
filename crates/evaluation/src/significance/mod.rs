//! How sure a figure is, and whether two differ.
//!
//! Utterances of a dialogue are not independent, so whole dialogues are drawn and swapped, never
//! single utterances. The sign test and Wilson's interval are for independent cases, such as the
//! judgements of raters; over the instances that exactly one of two systems gets right, the sign test
//! is McNemar's exact test.

mod bootstrap;
mod comparison;
mod holm;
mod randomisation;
mod seeds;
mod sign_test;
mod wilson;

pub use bootstrap::{Interval, PairedDifference, interval, paired_differences};
pub use comparison::TestKind;
pub use holm::holm;
pub use randomisation::randomisation;
pub use seeds::{MeanAndDeviation, mean_and_deviation};
pub use sign_test::sign_test;
pub use wilson::wilson_95;

/// Counts of one dialogue that add up over dialogues.
pub trait Tally: Clone {
    /// Adds those of another dialogue.
    fn merge(&mut self, other: &Self);
    /// Sets all counts to nothing.
    fn clear(&mut self);
}

/// A quantity of the sum over dialogues.
pub type Quantity<'q, T> = &'q dyn Fn(&T) -> f64;

/// Draws of the bootstrap and swaps of the randomisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resampling {
    /// Number of them; 0 for no intervals and tests.
    pub n: usize,
    /// Seed of the generator.
    pub seed: u64,
}

impl Default for Resampling {
    fn default() -> Self {
        Self { n: 1000, seed: 13 }
    }
}
