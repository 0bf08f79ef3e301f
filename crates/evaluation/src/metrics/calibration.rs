//! Calibration: whether a system that says 70 % is right in 70 % of the cases.
//!
//! Expected calibration error of Guo et al. 2017: `sum_b n_b / n |accuracy_b - confidence_b|` over
//! equally wide bins of the top label's probability, bins open below and closed above, as
//! `torchmetrics.classification.MulticlassCalibrationError` (`norm="l1"`). Range `0..=1`, lower is
//! better. Instances without a probability are left out; none at all gives `None`.

/// Bins of the reliability diagram.
pub const N_BINS: usize = 15;

/// One bin of confidence.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bin {
    /// Predictions in it.
    pub n: u32,
    /// Right ones.
    pub n_right: u32,
    /// Sum of their probabilities.
    pub confidence: f64,
}

/// Predictions by confidence; they add up over instances.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    bins: Vec<Bin>,
}

impl Default for Calibration {
    fn default() -> Self {
        Self {
            bins: vec![Bin::default(); N_BINS],
        }
    }
}

impl Calibration {
    /// Counts a prediction of probability `confidence`, in `0..=1`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share times the number of bins, held inside the list"
    )]
    pub fn add(&mut self, confidence: f64, is_right: bool) {
        // Bin b holds (b / N, (b + 1) / N].
        let place = (confidence * N_BINS as f64).ceil() as usize;
        let bin = &mut self.bins[place.clamp(1, N_BINS) - 1];
        bin.n += 1;
        bin.n_right += u32::from(is_right);
        bin.confidence += confidence;
    }

    /// The bins, least confident first.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// The expected calibration error.
    pub fn error(&self) -> Option<f64> {
        let n: u32 = self.bins.iter().map(|bin| bin.n).sum();
        let gap = |bin: &Bin| (f64::from(bin.n_right) - bin.confidence).abs();
        (n > 0).then(|| self.bins.iter().map(gap).sum::<f64>() / f64::from(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_as_right_as_it_is_sure_has_no_error() {
        let mut calibration = Calibration::default();
        assert_eq!(calibration.error(), None);
        for idx in 0..10 {
            calibration.add(0.7, idx < 7);
        }
        assert!(calibration.error().unwrap().abs() < 1e-12);
        calibration.add(1.0, false);
        assert!((calibration.error().unwrap() - 1.0 / 11.0).abs() < 1e-12);
    }
}
