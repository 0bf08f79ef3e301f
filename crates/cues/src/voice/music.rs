//! Music: tones that stand still.
//!
//! The harmonics of a talking voice glide; the tones of instruments stay on one frequency while they
//! sound. K. Seyerlehner, T. Pohle, M. Schedl & G. Widmer (2007, *Automatic music detection in
//! television productions*, Digital Audio Effects) measure that as *continuous frequency activation*: in a block of
//! spectra, each bin that stands out of its neighbourhood is active; the share of frames in which a
//! bin is active has sharp peaks over frequency where tones stand still, and the heights of the five
//! sharpest are summed. The paper works on power at 11 kHz and blocks of 2.6 s; here levels in dB are
//! compared, so that loudness does not matter, and blocks last a second, for turns are short.
//!
//! Singing, humming and a long held vowel stand still too and count as music.

use std::ops::Range;

use super::part::Part;
use super::short::Spectra;

const WINDOW_S: f64 = 0.064;
const STEP_S: f64 = 0.016;
const BLOCK_S: f64 = 1.0;
/// Shorter sounds are not judged, in seconds.
const SHORTEST_S: f64 = 0.5;
/// Tones are looked for in this range: below it windows part no harmonics, above it there are few.
const RANGE_HZ: (f64, f64) = (200.0, 4_000.0);
/// Bins to each side with which a bin is compared.
const NEIGHBOURS: usize = 10;
/// A bin this far above the mean level of its neighbourhood is active, in dB.
const ACTIVE_DB: f64 = 4.0;
/// Frames whose loudest bin lies this far below that of the sound have no active bins, in dB.
const QUIET_DB: f64 = 20.0;
/// How many peaks are summed.
const N_PEAKS: usize = 5;
/// Bits of a word.
const WORD: usize = 64;
/// From here on there may be music. Of 408 acted sentences 4 reach it, of 156 excerpts of game music
/// 92 % (`docs/results.md`); an even synthetic voice of high pitch does too, so what is heard of a
/// voice is still told, as unsure.
const MAYBE: f64 = 2.0;
/// From here on it is music, even where a voice seems to be in it.
const MUSIC: f64 = 3.0;

/// How much of what is heard is music.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Musicality {
    /// None that could be told.
    None,
    /// Perhaps some, under or instead of a voice.
    Maybe,
    /// Mostly.
    Music,
}

/// How much of what is heard is music.
pub fn musicality(samples: &[f32], sample_rate: u32) -> Musicality {
    heard(samples, sample_rate).musicality()
}

/// Mean continuous frequency activation of a sound, `0..=5`; `None` of a sound too short for it.
pub fn activation(samples: &[f32], sample_rate: u32) -> Option<f64> {
    heard(samples, sample_rate).activation()
}

fn heard(samples: &[f32], sample_rate: u32) -> ToneMeter {
    let mut meter = ToneMeter::new(samples.len(), sample_rate);
    meter.hear(Part::whole(samples));
    meter
}

/// Measures a sound that is heard in parts.
pub(super) struct ToneMeter {
    rate: f64,
    spectra: Spectra,
    range: Range<usize>,
    n_frames: usize,
    /// The level of the loudest bin of each frame, in dB.
    loudest: Vec<f64>,
    /// For each frame which bins of the range are active, a bit each, in whole words.
    active: Vec<u64>,
}

impl ToneMeter {
    /// Of a sound of so many samples.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "frequencies over a bin width and a number of frames, positive"
    )]
    pub(super) fn new(n_samples: usize, sample_rate: u32) -> Self {
        let rate = f64::from(sample_rate);
        let spectra = Spectra::hann(rate, WINDOW_S);
        let bin = |hz: f64| ((hz / spectra.bin_hz()) as usize).min(spectra.n_bins());
        let range = bin(RANGE_HZ.0)..bin(RANGE_HZ.1);
        let seconds = n_samples as f64 / rate;
        let n_frames = ((seconds - WINDOW_S) / STEP_S + 1.0).max(0.0) as usize;
        Self {
            rate,
            spectra,
            loudest: Vec::with_capacity(n_frames),
            active: Vec::with_capacity(n_frames * range.len().div_ceil(WORD)),
            range,
            n_frames,
        }
    }

    /// Measures what lies in a part and was not measured yet.
    pub(super) fn hear(&mut self, part: Part<'_>) {
        while self.loudest.len() < self.n_frames {
            let time_s = 0.5 * WINDOW_S + self.loudest.len() as f64 * STEP_S;
            if !part.reaches(time_s, self.rate) {
                return;
            }
            let power = self.spectra.power_at(part, time_s);
            let levels: Vec<f64> = power.iter().map(|p| 10.0 * (p + 1e-12).log10()).collect();
            let loudest = levels.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            self.loudest.push(loudest);
            let bins = standing_out(&levels, self.range.clone());
            self.active.extend(bins.chunks(WORD).map(|bins| {
                let bits = bins.iter().enumerate();
                bits.fold(0, |word, (at, bin)| word | (u64::from(*bin) << at))
            }));
        }
    }

    /// How much of what was heard is music.
    pub(super) fn musicality(&self) -> Musicality {
        match self.activation() {
            Some(activation) if activation >= MUSIC => Musicality::Music,
            Some(activation) if activation >= MAYBE => Musicality::Maybe,
            _ => Musicality::None,
        }
    }

    /// See [`activation`].
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "numbers of frames, positive"
    )]
    fn activation(&self) -> Option<f64> {
        let n_frames = self.loudest.len();
        if (n_frames as f64) * STEP_S < SHORTEST_S {
            return None;
        }
        let peak = self.loudest.iter().copied();
        let peak = peak.fold(f64::NEG_INFINITY, f64::max);
        let length = ((BLOCK_S / STEP_S) as usize).min(n_frames);
        let firsts = (0..=n_frames - length).step_by(length / 2);
        let blocks: Vec<f64> = firsts
            .map(|first| {
                let frames = first..first + length;
                let loud = frames.filter(|frame| self.loudest[*frame] >= peak - QUIET_DB);
                peaks(&self.shares(loud, length))
            })
            .collect();
        Some(blocks.iter().sum::<f64>() / blocks.len() as f64)
    }

    /// In how much of a block each bin is active, if it is in none but these frames.
    fn shares(&self, frames: impl Iterator<Item = usize>, n_frames: usize) -> Vec<f64> {
        let mut counts = vec![0_usize; self.range.len()];
        let n_words = self.range.len().div_ceil(WORD);
        for frame in frames {
            let words = &self.active[frame * n_words..(frame + 1) * n_words];
            for (counts, word) in counts.chunks_mut(WORD).zip(words) {
                for (at, count) in counts.iter_mut().enumerate() {
                    *count += usize::from(word >> at & 1 == 1);
                }
            }
        }
        let share = |n: &usize| *n as f64 / n_frames as f64;
        counts.iter().map(share).collect()
    }
}

/// Which levels lie clearly above the mean of those around them.
fn standing_out(levels: &[f64], range: Range<usize>) -> Vec<bool> {
    let mut sums = vec![0.0];
    for level in levels {
        sums.push(sums[sums.len() - 1] + level);
    }
    range
        .map(|at| {
            let (low, high) = (
                at.saturating_sub(NEIGHBOURS),
                (at + NEIGHBOURS + 1).min(levels.len()),
            );
            levels[at] - (sums[high] - sums[low]) / (high - low) as f64 > ACTIVE_DB
        })
        .collect()
}

/// The sum of the sharpest peaks of a block's activation over frequency, each over the higher of the two
/// valleys beside it.
fn peaks(activation: &[f64]) -> f64 {
    let n_bins = activation.len();
    let mut heights = Vec::new();
    for at in 1..n_bins.saturating_sub(1) {
        let here = activation[at];
        if here <= activation[at - 1] || here < activation[at + 1] {
            continue;
        }
        let valley = |step: &mut dyn Iterator<Item = usize>| {
            let mut low = here;
            for bin in step {
                if activation[bin] > low {
                    break;
                }
                low = activation[bin];
            }
            low
        };
        let (left, right) = (valley(&mut (0..at).rev()), valley(&mut (at + 1..n_bins)));
        heights.push(here - left.max(right));
    }
    heights.sort_by(|a, b| b.total_cmp(a));
    heights.iter().take(N_PEAKS).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::signals::{RATE, beats, glide, harmonics, noise};

    /// Three notes of half a second, each with its octave and fifth.
    fn tune() -> Vec<f32> {
        [262.0, 330.0, 392.0]
            .iter()
            .flat_map(|hz| harmonics(*hz, &[0.2, 0.15, 0.1, 0.05, 0.05], 0.5))
            .collect()
    }

    #[test]
    fn a_tune_is_music_at_any_level_and_perhaps_music_when_its_notes_are_short() {
        assert_eq!(musicality(&tune(), RATE), Musicality::Music);
        let faint: Vec<f32> = tune().iter().map(|s| s * 0.01).collect();
        assert_eq!(musicality(&faint, RATE), Musicality::Music);
        // The same samples at another rate are another tune; its notes last a third of a second.
        assert_eq!(musicality(&tune(), 22_050), Musicality::Maybe);
    }

    #[test]
    fn gliding_voices_noise_and_silence_are_not() {
        assert_eq!(
            musicality(&glide(120.0, 220.0, 2.0), RATE),
            Musicality::None
        );
        assert_eq!(musicality(&noise(3, 0.3, 2.0), RATE), Musicality::None);
        assert_eq!(musicality(&[], RATE), Musicality::None);
        assert_eq!(activation(&beats(4.0, 0.3, 0.3), RATE), None);
        assert!(activation(&vec![0.0; 32_000], RATE).unwrap() < 0.1);
    }

    #[test]
    fn a_tune_under_noise_of_the_same_level_is_still_one() {
        let covered = tune()
            .iter()
            .zip(noise(4, 0.25, 1.5))
            .map(|(a, b)| a + b)
            .collect::<Vec<_>>();
        assert_ne!(musicality(&covered, RATE), Musicality::None);
    }

    #[test]
    fn a_hand_worked_block() {
        let mut meter = ToneMeter::new(0, RATE);
        meter.range = 0..7;
        meter.active = [0b000_1010, 0b000_1110, 0b010_0010, 0b010_1100].to_vec();
        let shares = meter.shares(0..4, 4);
        assert_eq!(shares, [0.0, 0.75, 0.5, 0.75, 0.0, 0.5, 0.0]);
        // Peaks of .25, .25 and .5.
        assert!((peaks(&shares) - 1.0).abs() < 1e-12);
    }
}
