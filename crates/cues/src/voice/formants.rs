//! Formants: the resonances of the vocal tract, by linear prediction.
//!
//! J. Makhoul (1975), *Linear prediction: a tutorial review*, Proc. IEEE 63(4). As in the Geneva
//! set (Eyben et al. 2016): order 11 on the sound below 5.5 kHz, the roots of the predictor sorted
//! by frequency. The autocorrelation is taken from the power spectrum up to 5.5 kHz, which is that
//! of the sound resampled to 11 kHz without resampling it.
//!
//! Departure from openSMILE: high frequencies are lifted first by 6 dB an octave from 50 Hz, as in
//! Praat, so that the predictor spends its order on the tract and not on the tilt of the source.

use std::f64::consts::{PI, TAU};

use super::roots::roots;

const ORDER: usize = 11;
const RATE_HZ: f64 = 11_000.0;
const LIFT_FROM_HZ: f64 = 50.0;
const LOWEST_HZ: f64 = 50.0;
const HIGHEST_HZ: f64 = 5_450.0;
/// How many are reported.
pub(super) const N_FORMANTS: usize = 3;

/// A resonance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Formant {
    pub(super) hz: f64,
    /// Width at half power, in Hz.
    pub(super) bandwidth_hz: f64,
}

/// Finds formants in power spectra with bins a fixed distance apart.
pub(super) struct FormantFinder {
    /// For each lag, the cosine of each bin up to 5.5 kHz times the lift.
    cosines: Vec<Vec<f64>>,
}

impl FormantFinder {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a bin of a spectrum"
    )]
    pub(super) fn new(bin_hz: f64) -> Self {
        let n_bins = (RATE_HZ / 2.0 / bin_hz) as usize + 1;
        let row = |lag: usize| {
            let angle = |bin: usize| TAU * bin_hz * bin as f64 / RATE_HZ;
            let weighted = |bin| lift(angle(bin)) * (lag as f64 * angle(bin)).cos();
            (0..n_bins).map(weighted).collect()
        };
        Self {
            cosines: (0..=ORDER).map(row).collect(),
        }
    }

    /// The lowest formants of a frame, fewer than [`N_FORMANTS`] where there are no more.
    pub(super) fn find(&self, power: &[f64]) -> Vec<Formant> {
        let product = |row: &Vec<f64>| row.iter().zip(power).map(|(c, p)| c * p).sum();
        let mut correlation: Vec<f64> = self.cosines.iter().map(product).collect();
        // White noise 90 dB down keeps the recursion apart from division by nothing.
        correlation[0] *= 1.0 + 1e-9;
        let Some(predictor) = predictor(&correlation) else {
            return Vec::new();
        };
        let mut found: Vec<Formant> = roots(&predictor)
            .into_iter()
            .filter(|root| root.im > 0.0)
            .map(|root| Formant {
                hz: root.arg() * RATE_HZ / TAU,
                bandwidth_hz: -root.norm().ln() * RATE_HZ / PI,
            })
            .filter(|formant| (LOWEST_HZ..=HIGHEST_HZ).contains(&formant.hz))
            .collect();
        found.sort_by(|a, b| a.hz.total_cmp(&b.hz));
        found.truncate(N_FORMANTS);
        found
    }
}

/// Power of the filter `1 - a z^-1` at an angle on the unit circle.
fn lift(angle: f64) -> f64 {
    let a = (-TAU * LIFT_FROM_HZ / RATE_HZ).exp();
    1.0 + a * a - 2.0 * a * angle.cos()
}

/// Coefficients of the prediction error filter after the leading 1 (Levinson-Durbin); `None` of
/// silence.
fn predictor(correlation: &[f64]) -> Option<Vec<f64>> {
    let mut error = correlation[0];
    let mut filter: Vec<f64> = Vec::with_capacity(ORDER);
    for lag in 1..=ORDER {
        if error <= 0.0 {
            return None;
        }
        let ahead: f64 = (0..filter.len())
            .map(|i| filter[i] * correlation[lag - 1 - i])
            .sum();
        let reflection = -(correlation[lag] + ahead) / error;
        let turned: Vec<f64> = filter.iter().rev().copied().collect();
        for (coefficient, other) in filter.iter_mut().zip(turned) {
            *coefficient += reflection * other;
        }
        filter.push(reflection);
        error *= 1.0 - reflection * reflection;
    }
    Some(filter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use realfft::num_complex::Complex;

    const BIN_HZ: f64 = 31.25;

    /// Power spectrum of a voice through an all-pole filter with these resonances, at 11 kHz.
    fn resonances(wanted: &[(f64, f64)]) -> Vec<f64> {
        (0..257)
            .map(|bin| {
                let z = Complex::from_polar(1.0, TAU * f64::from(bin) * BIN_HZ / RATE_HZ);
                let poles = wanted.iter().map(|(hz, width)| {
                    let pole =
                        Complex::from_polar((-PI * width / RATE_HZ).exp(), TAU * hz / RATE_HZ);
                    ((z - pole) * (z - pole.conj())).norm_sqr()
                });
                1.0 / (poles.product::<f64>() * lift(TAU * f64::from(bin) * BIN_HZ / RATE_HZ))
            })
            .collect()
    }

    #[test]
    fn the_resonances_of_a_made_vowel_are_found() {
        let wanted = [
            (700.0, 80.0),
            (1_220.0, 100.0),
            (2_600.0, 140.0),
            (3_500.0, 200.0),
        ];
        let found = FormantFinder::new(BIN_HZ).find(&resonances(&wanted));
        assert_eq!(found.len(), N_FORMANTS);
        for (formant, (hz, width)) in found.iter().zip(wanted) {
            assert!((formant.hz / hz - 1.0).abs() < 0.02, "{formant:?} for {hz}");
            assert!(
                (formant.bandwidth_hz / width - 1.0).abs() < 0.35,
                "{formant:?} for {width}"
            );
        }
    }

    #[test]
    fn silence_has_none() {
        assert!(FormantFinder::new(BIN_HZ).find(&[0.0; 257]).is_empty());
    }
}
