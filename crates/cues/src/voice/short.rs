//! Short frames of a sound and their power spectra: what most descriptors are computed from.

use std::f64::consts::PI;
use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

use super::part::Part;

/// Cuts windowed frames around a time and transforms them. Beyond the ends a sound is silent.
pub(super) struct Spectra {
    rate: f64,
    window: Vec<f64>,
    forward: Arc<dyn RealToComplex<f64>>,
    frame: Vec<f64>,
    spectrum: Vec<Complex<f64>>,
    power: Vec<f64>,
}

impl Spectra {
    /// A Hamming window (`0.54 - 0.46 cos`) times `gain`.
    pub(super) fn hamming(rate: f64, seconds: f64, gain: f64) -> Self {
        Self::new(rate, seconds, |x| gain * (0.54 + 0.46 * (PI * x).cos()))
    }

    /// A Hann window.
    pub(super) fn hann(rate: f64, seconds: f64) -> Self {
        Self::new(rate, seconds, |x| 0.5 + 0.5 * (PI * x).cos())
    }

    /// A Gaussian whose standard deviation is `sigma` of half the window, times `gain`.
    pub(super) fn gaussian(rate: f64, seconds: f64, sigma: f64, gain: f64) -> Self {
        Self::new(rate, seconds, |x| gain * (-0.5 * (x / sigma).powi(2)).exp())
    }

    /// `shape` is the window over `-1..=1`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the samples of a window"
    )]
    fn new(rate: f64, seconds: f64, shape: impl Fn(f64) -> f64) -> Self {
        let length = (seconds * rate).round() as usize;
        let at = |i: usize| 2.0 * i as f64 / (length - 1) as f64 - 1.0;
        let forward = RealFftPlanner::new().plan_fft_forward(length.next_power_of_two());
        Self {
            rate,
            window: (0..length).map(|i| shape(at(i))).collect(),
            frame: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            power: vec![0.0; forward.len() / 2 + 1],
            forward,
        }
    }

    /// Hz between two bins.
    pub(super) fn bin_hz(&self) -> f64 {
        self.rate / self.forward.len() as f64
    }

    /// Number of bins, from 0 Hz to half the sample rate.
    pub(super) fn n_bins(&self) -> usize {
        self.power.len()
    }

    /// The power of each bin, `|X|^2`, of the frame in whose middle `time_s` lies.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "sample indices of a clip"
    )]
    pub(super) fn power_at(&mut self, part: Part<'_>, time_s: f64) -> &[f64] {
        let middle = (time_s * self.rate).round() as isize - part.first() as isize;
        let (first, samples) = (middle - (self.window.len() / 2) as isize, part.samples());
        self.frame.fill(0.0);
        for (i, (out, weight)) in self.frame.iter_mut().zip(&self.window).enumerate() {
            let sample = usize::try_from(first + i as isize)
                .ok()
                .and_then(|at| samples.get(at));
            *out = sample.map_or(0.0, |sample| f64::from(*sample) * weight);
        }
        self.forward
            .process(&mut self.frame, &mut self.spectrum)
            .expect("buffers were made by the same plan");
        for (power, bin) in self.power.iter_mut().zip(&self.spectrum) {
            *power = bin.norm_sqr();
        }
        &self.power
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::signals::{RATE, sine};

    #[test]
    fn a_sine_peaks_in_its_own_bin_and_silence_surrounds_the_sound() {
        let sound = sine(1_000.0, 1.0, 0.1);
        let sound = Part::whole(&sound);
        let mut spectra = Spectra::hamming(f64::from(RATE), 0.02, 1.0);
        let power = spectra.power_at(sound, 0.05).to_vec();
        let loudest = (0..power.len()).max_by(|a, b| power[*a].total_cmp(&power[*b]));
        assert_eq!(loudest, Some(32));
        assert!((spectra.bin_hz() - 31.25).abs() < 1e-9);
        assert!(spectra.power_at(sound, 0.5).iter().all(|p| *p <= 0.0));
        assert!(spectra.power_at(sound, 0.0).iter().sum::<f64>() > 0.0);
    }
}
