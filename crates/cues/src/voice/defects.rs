//! What makes a recording hard to read: silence, clipping, noise.
//!
//! All tests but silence are relative to the recording's own level, so turning it up or down does
//! not change them.

use super::loudness::Levels;
use super::part::{Extent, Part};
use crate::stats::quantile;

/// Below this level there is nothing but the noise of a microphone, in dB re full scale.
const SILENCE_DB: f64 = -65.0;
/// Share of samples in the top 1.5 % of amplitude from which clipping is believed.
const CLIPPED_SHARE: f64 = 0.002;
/// How many times more samples lie there than in the next 1.5 %: 2.4 in a sine, below 1 in speech.
const CLIPPED_RATIO: f64 = 4.0;
/// Speech less than this above the background is hard to measure, in dB.
const MIN_ABOVE_BACKGROUND_DB: f64 = 15.0;
/// A voice with fewer decibels of harmonics over noise is covered by noise, or hoarse throughout.
const MIN_HARMONICITY_DB: f64 = 6.0;

/// Whether the whole clip is silent.
pub fn is_silent(levels: &Levels) -> bool {
    quantile(&levels.db, 0.99).is_none_or(|loudest| loudest < SILENCE_DB)
}

/// Whether the tops of the wave are cut off: amplitudes pile up at the largest one.
pub fn is_clipped(samples: &[f32]) -> bool {
    let mut tops = Tops::new(&Extent::of(samples));
    tops.hear(Part::whole(samples));
    tops.are_clipped()
}

/// Counts the samples near the largest amplitude of a sound that is heard in parts.
pub(super) struct Tops {
    height: f32,
    n_heard: usize,
    top: usize,
    next: usize,
}

impl Tops {
    pub(super) fn new(extent: &Extent) -> Self {
        Self {
            height: extent.height(),
            n_heard: 0,
            top: 0,
            next: 0,
        }
    }

    /// Counts what was not counted yet.
    pub(super) fn hear(&mut self, part: Part<'_>) {
        for sample in part.at(self.n_heard..part.end()) {
            let height = sample.abs() / self.height;
            self.top += usize::from(height >= 0.985);
            self.next += usize::from((0.97..0.985).contains(&height));
        }
        self.n_heard = part.end();
    }

    pub(super) fn are_clipped(&self) -> bool {
        if self.height <= 0.0 {
            return false;
        }
        let (top, next) = (self.top as f64, self.next.max(1) as f64);
        top / self.n_heard as f64 >= CLIPPED_SHARE && top > CLIPPED_RATIO * next
    }
}

/// Whether the voice hardly rises above its background: both the level beside the speech and the
/// noise within the voice say so.
pub fn is_noisy(levels: &Levels, speech_db: f64, harmonicity_db: f64) -> bool {
    let background = quantile(&levels.db, 0.05).unwrap_or(speech_db);
    speech_db - background < MIN_ABOVE_BACKGROUND_DB && harmonicity_db < MIN_HARMONICITY_DB
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::loudness::contour;
    use crate::voice::signals::{RATE, beats, noise, sine};

    #[test]
    fn faint_noise_is_silence_and_a_soft_voice_is_not() {
        assert!(is_silent(&contour(&noise(1, 0.0003, 1.0), RATE)));
        assert!(is_silent(&Levels::default()));
        assert!(!is_silent(&contour(&beats(4.0, 1.0, 0.01), RATE)));
    }

    #[test]
    fn a_cut_wave_is_clipped_at_any_level_and_a_full_one_is_not() {
        let whole = beats(4.0, 2.0, 0.9);
        for gain in [1.0_f32, 0.1] {
            let cut: Vec<f32> = whole
                .iter()
                .map(|s| (s * 3.0).clamp(-1.0, 1.0) * gain)
                .collect();
            assert!(is_clipped(&cut));
            let kept: Vec<f32> = whole.iter().map(|s| s * gain).collect();
            assert!(!is_clipped(&kept));
        }
        assert!(!is_clipped(&sine(100.0, 1.0, 1.0)));
        assert!(!is_clipped(&[]) && !is_clipped(&[0.0; 10]));
    }
}
