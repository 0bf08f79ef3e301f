//! Log-mel spectrograms as Whisper reads them (Radford et al. 2022, 2.2).
//!
//! Frames of 400 samples under a Hann window, 160 apart, centred, the ends mirrored; power in
//! triangular bands that are equally wide on Slaney's mel scale (Slaney 1998, *Auditory Toolbox*) and
//! of equal area; decimal logarithm, nothing lower than 8 below the highest, then `(x + 4) / 4`.
//! Reference: `WhisperFeatureExtractor` of transformers 5.24 (`goldens/speech`).

use std::sync::Arc;

use realfft::num_complex::Complex;
use realfft::{RealFftPlanner, RealToComplex};

/// Samples of a frame.
const FRAME: usize = 400;
/// Samples from frame to frame.
const HOP: usize = 160;
const N_BINS: usize = FRAME / 2 + 1;
const RATE: f64 = crate::SAMPLE_RATE as f64;
/// The least power whose logarithm is taken.
const FLOOR: f64 = 1e-10;
/// How far below the highest number the lowest may be.
const RANGE: f32 = 8.0;

/// Makes spectrograms with a certain number of bands.
pub struct LogMel {
    /// For each band the first bin that falls into it, and the weights from there on.
    bands: Vec<(usize, Vec<f64>)>,
    window: Vec<f64>,
    transform: Arc<dyn RealToComplex<f64>>,
}

impl std::fmt::Debug for LogMel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogMel")
            .field("n_bands", &self.bands.len())
            .finish_non_exhaustive()
    }
}

impl LogMel {
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

    /// The spectrogram of the beginning of a sound, `n_frames` (1 or more) long: a longer sound loses
    /// its end, a shorter one is followed by silence.
    ///
    /// # Shapes
    /// returns `n_frames * n_bands` numbers, a row a frame
    pub fn spectrogram(&self, samples: &[f32], n_frames: usize) -> Vec<f32> {
        let n_samples = n_frames * HOP;
        let samples = &samples[..samples.len().min(n_samples)];
        let sample = |at: usize| samples.get(at).map_or(0.0, |sample| f64::from(*sample));
        let mut frame = self.transform.make_input_vec();
        let mut spectrum = self.transform.make_output_vec();
        let mut logs = Vec::with_capacity(n_frames * self.bands.len());
        for idx in 0..n_frames {
            let centred = frame.iter_mut().zip(&self.window).enumerate();
            for (i, (to, window)) in centred {
                *to = window * sample(mirrored(idx * HOP + i, n_samples));
            }
            self.logs(&mut frame, &mut spectrum, &mut logs);
        }
        let highest = logs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for log in &mut logs {
            *log = (log.max(highest - RANGE) + 4.0) / 4.0;
        }
        logs
    }

    /// Appends the logarithms of the bands of a frame.
    fn logs(&self, frame: &mut [f64], spectrum: &mut [Complex<f64>], logs: &mut Vec<f32>) {
        // The lengths are those that the transform asked for.
        if self.transform.process(frame, spectrum).is_err() {
            debug_assert!(false, "lengths of the transform");
        }
        logs.extend(self.bands.iter().map(|(first, weights)| {
            let bins = spectrum[*first..].iter().zip(weights);
            let power: f64 = bins.map(|(bin, weight)| bin.norm_sqr() * weight).sum();
            #[expect(clippy::cast_possible_truncation, reason = "the network reads f32")]
            let log = power.max(FLOOR).log10() as f32;
            log
        }));
    }
}

/// Which sample stands at a place of a sound that has half a frame of its own mirror before and
/// after it.
fn mirrored(place: usize, n_samples: usize) -> usize {
    let last = n_samples.saturating_sub(1);
    match place.checked_sub(FRAME / 2) {
        None => FRAME / 2 - place,
        Some(at) if at > last => (2 * last).saturating_sub(at),
        Some(at) => at,
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
    fn the_ends_are_mirrored_without_their_last_sample() {
        let places: Vec<usize> = [0, 199, 200, 201, 200 + 999, 200 + 1000, 200 + 1001]
            .map(|place| mirrored(place, 1_000))
            .into();
        assert_eq!(places, [200, 1, 0, 1, 999, 998, 997]);
    }

    #[test]
    fn silence_is_flat_and_a_sound_that_is_too_long_loses_its_end() {
        let mel = LogMel::new(80);
        assert_eq!(mel.spectrogram(&[], 3), vec![-1.5; 240]);
        let long: Vec<f32> = (0..10_000).map(|i| (i as f32 * 0.1).sin()).collect();
        let cut = mel.spectrogram(&long[..8 * HOP], 8);
        assert_eq!(mel.spectrogram(&long, 8), cut);
    }
}
