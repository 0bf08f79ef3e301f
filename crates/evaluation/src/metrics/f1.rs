//! F1 by class, and its macro, micro and weighted means.
//!
//! As `sklearn.metrics.f1_score` with `zero_division=0`: the classes are the union of gold and
//! predicted labels; macro is their plain mean, weighted the mean by gold support. A deviation
//! where scikit-learn has no notion: an instance without a prediction is a false negative of its
//! gold class and a false positive of none, so it adds no class to the mean.
//!
//! The paper's "W-F1" of the SMES row is macro-F1 (the authors' code computes only macro and
//! micro); both are reported here under their own names.

use serde::Serialize;

use super::ClassCounts;

/// Scores of one class.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClassScore {
    /// Index of the class.
    #[serde(skip)]
    pub class: usize,
    /// Share of the predictions of this class that are right; 0 where it is never predicted.
    pub precision: f64,
    /// Share of the gold instances of this class that are found; 0 where it is never gold.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
    /// Gold instances.
    pub support: u32,
}

/// Scores of each class that is gold or predicted, in class order.
pub fn per_class(counts: &ClassCounts) -> Vec<ClassScore> {
    counts
        .present()
        .map(|(class, gold, predicted, hits)| ClassScore {
            class,
            precision: ratio(hits, predicted),
            recall: ratio(hits, gold),
            f1: f1(gold, predicted, hits),
            support: gold,
        })
        .collect()
}

/// Plain mean of the classes' F1, `0..=1`; 0 where there is no instance.
pub fn macro_f1(counts: &ClassCounts) -> f64 {
    let (sum, n) = counts
        .present()
        .fold((0.0, 0_u32), |(sum, n), (_, gold, predicted, hits)| {
            (sum + f1(gold, predicted, hits), n + 1)
        });
    if n == 0 { 0.0 } else { sum / f64::from(n) }
}

/// Mean of the classes' F1 weighted by gold support, `0..=1`; 0 where there is no instance.
pub fn weighted_f1(counts: &ClassCounts) -> f64 {
    let sum: f64 = counts
        .present()
        .map(|(_, gold, predicted, hits)| f64::from(gold) * f1(gold, predicted, hits))
        .sum();
    match counts.n() {
        0 => 0.0,
        n => sum / f64::from(n),
    }
}

/// F1 over all classes together, `0..=1`; 0 where there is no instance. It is the accuracy unless
/// predictions are missing.
pub fn micro_f1(counts: &ClassCounts) -> f64 {
    let n = counts.n();
    f1(n, n - counts.n_missing(), counts.n_hits())
}

fn f1(gold: u32, predicted: u32, hits: u32) -> f64 {
    ratio(2 * hits, gold + predicted)
}

fn ratio(part: u32, whole: u32) -> f64 {
    if whole == 0 {
        0.0
    } else {
        f64::from(part) / f64::from(whole)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::significance::Tally;

    fn count(pairs: &[(usize, Option<usize>)]) -> ClassCounts {
        let mut counts = ClassCounts::new(4);
        for (gold, predicted) in pairs {
            counts.add(*gold, *predicted);
        }
        counts
    }

    #[test]
    fn a_hand_worked_case_has_its_known_values() {
        // Class 0: P 1/2, R 1/1, F1 2/3. Class 1: P 1/1, R 1/2, F1 2/3. Class 2: predicted, never gold.
        let counts = count(&[(0, Some(0)), (1, Some(1)), (1, Some(0)), (1, Some(2))]);
        let classes = per_class(&counts);
        assert_eq!(classes.len(), 3);
        assert!((classes[0].f1 - 2.0 / 3.0).abs() < 1e-12);
        assert!((classes[1].recall - 1.0 / 3.0).abs() < 1e-12);
        assert!((macro_f1(&counts) - (2.0 / 3.0 + 0.5) / 3.0).abs() < 1e-12);
        assert!((weighted_f1(&counts) - (2.0 / 3.0 + 3.0 * 0.5) / 4.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn order_does_not_matter_and_every_value_is_a_share(
            mut pairs in prop::collection::vec((0usize..4, prop::option::of(0usize..4)), 0..60),
            cut in 0usize..60,
        ) {
            let forward = count(&pairs);
            pairs.reverse();
            prop_assert_eq!(&forward, &count(&pairs));
            for value in [macro_f1(&forward), weighted_f1(&forward), crate::accuracy(&forward)] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            let cut = cut.min(pairs.len());
            let mut merged = count(&pairs[..cut]);
            merged.merge(&count(&pairs[cut..]));
            prop_assert_eq!(forward, merged);
        }

        #[test]
        fn all_right_is_one_everywhere(gold in prop::collection::vec(0usize..4, 1..40)) {
            let pairs: Vec<_> = gold.iter().map(|class| (*class, Some(*class))).collect();
            let counts = count(&pairs);
            prop_assert!((macro_f1(&counts) - 1.0).abs() < 1e-12);
            prop_assert!((weighted_f1(&counts) - 1.0).abs() < 1e-12);
            prop_assert!(per_class(&counts).iter().all(|class| (class.f1 - 1.0).abs() < 1e-12));
        }
    }
}
