//! Loudness: the level of the sound over time.
//!
//! Levels are root mean squares in dB relative to full scale, not weighted: a sine at full scale
//! has -3.01 dB. They depend on the microphone and its distance, so they are compared only within
//! one speaker's session. The contour follows Praat's `Sound: To Intensity...` with a lowest pitch
//! of 50 Hz (as de Jong & Wempe 2009 use it): a bell-shaped window of 128 ms, of which the middle
//! half matters, every 16 ms, so that the periods of a voice do not show as ripple.

use super::part::Part;

/// Time between the points of the contour, in seconds.
pub const STEP_S: f64 = 0.016;
pub(super) const WINDOW_S: f64 = 0.128;
/// The level of digital silence: below what 24-bit recordings can hold.
pub const FLOOR_DB: f64 = -150.0;

/// The level over time, one point every [`STEP_S`], centred in the sound.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Levels {
    /// Time of the first point, in seconds.
    pub first_s: f64,
    /// In dB relative to full scale.
    pub db: Vec<f64>,
}

impl Levels {
    /// Time of a point, in seconds.
    pub fn time_s(&self, index: usize) -> f64 {
        self.first_s + index as f64 * STEP_S
    }

    /// Mean power of the chosen points, in dB; `None` when none is chosen.
    pub fn mean_db(&self, chosen: impl Fn(usize) -> bool) -> Option<f64> {
        let powers: Vec<f64> = (0..self.db.len())
            .filter(|index| chosen(*index))
            .map(|index| 10_f64.powf(self.db[index] / 10.0))
            .collect();
        (!powers.is_empty()).then(|| to_db(powers.iter().sum::<f64>() / powers.len() as f64))
    }
}

/// The contour of a sound. Empty when the sound is shorter than one window.
pub fn contour(samples: &[f32], sample_rate: u32) -> Levels {
    let mut meter = LevelMeter::new(samples.len(), sample_rate);
    meter.hear(Part::whole(samples));
    meter.finish()
}

/// Measures the contour of a sound that is heard in parts.
pub(super) struct LevelMeter {
    rate: f64,
    n_points: usize,
    bell: Vec<f32>,
    levels: Levels,
}

impl LevelMeter {
    /// Of a sound of so many samples.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sample counts inside the sound"
    )]
    pub(super) fn new(n_samples: usize, sample_rate: u32) -> Self {
        let rate = f64::from(sample_rate);
        let length = (WINDOW_S * rate) as usize;
        let duration = n_samples as f64 / rate;
        let is_short = length == 0 || n_samples < length;
        let n_points = if is_short {
            0
        } else {
            ((duration - WINDOW_S) / STEP_S).max(0.0) as usize + 1
        };
        let first_s = 0.5 * duration - 0.5 * STEP_S * n_points.saturating_sub(1) as f64;
        Self {
            rate,
            n_points,
            bell: bell(length),
            levels: Levels {
                first_s: if is_short { 0.0 } else { first_s },
                db: Vec::with_capacity(n_points),
            },
        }
    }

    /// Measures what lies in a part and was not measured yet.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sample counts inside the sound"
    )]
    pub(super) fn hear(&mut self, part: Part<'_>) {
        let length = self.bell.len();
        for index in self.levels.db.len()..self.n_points {
            let time_s = self.levels.time_s(index);
            if !part.reaches(time_s, self.rate) {
                return;
            }
            let start = ((time_s - 0.5 * WINDOW_S) * self.rate).max(0.0) as usize;
            let start = start.min(part.n_total() - length);
            let power = weighted_power(part.at(start..start + length), &self.bell);
            self.levels.db.push(to_db(power));
        }
    }

    pub(super) fn finish(self) -> Levels {
        self.levels
    }
}

/// A Gaussian over the window that falls to `e^-9.9` at its ends, near to Praat's Kaiser-Bessel
/// window; sums to 1.
#[expect(clippy::cast_possible_truncation, reason = "samples are f32 too")]
fn bell(length: usize) -> Vec<f32> {
    let weight = |i: usize| {
        let x = (2.0 * (i as f64 + 0.5) / length as f64) - 1.0;
        (-9.9 * x * x).exp()
    };
    let total: f64 = (0..length).map(weight).sum();
    (0..length).map(|i| (weight(i) / total) as f32).collect()
}

/// Variance under the weights: a constant offset of the microphone is not loudness.
fn weighted_power(samples: &[f32], weights: &[f32]) -> f64 {
    // Eight sums side by side, which the compiler turns into vector instructions.
    let (mut mean, mut square) = ([0.0_f32; 8], [0.0_f32; 8]);
    for (s, w) in samples
        .as_chunks::<8>()
        .0
        .iter()
        .zip(weights.as_chunks::<8>().0)
    {
        for lane in 0..8 {
            let weighted = s[lane] * w[lane];
            mean[lane] += weighted;
            square[lane] += weighted * s[lane];
        }
    }
    let sum = |lanes: [f32; 8]| lanes.iter().map(|x| f64::from(*x)).sum::<f64>();
    (sum(square) - sum(mean).powi(2)).max(0.0)
}

/// A power (mean square) in dB, not below [`FLOOR_DB`].
pub fn to_db(power: f64) -> f64 {
    (10.0 * power.max(1e-30).log10()).max(FLOOR_DB)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::signals::{RATE, sine};
    use proptest::prelude::*;

    #[test]
    fn a_full_scale_sine_lies_three_decibels_below_full_scale() {
        let levels = contour(&sine(200.0, 1.0, 1.0), RATE);
        assert!(
            levels.db.iter().all(|db| (db + 3.01).abs() < 0.05),
            "{:?}",
            levels.db
        );
    }

    #[test]
    fn an_offset_of_the_microphone_is_not_loudness() {
        let tilted: Vec<f32> = sine(200.0, 0.1, 1.0).iter().map(|s| s + 0.3).collect();
        let plain = contour(&sine(200.0, 0.1, 1.0), RATE);
        for (a, b) in contour(&tilted, RATE).db.iter().zip(plain.db) {
            assert!((a - b).abs() < 0.1);
        }
    }

    #[test]
    fn silence_has_the_floor_and_a_short_sound_no_points() {
        assert!(
            contour(&vec![0.0; 16_000], RATE)
                .db
                .iter()
                .all(|db| *db <= FLOOR_DB)
        );
        assert!(contour(&[0.5; 1_000], RATE).db.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn scaling_shifts_every_level_by_its_decibels(hz in 90.0_f64..1_000.0, gain_db in -40.0_f64..0.0) {
            let loud = contour(&sine(hz, 0.9, 0.4), RATE);
            let quiet = contour(&sine(hz, 0.9 * 10_f64.powf(gain_db / 20.0), 0.4), RATE);
            for (a, b) in loud.db.iter().zip(&quiet.db) {
                prop_assert!((b - a - gain_db).abs() < 0.01);
            }
        }
    }
}
