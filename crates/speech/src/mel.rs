//! Log-mel spectrograms as Whisper reads them (Radford et al. 2022, 2.2).
//!
//! The powers of [`smes_nn::mel`], the ends of the sound mirrored; decimal logarithm, nothing lower than
//! 8 below the highest, then `(x + 4) / 4`. Reference: `WhisperFeatureExtractor` of transformers 5.24
//! (`goldens/speech`).

use smes_nn::mel::{FRAME, HOP, MelSpectrogram};

/// The least power whose logarithm is taken.
const FLOOR: f64 = 1e-10;
/// How far below the highest number the lowest may be.
const RANGE: f32 = 8.0;

/// Makes spectrograms with a certain number of bands.
#[derive(Debug)]
pub struct LogMel {
    mel: MelSpectrogram,
}

impl LogMel {
    /// With `n_bands` bands between 0 and 8000 Hz.
    pub fn new(n_bands: usize) -> Self {
        Self {
            mel: MelSpectrogram::new(n_bands),
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
        let powers = self
            .mel
            .powers(n_frames, |place| sample(mirrored(place, n_samples)));
        #[expect(clippy::cast_possible_truncation, reason = "the network reads f32")]
        let log = |power: &f64| power.max(FLOOR).log10() as f32;
        let mut logs: Vec<f32> = powers.iter().map(log).collect();
        let highest = logs.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        for log in &mut logs {
            *log = (log.max(highest - RANGE) + 4.0) / 4.0;
        }
        logs
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

#[cfg(test)]
mod tests {
    use super::*;

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
