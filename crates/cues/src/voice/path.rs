//! The cheapest path through the candidates of all frames (Viterbi), after Boersma (1993), as in
//! Praat's `Pitch: Path finder...`.

use std::collections::BTreeSet;

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

/// Frames after which is looked whether all paths have met, so that what lies before is decided: this
/// bounds memory, not what is found.
const LOOK_EVERY: usize = 512;

/// Finds the path while frames come.
#[derive(Default)]
pub(super) struct PathFinder {
    ends: Vec<End>,
    /// The frames after those that are decided.
    open: Vec<Choices>,
    /// The best choice of each frame that is decided and was not taken yet; `None` is unvoiced.
    decided: Vec<Option<Candidate>>,
}

/// The choices of one frame.
struct Choices {
    all: Vec<Option<Candidate>>,
    /// For each, the choice of the frame before on the best path to it.
    from: Vec<u8>,
}

impl PathFinder {
    /// Adds the next frame.
    pub(super) fn add(&mut self, frame: &FrameCandidates) {
        let mut next = Vec::with_capacity(frame.voiced.len() + 1);
        let mut choices = Choices {
            all: Vec::with_capacity(frame.voiced.len() + 1),
            from: Vec::with_capacity(frame.voiced.len() + 1),
        };
        for (choice, own) in frame.choices() {
            let (end, from) = extend(&self.ends, choice.map(|c| c.hz.log2()), own);
            next.push(end);
            choices.all.push(choice);
            choices.from.push(from);
        }
        self.ends = next;
        self.open.push(choices);
        if self.open.len().is_multiple_of(LOOK_EVERY) {
            self.decide();
        }
    }

    /// What was decided since the last call.
    pub(super) fn take_decided(&mut self) -> Vec<Option<Candidate>> {
        std::mem::take(&mut self.decided)
    }

    /// What is left, now that no frame follows.
    pub(super) fn finish(mut self) -> Vec<Option<Candidate>> {
        if !self.open.is_empty() {
            self.decide_up_to(self.open.len() - 1, best(&self.ends));
        }
        self.decided
    }

    /// Goes back along all paths to where they meet.
    fn decide(&mut self) {
        let mut alive: BTreeSet<usize> = (0..self.ends.len()).collect();
        for at in (0..self.open.len()).rev() {
            if let (1, Some(choice)) = (alive.len(), alive.first()) {
                return self.decide_up_to(at, *choice);
            }
            let from = &self.open[at].from;
            alive = alive
                .into_iter()
                .map(|choice| from[choice].into())
                .collect();
        }
    }

    /// Decides all frames up to one, of which the choice is known.
    fn decide_up_to(&mut self, last: usize, choice: usize) {
        let first = self.decided.len();
        let mut at = choice;
        for choices in self.open[..=last].iter().rev() {
            self.decided.push(choices.all[at]);
            at = usize::from(choices.from[at]);
        }
        self.decided[first..].reverse();
        self.open.drain(..=last);
    }
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
    use proptest::prelude::*;

    fn frame(voiced: &[(f64, f64)]) -> FrameCandidates {
        let candidate = |&(hz, strength): &(f64, f64)| Candidate { hz, strength };
        FrameCandidates {
            intensity: 1.0,
            voiced: voiced.iter().map(candidate).collect(),
        }
    }

    fn best_path(frames: &[FrameCandidates]) -> Vec<Option<Candidate>> {
        let mut path = PathFinder::default();
        for frame in frames {
            path.add(frame);
        }
        path.finish()
    }

    /// The same, decided at the end.
    fn late_path(frames: &[FrameCandidates]) -> Vec<Option<Candidate>> {
        let (mut ends, mut from): (Vec<End>, Vec<Vec<u8>>) = (Vec::new(), Vec::new());
        for frame in frames {
            let extended = frame
                .choices()
                .map(|(choice, own)| extend(&ends, choice.map(|c| c.hz.log2()), own));
            let (next, back): (Vec<End>, Vec<u8>) = extended.unzip();
            ends = next;
            from.push(back);
        }
        let mut at = best(&ends);
        let mut chosen = Vec::new();
        for (frame, from) in frames.iter().zip(&from).rev() {
            chosen.push(frame.choices().nth(at).and_then(|(choice, _)| choice));
            at = usize::from(from[at]);
        }
        chosen.reverse();
        chosen
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

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn what_is_decided_early_is_what_would_be_decided_in_the_end(
            voices in prop::collection::vec(prop::collection::vec((75.0_f64..600.0, 0.3_f64..1.0), 0..6), 1..2_000),
            every in 1_usize..700,
        ) {
            let frames: Vec<_> = voices.iter().map(|voiced| frame(voiced)).collect();
            let mut path = PathFinder::default();
            let mut early = Vec::new();
            let mut most_open = 0;
            for (at, frame) in frames.iter().enumerate() {
                path.add(frame);
                if at % every == 0 {
                    path.decide();
                    early.extend(path.take_decided());
                }
                most_open = path.open.len().max(most_open);
            }
            early.extend(path.finish());
            prop_assert!(most_open <= LOOK_EVERY + 200, "{}", most_open);
            prop_assert_eq!(early, late_path(&frames));
        }
    }

    #[test]
    fn no_frames_give_no_path() {
        assert!(best_path(&[]).is_empty());
    }
}
