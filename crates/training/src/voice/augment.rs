//! Recordings made unlike themselves: other voices, rooms and microphones than those at hand.

use serde::{Deserialize, Serialize};
use smes_nn::RandomStream;

const RATE: f64 = 16_000.0;
/// Samples of a block over which power is taken: 20 ms.
const BLOCK: usize = 320;
/// Blocks this much below the loudest are silence: 25 dB.
const SILENCE: f64 = 0.003_16;

/// How far copies of a training recording are varied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AugmentRecipe {
    /// Varied copies beside each recording.
    pub n_copies: u64,
    /// Faster and higher, or slower and lower, by up to this share: another throat.
    pub speed: f64,
    /// Coefficient, at most, of the filter `y[n] = x[n] + a x[n-1]`: another microphone.
    pub tilt: f64,
    /// Share of copies that are cut.
    pub cut_share: f64,
    /// Shortest share of a recording that is kept.
    pub shortest: f64,
    /// Share of copies with noise.
    pub noise_share: f64,
    /// Signal-to-noise ratio of the loudest and the faintest noise, in dB.
    pub noise_db: (f64, f64),
}

/// The colour of noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Noise {
    /// As much energy at each frequency.
    White,
    /// A one-pole low pass with this coefficient.
    Low(f64),
}

impl AugmentRecipe {
    /// A varied copy. The same stream gives the same copy.
    pub(super) fn vary(&self, samples: &[f32], stream: RandomStream) -> Vec<f32> {
        let between = |at, low: f64, high: f64| low + (high - low) * stream.uniform(at);
        let mut sound = resample(samples, 1.0 + between(0, -self.speed, self.speed));
        tilt(&mut sound, between(1, -self.tilt, self.tilt));
        if stream.uniform(2) < self.cut_share {
            sound = cut(&sound, between(3, self.shortest, 1.0), stream.uniform(4));
        }
        if stream.uniform(5) < self.noise_share {
            let snr_db = between(6, self.noise_db.0, self.noise_db.1);
            add_noise(
                &mut sound,
                Noise::Low(between(7, 0.0, 0.95)),
                snr_db,
                stream.named("noise"),
            );
        }
        sound
    }
}

/// Plays a sound `speed` times as fast, by cubic interpolation (Catmull and Rom 1974).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sample indices"
)]
fn resample(samples: &[f32], speed: f64) -> Vec<f32> {
    let n_out = (samples.len() as f64 / speed) as usize;
    let at = |index: usize, offset: usize| -> f64 {
        let place = (index + offset).saturating_sub(1).min(samples.len() - 1);
        f64::from(samples[place])
    };
    let value = |out: usize| {
        let place = out as f64 * speed;
        let (index, past) = (place as usize, place.fract());
        let [a, b, c, d] = [0, 1, 2, 3].map(|offset| at(index, offset));
        let cubic =
            past * (past * (3.0 * (b - c) + d - a) + 2.0 * a - 5.0 * b + 4.0 * c - d) + c - a;
        (b + 0.5 * past * cubic) as f32
    };
    (0..n_out).map(value).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
fn tilt(samples: &mut [f32], coefficient: f64) {
    let mut before = 0.0;
    for sample in samples {
        let now = *sample;
        *sample += coefficient as f32 * before;
        before = now;
    }
}

/// A share of the sound that begins at a share of what is left over.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sample indices"
)]
fn cut(samples: &[f32], share: f64, place: f64) -> Vec<f32> {
    let n = (samples.len() as f64 * share) as usize;
    let start = ((samples.len() - n) as f64 * place) as usize;
    samples[start..start + n].to_vec()
}

/// The second from the middle of what sounds.
pub(super) fn middle_second(samples: &[f32]) -> Vec<f32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a second"
    )]
    let second = RATE as usize;
    let sounding = smes_cues::voice::descriptors::without_digital_silence(samples);
    let start = sounding.len().saturating_sub(second) / 2;
    sounding[start..(start + second).min(sounding.len())].to_vec()
}

/// Adds noise at a signal-to-noise ratio, the signal being what is not silent.
#[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
pub(super) fn add_noise(samples: &mut [f32], noise: Noise, snr_db: f64, stream: RandomStream) {
    let pole = match noise {
        Noise::White => 0.0,
        Noise::Low(pole) => pole,
    };
    // The variance of the filtered noise is that of the source over `1 - pole^2`.
    let wanted = active_power(samples) * 10_f64.powf(-snr_db / 10.0);
    let source = (wanted * (1.0 - pole * pole)).sqrt();
    let mut state = 0.0;
    for (position, sample) in (0_u64..).zip(samples) {
        state = pole * state + source * stream.normal(position);
        *sample += state as f32;
    }
}

/// Mean power of the blocks that are not silent.
fn active_power(samples: &[f32]) -> f64 {
    let power = |block: &[f32]| {
        block.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / block.len() as f64
    };
    let powers: Vec<f64> = samples.chunks(BLOCK).map(power).collect();
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let active: Vec<f64> = powers
        .into_iter()
        .filter(|p| *p > SILENCE * loudest)
        .collect();
    active.iter().sum::<f64>() / active.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, n: u32) -> Vec<f32> {
        #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
        (0..n)
            .map(|i| (std::f64::consts::TAU * hz * f64::from(i) / RATE).sin() as f32)
            .collect()
    }

    #[test]
    fn faster_is_shorter_and_higher() {
        let fast = resample(&sine(200.0, 16_000), 1.25);
        assert_eq!(fast.len(), 12_800);
        for (a, b) in fast.iter().zip(sine(250.0, 12_000)).skip(4) {
            assert!((a - b).abs() < 1e-3, "{a} {b}");
        }
    }

    #[test]
    fn noise_has_the_ratio_it_was_asked_for_and_silence_does_not_count() {
        let mut quiet = sine(200.0, 16_000);
        quiet.resize(32_000, 0.0);
        for noise in [Noise::White, Noise::Low(0.9)] {
            let mut noisy = quiet.clone();
            add_noise(&mut noisy, noise, 10.0, RandomStream::new(1));
            let added: Vec<f32> = noisy.iter().zip(&quiet).map(|(a, b)| a - b).collect();
            let power = added.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / 32_000.0;
            let found = 10.0 * (0.5 / power).log10();
            assert!((found - 10.0).abs() < 0.3, "{found}");
        }
    }

    #[test]
    fn the_same_stream_gives_the_same_copy_and_another_another() {
        let recipe = AugmentRecipe {
            n_copies: 1,
            speed: 0.1,
            tilt: 0.3,
            cut_share: 0.5,
            shortest: 0.6,
            noise_share: 1.0,
            noise_db: (5.0, 30.0),
        };
        let sound = sine(200.0, 8_000);
        let copy = |seed| recipe.vary(&sound, RandomStream::new(seed));
        assert_eq!(copy(1), copy(1));
        assert_ne!(copy(1), copy(2));
        assert!(recipe.vary(&[], RandomStream::new(1)).is_empty());
    }
}
