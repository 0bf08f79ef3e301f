//! The colour of the voice: how its energy lies over frequency.
//!
//! - *Spectral tilt*, dB an octave: the slope of a line fitted to the level of power density in
//!   octave-wide bands, a third of an octave apart, from above the pitch to 5.7 kHz, of the mean
//!   spectrum of voiced frames. A voice with amplitudes `1/k` in its harmonics has -6. Each band
//!   is an octave wide so that it holds a harmonic at any pitch.
//! - *Alpha ratio*, dB: energy in 50-1000 Hz over that in 1-5 kHz (Eyben et al. 2016, *The Geneva
//!   Minimalistic Acoustic Parameter Set*, IEEE Trans. Affective Computing 7(2), with the sign of
//!   its definition there). Higher means softer or duller, lower means tenser or brighter.

const LOW_HZ: f64 = 50.0;
const SPLIT_HZ: f64 = 1_000.0;
const HIGH_HZ: f64 = 5_000.0;
const FIRST_CENTRE_HZ: f64 = 250.0;
const LAST_CENTRE_HZ: f64 = 4_000.0;

/// The summed power spectrum of frames.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SummedSpectrum {
    power: Vec<f64>,
    bin_hz: f64,
}

impl SummedSpectrum {
    /// An empty sum for spectra that reach from 0 Hz to half the sample rate.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the power spectrum of a frame. All frames must have the same number of bins.
    pub fn add(&mut self, power: &[f64], sample_rate: u32) {
        self.power.resize(power.len(), 0.0);
        self.bin_hz = f64::from(sample_rate) / 2.0 / (power.len().max(2) - 1) as f64;
        self.power
            .iter_mut()
            .zip(power)
            .for_each(|(sum, bin)| *sum += bin);
    }

    /// Mean power density between two frequencies; `None` outside the spectrum or without energy.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a frequency over a bin width, both positive"
    )]
    fn density(&self, low_hz: f64, high_hz: f64) -> Option<f64> {
        if self.power.is_empty() {
            return None;
        }
        let bins = (low_hz / self.bin_hz).ceil() as usize..(high_hz / self.bin_hz).ceil() as usize;
        let band = self.power.get(bins).filter(|band| !band.is_empty())?;
        let mean = band.iter().sum::<f64>() / band.len() as f64;
        (mean > 0.0).then_some(mean)
    }

    /// Slope over frequency, in dB an octave, for a voice of that pitch.
    pub fn tilt_db_per_octave(&self, f0_hz: f64) -> Option<f64> {
        let half = 2_f64.sqrt();
        let mut points = Vec::new();
        let mut centre = FIRST_CENTRE_HZ.max(f0_hz * half);
        while centre <= LAST_CENTRE_HZ {
            if let Some(density) = self.density(centre / half, centre * half) {
                points.push((centre.log2(), 10.0 * density.log10()));
            }
            centre *= 2_f64.powf(1.0 / 3.0);
        }
        (points.len() >= 4).then(|| slope(&points))
    }

    /// Energy below over energy above 1 kHz, in dB.
    pub fn alpha_ratio_db(&self) -> Option<f64> {
        let low = self.density(LOW_HZ, SPLIT_HZ)? * (SPLIT_HZ - LOW_HZ);
        let high = self.density(SPLIT_HZ, HIGH_HZ)? * (HIGH_HZ - SPLIT_HZ);
        Some(10.0 * (low / high).log10())
    }
}

/// Slope of the line of least squares.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.1).sum::<f64>() / n;
    let above: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    let below: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    above / below
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::f0::contour;
    use crate::voice::signals::{RATE, harmonics};

    fn spectrum(samples: &[f32]) -> SummedSpectrum {
        let mut spectrum = SummedSpectrum::new();
        contour(samples, RATE, |power| spectrum.add(power, RATE));
        spectrum
    }

    fn falling(hz: f64, power: i32) -> Vec<f32> {
        let amplitudes: Vec<f64> = (1..1_000)
            .take_while(|k| f64::from(*k) * hz < 7_500.0)
            .map(|k| 0.2 / f64::from(k).powi(power))
            .collect();
        harmonics(hz, &amplitudes, 0.5)
    }

    #[test]
    fn the_tilt_of_a_known_source_is_found_at_low_and_high_pitch() {
        for hz in [90.0, 130.0, 220.0, 350.0] {
            for (power, expected) in [(0, 0.0), (1, -6.02), (2, -12.04)] {
                let tilt = spectrum(&falling(hz, power))
                    .tilt_db_per_octave(hz)
                    .unwrap();
                assert!(
                    (tilt - expected).abs() < 1.0,
                    "{tilt} for {expected} at {hz} Hz"
                );
            }
        }
    }

    #[test]
    fn a_duller_voice_has_a_higher_alpha_ratio() {
        let bright = spectrum(&falling(150.0, 1)).alpha_ratio_db().unwrap();
        let dull = spectrum(&falling(150.0, 2)).alpha_ratio_db().unwrap();
        assert!(dull > bright + 5.0, "{dull} {bright}");
    }

    #[test]
    fn no_frames_and_no_energy_give_no_measure() {
        let silent = SummedSpectrum {
            power: vec![0.0; 513],
            bin_hz: 15.625,
        };
        for spectrum in [SummedSpectrum::new(), silent] {
            assert_eq!(spectrum.alpha_ratio_db(), None);
            assert_eq!(spectrum.tilt_db_per_octave(100.0), None);
        }
    }
}
