//! The confusion matrix: how often each gold class is taken for each other one.
//!
//! As `sklearn.metrics.confusion_matrix`, rows gold and columns predicted, with one more column for
//! instances without a prediction.

use super::ClassCounts;

/// Counts by gold and predicted class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    n_classes: usize,
    counts: Vec<u32>,
}

impl Confusion {
    /// No instance yet.
    pub fn new(n_classes: usize) -> Self {
        Self {
            n_classes,
            counts: vec![0; n_classes * (n_classes + 1)],
        }
    }

    /// Counts one instance; `predicted` is `None` where there is no prediction.
    ///
    /// # Panics
    /// When a class is `>= n_classes`.
    pub fn add(&mut self, gold: usize, predicted: Option<usize>) {
        let column = predicted.unwrap_or(self.n_classes);
        assert!(gold < self.n_classes && column <= self.n_classes);
        self.counts[gold * (self.n_classes + 1) + column] += 1;
    }

    /// A row: how often the gold class was taken for each class, and last for none.
    pub fn row(&self, gold: usize) -> &[u32] {
        let width = self.n_classes + 1;
        &self.counts[gold * width..(gold + 1) * width]
    }

    /// Number of classes.
    pub const fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The counts by class, from which accuracy and F1 follow.
    pub fn class_counts(&self) -> ClassCounts {
        let mut counts = ClassCounts::new(self.n_classes);
        for gold in 0..self.n_classes {
            for (predicted, &n) in self.row(gold).iter().enumerate() {
                let predicted = (predicted < self.n_classes).then_some(predicted);
                for _ in 0..n {
                    counts.add(gold, predicted);
                }
            }
        }
        counts
    }
}
