//! The spectrum of sound as networks read it: power in bands that are equally wide to the ear.
//!
//! Frames of 400 samples (25 ms at 16 kHz) under a Hann window, 160 apart, each centred on its time;
//! triangular bands that are equally wide on Slaney's mel scale (Slaney 1998, *Auditory Toolbox*) and
//! of equal area. Reference: `librosa.feature.melspectrogram` 0.11 with its defaults for these lengths.

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Samples a second.
pub const SAMPLE_RATE: u32 = 16_000;
/// Samples of a frame.
pub const FRAME: usize = 400;
/// Samples from frame to frame.
pub const HOP: usize = 160;
const N_BINS: usize = FRAME / 2 + 1;
const RATE: f64 = SAMPLE_RATE as f64;

/// Measures the power of sound in bands.
pub struct MelSpectrogram {
    /// For each band the first bin that falls into it, and the weights from there on.
    bands: Vec<(usize, Vec<f64>)>,
    window: Vec<f64>,
    transform: Arc<dyn RealToComplex<f64>>,
}

impl std::fmt::Debug for MelSpectrogram {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MelSpectrogram")
            .field("n_bands", &self.bands.len())
            .finish_non_exhaustive()
    }
}

impl MelSpectrogram {
    /// With `n_bands` bands between 0 and 8000 Hz.
    pub fn new(n_bands: usize) -> Self {
        let turn = std::f64::consts::TAU / FRAME as f64;
        Self {
            bands: bands(n_bands),
            window: (0..FRAME)
                .map(|i| 0.5 - 0.5 * (turn * i as f64).cos())
                .collect(),
            transform: RealFftPlanner::new().plan_fft_forward(FRAME),
        }
    }

    /// Frames of a sound of this many samples, each centred within it.
    pub const fn n_frames(n_samples: usize) -> usize {
        1 + n_samples / HOP
    }

    /// The powers of the first `n_frames` frames. `sample` gives the sound from half a frame before
    /// its beginning on (place 0 is sample -200): how it goes on beyond its ends is the reader's
    /// choice.
    ///
    /// # Shapes
    /// returns `n_frames * n_bands` numbers, a row a frame
    pub fn powers(&self, n_frames: usize, sample: impl Fn(usize) -> f64) -> Vec<f64> {
        let mut frame = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut powers = Vec::with_capacity(n_frames * self.bands.len());
        for idx in 0..n_frames {
            for (i, (to, window)) in frame.iter_mut().zip(&self.window).enumerate() {
                *to = window * sample(idx * HOP + i);
            }
            self.of_frame(&mut frame, &mut spectrum, &mut powers);
        }
        powers
    }

    /// Appends the powers of a frame.
    fn of_frame(&self, frame: &mut [f64], spectrum: &mut [Complex<f64>], powers: &mut Vec<f64>) {
        // The lengths are those that the transform asked for.
        if self.transform.process(frame, spectrum).is_err() {
            debug_assert!(false, "lengths of the transform");
        }
        powers.extend(self.bands.iter().map(|(first, weights)| {
            let bins = spectrum[*first..].iter().zip(weights);
            bins.map(|(bin, weight)| bin.norm_sqr() * weight)
                .sum::<f64>()
        }));
    }
}

/// The triangles, each of the same area.
fn bands(n_bands: usize) -> Vec<(usize, Vec<f64>)> {
    let top = to_mel(RATE / 2.0);
    let corner = |i: usize| from_mel(top * i as f64 / (n_bands + 1) as f64);
    let bin_hz = RATE / FRAME as f64;
    (0..n_bands)
        .map(|band| {
            let [low, middle, high] = [band, band + 1, band + 2].map(corner);
            let weight = |bin: usize| {
                let hz = bin as f64 * bin_hz;
                let rise = (hz - low) / (middle - low);
                let fall = (high - hz) / (high - middle);
                rise.min(fall).max(0.0) * 2.0 / (high - low)
            };
            let first = (0..N_BINS).find(|bin| weight(*bin) > 0.0).unwrap_or(0);
            let weights = (first..N_BINS).map(weight);
            (first, weights.take_while(|weight| *weight > 0.0).collect())
        })
        .collect()
}

/// Linear below 1000 Hz, logarithmic above.
fn to_mel(hz: f64) -> f64 {
    if hz < 1_000.0 {
        3.0 * hz / 200.0
    } else {
        15.0 + 27.0 * (hz / 1_000.0).ln() / 6.4_f64.ln()
    }
}

fn from_mel(mel: f64) -> f64 {
    if mel < 15.0 {
        200.0 * mel / 3.0
    } else {
        1_000.0 * (6.4_f64.ln() * (mel - 15.0) / 27.0).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_turns_around_on_both_sides_of_its_corner() {
        for hz in [0.0, 440.0, 999.9, 1_000.0, 1_000.1, 7_999.0] {
            assert!((from_mel(to_mel(hz)) - hz).abs() < 1e-9, "{hz}");
        }
    }

    #[test]
    fn a_tone_is_loudest_in_its_band_and_four_times_as_loud_at_twice_the_amplitude() {
        let mel = MelSpectrogram::new(40);
        let tone = |place: usize| (place as f64 * std::f64::consts::TAU * 1_000.0 / RATE).sin();
        let once = mel.powers(3, tone);
        let twice = mel.powers(3, |place| 2.0 * tone(place));
        assert_eq!(once.len(), 3 * 40);
        for (one, two) in once.iter().zip(&twice) {
            assert!((two - 4.0 * one).abs() <= 1e-9 * two.abs());
        }
        let loudest = (0..40).max_by(|a, b| once[40 + a].total_cmp(&once[40 + b]));
        // 1000 Hz is 15 of the 45.2 mel that 41 steps share out.
        assert_eq!(loudest, Some(13));
    }
}
