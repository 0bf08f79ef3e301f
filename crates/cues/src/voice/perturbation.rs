//! Jitter and shimmer: how unlike each other neighbouring periods of the voice are.
//!
//! Periods are found by matching waveforms: from one period to the next goes the lag, near that of
//! F0, at which the wave correlates best with itself (Y. Medan, E. Yair & D. Chazan 1991, *Super
//! resolution pitch determination of speech signals*, IEEE Trans. Signal Processing 39(1)). How near,
//! how well and which pairs count is as in Praat's `To PointProcess (cc)` and `Get jitter (local)`;
//! openSMILE searches half as far, which cuts off the very periods that are irregular. *Jitter* is the
//! difference of two neighbouring periods over their mean; *shimmer* the ratio of their amplitudes
//! (highest minus lowest sample), in dB.

use std::ops::Range;

use super::part::Part;

/// Shortest and longest period that is looked for, of the expected one.
const SEARCH: (f64, f64) = (0.8, 1.25);
/// Two stretches of wave that correlate less are not two periods of a voice.
const MIN_CORRELATION: f64 = 0.3;
/// Neighbouring periods further apart than this ratio are a break of the voice, not its jitter.
const MAX_RATIO: f64 = 1.3;
/// Neighbouring amplitudes further apart than this ratio are an onset or an end, not shimmer.
const MAX_AMPLITUDE_RATIO: f64 = 1.6;

/// One comparison of two neighbouring periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Comparison {
    /// Where the later period begins, in samples.
    pub(super) at: usize,
    /// Difference of their lengths over the mean.
    pub(super) jitter: f64,
    /// Size of the ratio of their amplitudes, in dB, unless it is too large to be shimmer.
    pub(super) shimmer_db: Option<f64>,
}

struct Period {
    /// In samples, between samples.
    length: f64,
    amplitude: f64,
}

/// Compares the periods of a voiced stretch. `period_at` is the expected period at a sample.
pub(super) fn compare(
    part: Part<'_>,
    stretch: Range<usize>,
    period_at: impl Fn(usize) -> f64,
) -> Vec<Comparison> {
    let mut found = Vec::new();
    let mut at = stretch.start;
    let mut before: Option<Period> = None;
    while at < stretch.end {
        let expected = period_at(at);
        let Some((length, next)) = match_period(part, at, expected) else {
            before = None;
            at += whole(expected).max(1);
            continue;
        };
        let period = Period {
            length,
            amplitude: amplitude(part.at(at..next)),
        };
        if let Some(before) = before.filter(|before| are_comparable(before, &period)) {
            found.push(Comparison {
                at,
                jitter: (period.length - before.length).abs()
                    / f64::midpoint(period.length, before.length),
                shimmer_db: shimmer_db(before.amplitude, period.amplitude),
            });
        }
        before = Some(period);
        at = next;
    }
    found
}

fn shimmer_db(before: f64, after: f64) -> Option<f64> {
    let ratio = before.max(after) / before.min(after);
    (ratio <= MAX_AMPLITUDE_RATIO).then(|| 20.0 * ratio.log10())
}

/// Whether two neighbouring periods belong to the same run of the voice.
fn are_comparable(before: &Period, period: &Period) -> bool {
    let ratio = before.length.max(period.length) / before.length.min(period.length);
    ratio <= MAX_RATIO && before.amplitude > 0.0 && period.amplitude > 0.0
}

/// The length of the period that begins at a sample, and where the next one begins.
fn match_period(part: Part<'_>, at: usize, expected: f64) -> Option<(f64, usize)> {
    let (shortest, longest) = (whole(expected * SEARCH.0), whole(expected * SEARCH.1) + 1);
    let width = whole(expected);
    if shortest < 2 || at + longest + 1 + width > part.n_total() {
        return None;
    }
    let here = part.at(at..at + width);
    let likeness = |lag: usize| correlation(here, part.at(at + lag..at + lag + width));
    let values: Vec<f64> = (shortest - 1..=longest + 1).map(likeness).collect();
    let best = (1..values.len() - 1)
        .filter(|i| values[*i] >= values[i - 1] && values[*i] > values[i + 1])
        .max_by(|a, b| values[*a].total_cmp(&values[*b]))?;
    let (left, mid, right) = (values[best - 1], values[best], values[best + 1]);
    if mid < MIN_CORRELATION {
        return None;
    }
    let shift = 0.5 * (right - left) / (2.0 * mid - left - right);
    let lag = shortest - 1 + best;
    Some((lag as f64 + shift, at + lag))
}

/// Correlation of two stretches of wave, without their means.
fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let n = a.len() as f32;
    let (mean_a, mean_b) = (a.iter().sum::<f32>() / n, b.iter().sum::<f32>() / n);
    let (mut ab, mut aa, mut bb) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (a - mean_a, b - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    let size = f64::from(aa) * f64::from(bb);
    if size > 0.0 {
        f64::from(ab) / size.sqrt()
    } else {
        0.0
    }
}

fn amplitude(period: &[f32]) -> f64 {
    let high = period.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let low = period.iter().copied().fold(f32::INFINITY, f32::min);
    f64::from(high - low)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a period in samples, positive"
)]
fn whole(samples: f64) -> usize {
    samples as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::signals::harmonics;

    /// A decaying ring for each period of the given lengths (samples) and heights.
    fn pulses(periods: &[(usize, f32)]) -> Vec<f32> {
        let mut sound = Vec::new();
        for (length, height) in periods {
            sound.extend((0..*length).map(|i| {
                let t = i as f32;
                height * (-t / 20.0).exp() * (t * 0.6).cos()
            }));
        }
        sound
    }

    fn means(sound: &[f32], period: f64) -> (f64, f64) {
        let found = compare(Part::whole(sound), 0..sound.len(), |_| period);
        assert!(found.len() > 20, "{}", found.len());
        let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
        (
            mean(found.iter().map(|c| c.jitter).collect()),
            mean(found.iter().filter_map(|c| c.shimmer_db).collect()),
        )
    }

    #[test]
    fn a_perfectly_even_voice_has_none() {
        let (jitter, shimmer) = means(&harmonics(160.0, &[0.3, 0.2, 0.1], 0.5), 100.0);
        assert!(jitter < 1e-4 && shimmer < 0.02, "{jitter} {shimmer}");
    }

    #[test]
    fn periods_that_alternate_in_length_and_height_are_measured_so() {
        let uneven: Vec<(usize, f32)> = (0..60).map(|i| (100 + i % 2 * 4, 0.5)).collect();
        let (jitter, _) = means(&pulses(&uneven), 102.0);
        assert!((jitter / (4.0 / 102.0) - 1.0).abs() < 0.1, "{jitter}");
        let rough: Vec<(usize, f32)> = (0_u8..60)
            .map(|i| (100, if i % 2 == 0 { 0.5 } else { 0.4 }))
            .collect();
        let (jitter, shimmer) = means(&pulses(&rough), 100.0);
        assert!(jitter < 1e-3, "{jitter}");
        assert!((shimmer / 1.938 - 1.0).abs() < 0.1, "{shimmer}");
    }

    #[test]
    fn an_amplitude_that_jumps_is_no_shimmer() {
        let onset: Vec<(usize, f32)> = (0..60)
            .map(|i| (100, if i < 30 { 0.2 } else { 0.5 }))
            .collect();
        let sound = pulses(&onset);
        let found = compare(Part::whole(&sound), 0..sound.len(), |_| 100.0);
        let left_out = found.iter().filter(|c| c.shimmer_db.is_none()).count();
        assert_eq!(left_out, 1);
        let (_, shimmer) = means(&sound, 100.0);
        assert!(shimmer < 0.1, "{shimmer}");
    }

    #[test]
    fn silence_and_a_short_end_have_no_periods() {
        assert!(compare(Part::whole(&[0.0; 4_000]), 0..4_000, |_| 100.0).is_empty());
        assert!(compare(Part::whole(&[0.1; 120]), 0..120, |_| 100.0).is_empty());
    }
}
