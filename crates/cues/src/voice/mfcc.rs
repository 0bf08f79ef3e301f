//! The shape of the spectrum in few numbers: mel-frequency cepstral coefficients.
//!
//! S. Davis & P. Mermelstein (1980), IEEE Trans. ASSP 28(4), in the form of HTK: the cosine
//! transform of the logarithms of 26 mel bands, scaled by `sqrt(2 / 26)` and liftered by
//! `1 + 11 sin(pi i / 22)`. The zeroth, which is the level, is left out.

use std::f64::consts::PI;

/// How many coefficients are computed; the Geneva set has the first four.
pub(super) const N_MFCC: usize = 12;
const LIFTER: f64 = 22.0;
/// Squared scale of 16-bit samples, on which HTK's floor of 1 is defined.
const HTK_POWER: f64 = 32_767.0 * 32_767.0;

/// The cosine transform.
pub(super) struct Cepstrum {
    rows: Vec<Vec<f64>>,
}

impl Cepstrum {
    pub(super) fn new(n_bands: usize) -> Self {
        let row = |i: usize| {
            let lifter = 1.0 + 0.5 * LIFTER * (PI * i as f64 / LIFTER).sin();
            let scale = lifter * (2.0 / n_bands as f64).sqrt();
            let cosine = |band: usize| (PI * i as f64 * (band as f64 + 0.5) / n_bands as f64).cos();
            (0..n_bands).map(|band| scale * cosine(band)).collect()
        };
        Self {
            rows: (1..=N_MFCC).map(row).collect(),
        }
    }

    /// Coefficients 1 to 12 of one frame. `bands` are powers and become logarithms.
    pub(super) fn coefficients(&self, bands: &mut [f64]) -> [f64; N_MFCC] {
        for band in bands.iter_mut() {
            *band = (*band * HTK_POWER).max(1.0).ln();
        }
        let mut out = [0.0; N_MFCC];
        for (out, row) in out.iter_mut().zip(&self.rows) {
            *out = row.iter().zip(&*bands).map(|(a, b)| a * b).sum();
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_spectrum_has_no_shape_and_gain_does_not_matter() {
        let cepstrum = Cepstrum::new(26);
        let flat = cepstrum.coefficients(&mut [0.5; 26]);
        assert!(flat.iter().all(|c| c.abs() < 1e-9));
        let mut tilted: Vec<f64> = (0..26).map(|band| 0.9_f64.powi(band)).collect();
        let mut louder: Vec<f64> = tilted.iter().map(|p| p * 7.0).collect();
        let (a, b) = (
            cepstrum.coefficients(&mut tilted),
            cepstrum.coefficients(&mut louder),
        );
        assert!(a[0] > 1.0, "energy below is a positive first coefficient");
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}
