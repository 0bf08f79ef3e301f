//! Loudness as the ear has it: the sum of an auditory spectrum.
//!
//! H. Hermansky (1990), *Perceptual linear predictive analysis of speech*, JASA 87(4): powers in
//! mel bands are weighted by the curve of equal loudness and compressed by a cube root, as in the
//! Geneva set (Eyben et al. 2016, there 26 bands between 20 and 8000 Hz and the exponent 0.33).

use std::f64::consts::TAU;

const COMPRESSION: f64 = 0.33;
/// Below this a band counts as silent.
const FLOOR: f64 = 9.3e-10;

/// Weights of equal loudness for bands.
pub(super) struct Ear {
    weights: Vec<f64>,
}

impl Ear {
    pub(super) fn new(centres_hz: &[f64]) -> Self {
        Self {
            weights: centres_hz.iter().map(|hz| equal_loudness(*hz)).collect(),
        }
    }

    /// Loudness of one frame from its band powers; grows with the gain to the power 0.66.
    pub(super) fn loudness(&self, bands: &[f64]) -> f64 {
        bands
            .iter()
            .zip(&self.weights)
            .map(|(power, weight)| (power.max(FLOOR) * weight).powf(COMPRESSION))
            .sum()
    }
}

/// Hermansky's equation 8 for bandwidths above 5 kHz, scaled as in openSMILE.
fn equal_loudness(hz: f64) -> f64 {
    let w = TAU * hz;
    let w2 = w * w;
    let low = (w2 + 56.8e6) * w2 * w2 / ((w2 + 6.3e6).powi(2) * (w2 + 0.38e9));
    1e32 * low / (w2 * w2 * w2 * w + 1.7e31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ear_is_keenest_at_a_few_kilohertz_and_dull_at_the_ends() {
        let [low, mid, high] = [80.0, 3_500.0, 7_900.0].map(equal_loudness);
        assert!(mid > 10.0 * low && mid > high, "{low} {mid} {high}");
    }

    #[test]
    fn ten_decibels_more_are_louder_by_the_power_law() {
        let ear = Ear::new(&[500.0, 1_000.0, 2_000.0]);
        let (soft, loud) = (
            ear.loudness(&[1.0, 2.0, 3.0]),
            ear.loudness(&[10.0, 20.0, 30.0]),
        );
        assert!((loud / soft - 10_f64.powf(0.33)).abs() < 1e-9);
    }
}
