//! Scores of judgements about faces, beside a control, and the temperature.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smes_cues::emotion::softmax;
use smes_dialogue::EmotionSet;
use smes_evaluation::metrics::{Calibration, Confusion, accuracy, macro_f1, per_class};

use crate::calibration::{best_temperature, likeliest};

/// Logits of some faces and what they show.
pub(super) struct Judgements {
    pub(super) logits: Vec<Vec<f32>>,
    pub(super) gold: Vec<usize>,
}

/// How well faces were read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceScores {
    /// Faces.
    pub n: usize,
    /// Share that is right.
    pub accuracy: f64,
    /// Mean F1 of the expressions.
    pub macro_f1: f64,
    /// By expression.
    pub classes: BTreeMap<String, ClassScores>,
    /// Mean negative log-probability of the true expression, in nats.
    pub nll: f64,
    /// Expected calibration error of the probabilities.
    pub calibration_error: f64,
    /// Rows what was shown, columns what was read.
    pub confusion: Vec<Vec<u32>>,
    /// Always saying the most frequent expression: share that is right, and macro-F1.
    pub majority: (f64, f64),
}

/// How well one expression was read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassScores {
    /// Of those called so, the share that is.
    pub precision: f64,
    /// Of those that are, the share called so.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
    /// Faces that are.
    pub support: u32,
}

impl Judgements {
    /// Scores at a temperature.
    pub(super) fn score(&self, temperature: f64, expressions: &EmotionSet) -> FaceScores {
        let n_classes = expressions.len();
        let mut confusion = Confusion::new(n_classes);
        let mut calibration = Calibration::default();
        for (logits, gold) in self.logits.iter().zip(&self.gold) {
            let probabilities = softmax(logits, temperature);
            let read = likeliest(&probabilities).unwrap_or(0);
            confusion.add(*gold, Some(read));
            calibration.add(probabilities[read], read == *gold);
        }
        let counts = confusion.class_counts();
        let names: Vec<&str> = expressions.names().collect();
        let classes = per_class(&counts).into_iter().map(|class| {
            let scores = ClassScores {
                precision: class.precision,
                recall: class.recall,
                f1: class.f1,
                support: class.support,
            };
            (names[class.class].to_owned(), scores)
        });
        FaceScores {
            n: self.gold.len(),
            accuracy: accuracy(&counts),
            macro_f1: macro_f1(&counts),
            classes: classes.collect(),
            nll: self.nll(temperature),
            calibration_error: calibration.error().unwrap_or(0.0),
            confusion: (0..n_classes)
                .map(|gold| confusion.row(gold)[..n_classes].to_vec())
                .collect(),
            majority: self.majority(n_classes),
        }
    }

    fn majority(&self, n_classes: usize) -> (f64, f64) {
        let count = |class: &usize| self.gold.iter().filter(|gold| *gold == class).count();
        let most = (0..n_classes).max_by_key(count);
        let mut control = Confusion::new(n_classes);
        for gold in &self.gold {
            control.add(*gold, most);
        }
        let counts = control.class_counts();
        (accuracy(&counts), macro_f1(&counts))
    }

    fn nll(&self, temperature: f64) -> f64 {
        let one = |(logits, gold): (&Vec<f32>, &usize)| {
            -softmax(logits, temperature)[*gold].clamp(1e-12, 1.0).ln()
        };
        let total: f64 = self.logits.iter().zip(&self.gold).map(one).sum();
        total / self.gold.len().max(1) as f64
    }

    /// The temperature under which the true expressions are most likely.
    pub(super) fn best_temperature(&self) -> f64 {
        best_temperature(|temperature| self.nll(temperature))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::face_expressions;

    fn sure(expression: usize) -> Vec<f32> {
        (0..6)
            .map(|e| if e == expression { 9.0 } else { 0.0 })
            .collect()
    }

    #[test]
    fn a_hand_worked_confusion_beside_the_majority() {
        let found = Judgements {
            logits: vec![sure(0), sure(0), sure(1), sure(0)],
            gold: vec![0, 0, 1, 1],
        }
        .score(1.0, &face_expressions());
        assert!((found.accuracy - 0.75).abs() < 1e-9);
        // F1 of neutral 4/5, of happiness 2/3; the others do not occur.
        assert!((found.macro_f1 - f64::midpoint(0.8, 2.0 / 3.0)).abs() < 1e-9);
        assert_eq!(found.confusion[1][..2], [1, 1]);
        assert!((found.majority.0 - 0.5).abs() < 1e-9);
        assert!((found.majority.1 - 1.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn temperature_flattens_a_model_that_is_too_sure() {
        // Sure of expression 0 at odds of e^4, right three times in four.
        let found = Judgements {
            logits: vec![vec![4.0, 0.0]; 4],
            gold: vec![0, 0, 0, 1],
        };
        assert!((found.best_temperature() - 4.0 / 3.0_f64.ln()).abs() < 0.01);
    }

    #[test]
    fn logits_that_are_no_numbers_give_no_number() {
        let found = Judgements {
            logits: vec![vec![1.0, 0.0], vec![f32::NAN, 0.0]],
            gold: vec![0, 0],
        };
        assert!(found.nll(1.0).is_nan());
    }
}
