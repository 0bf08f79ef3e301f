//! Accuracy: the share of instances whose predicted label is the gold one.
//!
//! As `sklearn.metrics.accuracy_score`. An instance without a prediction counts as wrong.

use super::ClassCounts;

/// Accuracy, `0..=1`; 0 where there is no instance.
pub fn accuracy(counts: &ClassCounts) -> f64 {
    match counts.n() {
        0 => 0.0,
        n => f64::from(counts.n_hits()) / f64::from(n),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_prediction_is_wrong() {
        let mut counts = ClassCounts::new(2);
        counts.add(0, Some(0));
        counts.add(1, None);
        assert!((accuracy(&counts) - 0.5).abs() < 1e-12);
        assert_eq!(counts.n_missing(), 1);
    }
}
