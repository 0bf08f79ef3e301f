//! Sounds for tests, at 16 kHz.

use std::f64::consts::TAU;

pub(crate) const RATE: u32 = 16_000;

fn sound(seconds: f64, value: impl Fn(f64) -> f64) -> Vec<f32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a test sound"
    )]
    let n = (seconds * f64::from(RATE)) as u32;
    #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
    (0..n)
        .map(|i| value(f64::from(i) / f64::from(RATE)) as f32)
        .collect()
}

pub(crate) fn sine(hz: f64, amplitude: f64, seconds: f64) -> Vec<f32> {
    sound(seconds, |t| amplitude * (TAU * hz * t).sin())
}

/// `amplitudes[k]` belongs to `(k + 1) * hz`.
pub(crate) fn harmonics(hz: f64, amplitudes: &[f64], seconds: f64) -> Vec<f32> {
    sound(seconds, |t| {
        let part = |(k, a): (usize, &f64)| a * (TAU * hz * (k + 1) as f64 * t).sin();
        amplitudes.iter().enumerate().map(part).sum()
    })
}

/// White noise from a small generator (xorshift), even in `-amplitude..amplitude`.
pub(crate) fn noise(seed: u64, amplitude: f64, seconds: f64) -> Vec<f32> {
    let state = std::cell::Cell::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    sound(seconds, |_| {
        let mut x = state.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        state.set(x);
        amplitude * ((x >> 11) as f64 / (1_u64 << 52) as f64 - 1.0)
    })
}

/// A buzz of ten harmonics whose pitch rises and falls between two frequencies twice a second, as in
/// talk.
pub(crate) fn glide(low_hz: f64, high_hz: f64, seconds: f64) -> Vec<f32> {
    let (mid, half) = (f64::midpoint(low_hz, high_hz), 0.5 * (high_hz - low_hz));
    let phase = |t: f64| TAU * mid * t - half / 2.0 * (TAU * 2.0 * t).cos();
    sound(seconds, |t| {
        (1..=10)
            .map(|k| 0.2 / f64::from(k) * (f64::from(k) * phase(t)).sin())
            .sum()
    })
}

/// `n` beats of a buzz at 150 Hz a second, each swelling and fading to silence: toy syllables.
pub(crate) fn beats(per_second: f64, seconds: f64, amplitude: f64) -> Vec<f32> {
    let buzz = harmonics(150.0, &[0.5, 0.25, 0.12], seconds);
    let swell = sound(seconds, |t| 0.5 - 0.5 * (TAU * per_second * t).cos());
    #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
    buzz.iter()
        .zip(swell)
        .map(|(b, s)| b * s * amplitude as f32)
        .collect()
}
