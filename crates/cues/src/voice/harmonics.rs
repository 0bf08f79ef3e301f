//! Single harmonics of the voice: how strong the first is against the second (a breathy voice has
//! a strong first) and against those that carry the formants.
//!
//! H. Hanson (1997), *Glottal characteristics of female speakers: acoustic correlates*, JASA
//! 101(1), in the form of the Geneva set (Eyben et al. 2016): the level of formant `i` is that of
//! the strongest harmonic within 20 % of its frequency, all relative to the first harmonic, dB.

use super::formants::{Formant, N_FORMANTS};

/// A harmonic is looked for within this share of F0 around its place.
const REACH: f64 = 0.25;
const FORMANT_REACH: f64 = 0.2;
/// Powers below this are silence.
const FLOOR: f64 = 1e-13;

/// Measures of one frame in dB; `None` where the spectrum does not reach.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Harmonics {
    pub(super) h1_h2: Option<f64>,
    pub(super) h1_a3: Option<f64>,
    /// Level of each formant over the first harmonic.
    pub(super) formant_levels: [Option<f64>; N_FORMANTS],
}

/// Measures a frame from its power spectrum, F0 and formants.
pub(super) fn measure(power: &[f64], bin_hz: f64, f0_hz: f64, formants: &[Formant]) -> Harmonics {
    let harmonic = |k: usize| harmonic_db(power, bin_hz, f0_hz, k);
    let Some(first) = harmonic(1) else {
        return Harmonics::default();
    };
    let mut found = Harmonics {
        h1_h2: harmonic(2).map(|second| first - second),
        ..Harmonics::default()
    };
    for (level, formant) in found.formant_levels.iter_mut().zip(formants) {
        let (low, high) = (
            formant.hz * (1.0 - FORMANT_REACH) / f0_hz,
            formant.hz * (1.0 + FORMANT_REACH) / f0_hz,
        );
        *level = whole_numbers(low, high)
            .filter_map(harmonic)
            .max_by(f64::total_cmp)
            .map(|strongest| strongest - first);
    }
    found.h1_a3 = found.formant_levels[2].map(|level| -level);
    found
}

/// The level of the `k`-th harmonic: the peak of the parabola through the highest bin near its
/// place and the two beside it, which is exact for a Gaussian window.
fn harmonic_db(power: &[f64], bin_hz: f64, f0_hz: f64, k: usize) -> Option<f64> {
    let place = k as f64 * f0_hz;
    let bins = whole_numbers(
        (place - REACH * f0_hz) / bin_hz,
        (place + REACH * f0_hz) / bin_hz,
    );
    let highest = bins
        .filter(|bin| bin + 1 < power.len())
        .max_by(|a, b| power[*a].total_cmp(&power[*b]))?;
    let level = |bin: usize| 10.0 * power[bin].max(FLOOR).log10();
    let (left, mid, right) = (level(highest - 1), level(highest), level(highest + 1));
    let bend = 2.0 * mid - left - right;
    let is_peak = bend > 0.0 && mid >= left && mid >= right;
    (power[highest] > FLOOR).then(|| {
        let lift = if is_peak {
            (right - left).powi(2) / (8.0 * bend)
        } else {
            0.0
        };
        mid + lift
    })
}

/// The whole numbers from 1 between two positive numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bins and harmonics, positive"
)]
fn whole_numbers(low: f64, high: f64) -> std::ops::Range<usize> {
    let first = (low.ceil() as usize).max(1);
    first..(high.floor() as usize + 1).max(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::part::Part;
    use crate::voice::short::Spectra;
    use crate::voice::signals::{RATE, harmonics};

    #[test]
    fn known_harmonics_are_measured_against_the_first() {
        // Harmonics 6 dB apart, but the 15th (3 kHz) as strong as the first.
        let mut amplitudes: Vec<f64> = (0..20).map(|k| 0.2 * 0.5_f64.powi(k)).collect();
        amplitudes[14] = 0.2;
        let sound = harmonics(200.0, &amplitudes, 0.2);
        let mut spectra = Spectra::gaussian(f64::from(RATE), 0.06, 0.4, 1.0);
        let bin_hz = spectra.bin_hz();
        let formants = [(400.0, 50.0), (1_000.0, 50.0), (2_900.0, 50.0)]
            .map(|(hz, bandwidth_hz)| Formant { hz, bandwidth_hz });
        let found = measure(
            spectra.power_at(Part::whole(&sound), 0.1),
            bin_hz,
            200.0,
            &formants,
        );
        assert!((found.h1_h2.unwrap() - 6.02).abs() < 0.5, "{found:?}");
        assert!(found.h1_a3.unwrap().abs() < 0.5, "{found:?}");
        assert!(
            (found.formant_levels[1].unwrap() + 18.06).abs() < 0.7,
            "{found:?}"
        );
    }

    #[test]
    fn silence_has_none() {
        assert_eq!(measure(&[0.0; 513], 15.6, 200.0, &[]), Harmonics::default());
    }
}
