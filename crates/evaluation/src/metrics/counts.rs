//! Counts by class: everything accuracy and F1 need, and additive, so that a bootstrap over
//! dialogues sums the counts of dialogues and never looks at instances again.

use crate::significance::Tally;

/// Counts of one task over some instances.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClassCounts {
    /// How often each class is gold.
    gold: Vec<u32>,
    /// How often each class is predicted.
    predicted: Vec<u32>,
    /// How often each class is both.
    hits: Vec<u32>,
    /// Instances without a prediction; they are wrong, and nobody's false positive.
    missing: u32,
}

impl ClassCounts {
    /// No instance yet, of `n_classes` classes.
    pub fn new(n_classes: usize) -> Self {
        Self {
            gold: vec![0; n_classes],
            predicted: vec![0; n_classes],
            hits: vec![0; n_classes],
            missing: 0,
        }
    }

    /// Counts one instance. `predicted` is `None` where there is no prediction.
    ///
    /// # Panics
    /// When a class is `>= n_classes`.
    pub fn add(&mut self, gold: usize, predicted: Option<usize>) {
        self.gold[gold] += 1;
        match predicted {
            Some(predicted) => {
                self.predicted[predicted] += 1;
                self.hits[gold] += u32::from(gold == predicted);
            }
            None => self.missing += 1,
        }
    }

    /// Number of instances.
    pub fn n(&self) -> u32 {
        self.gold.iter().sum()
    }

    /// Number of instances without a prediction.
    pub const fn n_missing(&self) -> u32 {
        self.missing
    }

    /// Number of right predictions.
    pub fn n_hits(&self) -> u32 {
        self.hits.iter().sum()
    }

    /// `(class, gold, predicted, hits)` of each class that is gold or predicted at least once:
    /// scikit-learn's default labels.
    pub fn present(&self) -> impl Iterator<Item = (usize, u32, u32, u32)> {
        (0..self.gold.len())
            .map(|class| {
                (
                    class,
                    self.gold[class],
                    self.predicted[class],
                    self.hits[class],
                )
            })
            .filter(|(_, gold, predicted, _)| gold + predicted > 0)
    }
}

impl Tally for ClassCounts {
    /// Adds the counts of other instances over the same classes.
    fn merge(&mut self, other: &Self) {
        debug_assert_eq!(self.gold.len(), other.gold.len());
        let add = |into: &mut Vec<u32>, from: &[u32]| {
            for (into, from) in into.iter_mut().zip(from) {
                *into += from;
            }
        };
        add(&mut self.gold, &other.gold);
        add(&mut self.predicted, &other.predicted);
        add(&mut self.hits, &other.hits);
        self.missing += other.missing;
    }

    fn clear(&mut self) {
        self.gold.fill(0);
        self.predicted.fill(0);
        self.hits.fill(0);
        self.missing = 0;
    }
}
