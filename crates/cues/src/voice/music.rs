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
    match activation(samples, sample_rate) {
        Some(activation) if activation >= MUSIC => Musicality::Music,
        Some(activation) if activation >= MAYBE => Musicality::Maybe,
        _ => Musicality::None,
    }
}

/// Mean continuous frequency activation of a sound, `0..=5`; `None` of a sound too short for it.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers of frames, positive"
)]
pub fn activation(samples: &[f32], sample_rate: u32) -> Option<f64> {
    let active = active_bins(samples, sample_rate);
    if (active.len() as f64) * STEP_S < SHORTEST_S {
        return None;
    }
    let block = ((BLOCK_S / STEP_S) as usize).min(active.len());
    let blocks: Vec<f64> = active
        .windows(block)
        .step_by(block / 2)
        .map(peaks)
        .collect();
    Some(blocks.iter().sum::<f64>() / blocks.len() as f64)
}

/// For each frame, which bins of the range are active.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "frequencies over a bin width, positive"
)]
fn active_bins(samples: &[f32], sample_rate: u32) -> Vec<Vec<bool>> {
    let rate = f64::from(sample_rate);
    let mut spectra = Spectra::hann(rate, WINDOW_S);
    let bin = |hz: f64| ((hz / spectra.bin_hz()) as usize).min(spectra.n_bins());
    let range = bin(RANGE_HZ.0)..bin(RANGE_HZ.1);
    let seconds = samples.len() as f64 / rate;
    let n = ((seconds - WINDOW_S) / STEP_S + 1.0).max(0.0) as usize;
    let mut loudest = Vec::with_capacity(n);
    let mut frames = Vec::with_capacity(n);
    for frame in 0..n {
        let power = spectra.power_at(samples, 0.5 * WINDOW_S + frame as f64 * STEP_S);
        let levels: Vec<f64> = power.iter().map(|p| 10.0 * (p + 1e-12).log10()).collect();
        loudest.push(levels.iter().copied().fold(f64::NEG_INFINITY, f64::max));
        frames.push(standing_out(&levels, range.clone()));
    }
    let peak = loudest.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    for (frame, loudest) in frames.iter_mut().zip(loudest) {
        if loudest < peak - QUIET_DB {
            frame.fill(false);
        }
    }
    frames
}

/// Which levels lie clearly above the mean of those around them.
fn standing_out(levels: &[f64], range: std::ops::Range<usize>) -> Vec<bool> {
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

/// The sum of the sharpest peaks of a block's activation, each over the higher of the two valleys
/// beside it.
fn peaks(block: &[Vec<bool>]) -> f64 {
    let n_bins = block.first().map_or(0, Vec::len);
    let share = |bin: usize| {
        let n = block.iter().filter(|frame| frame[bin]).count();
        n as f64 / block.len() as f64
    };
    let activation: Vec<f64> = (0..n_bins).map(share).collect();
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
        let frame = |bits: [u8; 7]| bits.iter().map(|bit| *bit == 1).collect::<Vec<_>>();
        let block = [
            frame([0, 1, 0, 1, 0, 0, 0]),
            frame([0, 1, 1, 1, 0, 0, 0]),
            frame([0, 1, 0, 0, 0, 1, 0]),
            frame([0, 0, 1, 1, 0, 1, 0]),
        ];
        // Shares 0, .75, .5, .75, 0, .5, 0: peaks of .25, .25 and .5.
        assert!((peaks(&block) - 1.0).abs() < 1e-12);
    }
}
