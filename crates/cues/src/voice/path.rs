//! The cheapest path through the candidates of all frames (Viterbi), after Boersma (1993), as in
//! Praat's `Pitch: Path finder...`.

use super::f0::{CEILING_HZ, STEP_S, VOICING_THRESHOLD, local_strength};

const SILENCE_THRESHOLD: f64 = 0.03;
const OCTAVE_JUMP_COST: f64 = 0.35 * 0.01 / STEP_S;
const VOICED_UNVOICED_COST: f64 = 0.14 * 0.01 / STEP_S;

/// A possible F0 of one frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) hz: f64,
    /// Normalised autocorrelation at its period, `0..=1`.
    pub(super) strength: f64,
}

/// What one frame offers, beside being unvoiced.
#[derive(Debug, Clone, Default)]
pub(super) struct FrameCandidates {
    /// Peak of the frame over that of the whole sound, `0..=1`.
    pub(super) intensity: f64,
    pub(super) voiced: Vec<Candidate>,
}

impl FrameCandidates {
    /// The worth of calling the frame unvoiced: more where it is nearly silent.
    fn unvoiced_strength(&self) -> f64 {
        let quietness = 2.0 - self.intensity / (SILENCE_THRESHOLD / (1.0 + VOICING_THRESHOLD));
        VOICING_THRESHOLD + quietness.max(0.0)
    }

    /// Whether some candidate beats being unvoiced, the neighbours left aside.
    pub(super) fn is_voiced_alone(&self) -> bool {
        let unvoiced = self.unvoiced_strength();
        self.choices()
            .any(|(choice, worth)| choice.is_some() && worth > unvoiced)
    }

    /// All choices of the frame, unvoiced first, each with its worth.
    fn choices(&self) -> impl Iterator<Item = (Option<Candidate>, f64)> {
        let voiced = self.voiced.iter().filter(|c| c.hz <= CEILING_HZ);
        std::iter::once((None, self.unvoiced_strength()))
            .chain(voiced.map(|c| (Some(*c), local_strength(*c))))
    }
}

/// One end of the paths so far.
struct End {
    /// `log2` of the frequency; `None` is unvoiced.
    log2_hz: Option<f64>,
    worth: f64,
}

/// The best choice for each frame; `None` is unvoiced.
pub(super) fn best_path(frames: &[FrameCandidates]) -> Vec<Option<Candidate>> {
    let mut ends: Vec<End> = Vec::new();
    // For each choice of each frame, the choice of the frame before on the best path to it.
    let mut from: Vec<Vec<u8>> = Vec::with_capacity(frames.len());
    for frame in frames {
        let (next, back) = frame
            .choices()
            .map(|(choice, own)| extend(&ends, choice.map(|c| c.hz.log2()), own))
            .unzip();
        ends = next;
        from.push(back);
    }
    let mut chosen = Vec::with_capacity(frames.len());
    let mut at = best(&ends);
    for (frame, from) in frames.iter().zip(&from).rev() {
        chosen.push(frame.choices().nth(at).and_then(|(choice, _)| choice));
        at = usize::from(from[at]);
    }
    chosen.reverse();
    chosen
}

/// Adds a choice to the best of the paths so far.
fn extend(before: &[End], log2_hz: Option<f64>, own: f64) -> (End, u8) {
    let mut best = (
        if before.is_empty() {
            0.0
        } else {
            f64::NEG_INFINITY
        },
        0,
    );
    for (from, previous) in (0_u8..).zip(before) {
        let cost = match (previous.log2_hz, log2_hz) {
            (None, None) => 0.0,
            (Some(left), Some(right)) => OCTAVE_JUMP_COST * (left - right).abs(),
            _ => VOICED_UNVOICED_COST,
        };
        if previous.worth - cost > best.0 {
            best = (previous.worth - cost, from);
        }
    }
    (
        End {
            log2_hz,
            worth: own + best.0,
        },
        best.1,
    )
}

fn best(ends: &[End]) -> usize {
    let worth = |index: &usize| ends[*index].worth;
    (0..ends.len())
        .max_by(|a, b| worth(a).total_cmp(&worth(b)))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(voiced: &[(f64, f64)]) -> FrameCandidates {
        let candidate = |&(hz, strength): &(f64, f64)| Candidate { hz, strength };
        FrameCandidates {
            intensity: 1.0,
            voiced: voiced.iter().map(candidate).collect(),
        }
    }

    fn hz(frames: &[FrameCandidates]) -> Vec<f64> {
        best_path(frames)
            .iter()
            .map(|c| c.map_or(0.0, |c| c.hz))
            .collect()
    }

    #[test]
    fn one_stray_octave_is_smoothed_away() {
        let steady = frame(&[(200.0, 0.9), (100.0, 0.85)]);
        let stray = frame(&[(200.0, 0.85), (100.0, 0.9)]);
        assert_eq!(
            hz(&[steady.clone(), steady.clone(), stray, steady]),
            [200.0; 4]
        );
    }

    #[test]
    fn weak_candidates_and_quiet_frames_are_unvoiced() {
        assert_eq!(hz(&[frame(&[(200.0, 0.3)])]), [0.0]);
        let quiet = FrameCandidates {
            intensity: 0.005,
            ..frame(&[(200.0, 0.95)])
        };
        assert_eq!(hz(&[quiet]), [0.0]);
    }

    #[test]
    fn of_equal_candidates_the_higher_is_taken_and_none_above_the_ceiling() {
        assert_eq!(
            hz(&[frame(&[(100.0, 0.9), (200.0, 0.9), (700.0, 0.99)])]),
            [200.0]
        );
    }

    #[test]
    fn no_frames_give_no_path() {
        assert!(best_path(&[]).is_empty());
    }
}
