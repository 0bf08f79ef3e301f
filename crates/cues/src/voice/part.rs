//! A sound that is heard piece by piece.
//!
//! What is measured of a sound lies in short frames, but some measures need to know beforehand how long
//! it is, how loud, or where the talk begins and ends. So a sound is heard more than once, and what must
//! be known beforehand is its [`Extent`]. Measures read a [`Part`] at a time: of a sound in memory that
//! is all of it, of a longer one a few seconds, of which the last come again with the next part
//! ([`Pieces`]). Frames are the same in both cases, and so is every number.

use std::ops::Range;

use super::MAX_WINDOW_S;

/// Nothing that is measured at a time looks further to each side of it, in seconds.
pub(super) const REACH_S: f64 = 0.1;
/// What comes again with the next part: the longest window that is described as a whole, with what lies
/// around it.
const AGAIN_S: f64 = MAX_WINDOW_S + 4.0 * REACH_S;
/// New sound in a part.
const NEW_S: f64 = 20.0;

/// What must be known of a sound before it is measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Extent {
    /// Samples.
    pub(crate) n_samples: usize,
    sum: f64,
    lowest: f32,
    highest: f32,
}

impl Extent {
    /// Of a whole sound.
    pub(crate) fn of(samples: &[f32]) -> Self {
        let mut extent = Self::default();
        extent.add(samples);
        extent
    }

    /// Adds what follows.
    pub(crate) fn add(&mut self, samples: &[f32]) {
        if let (0, Some(first)) = (self.n_samples, samples.first()) {
            (self.lowest, self.highest) = (*first, *first);
        }
        self.n_samples += samples.len();
        for sample in samples {
            self.sum += f64::from(*sample);
            self.lowest = self.lowest.min(*sample);
            self.highest = self.highest.max(*sample);
        }
    }

    /// The largest distance of a sample from their mean.
    pub(super) fn peak(&self) -> f64 {
        let mean = self.sum / self.n_samples.max(1) as f64;
        let far = |sample: f32| (f64::from(sample) - mean).abs();
        far(self.lowest).max(far(self.highest))
    }

    /// The largest distance of a sample from zero.
    pub(super) fn height(&self) -> f32 {
        self.lowest.abs().max(self.highest.abs())
    }
}

/// Consecutive samples of a sound, which keep their places in it.
#[derive(Clone, Copy)]
pub(crate) struct Part<'s> {
    samples: &'s [f32],
    /// The place of the first of them.
    first: usize,
    /// Samples of the whole sound.
    n_total: usize,
}

impl<'s> Part<'s> {
    /// All of a sound.
    pub(crate) fn whole(samples: &'s [f32]) -> Self {
        Self {
            samples,
            first: 0,
            n_total: samples.len(),
        }
    }

    /// Samples of the whole sound.
    pub(super) fn n_total(&self) -> usize {
        self.n_total
    }

    /// The place of the first sample.
    pub(super) fn first(&self) -> usize {
        self.first
    }

    /// The place after the last sample.
    pub(crate) fn end(&self) -> usize {
        self.first + self.samples.len()
    }

    /// The samples.
    pub(super) fn samples(&self) -> &'s [f32] {
        self.samples
    }

    /// The samples at some places of the sound, which must lie in this part.
    pub(crate) fn at(&self, places: Range<usize>) -> &'s [f32] {
        &self.samples[places.start - self.first..places.end - self.first]
    }

    /// Whether everything around a time is there, or nothing more will come.
    pub(super) fn reaches(&self, time_s: f64, rate: f64) -> bool {
        self.end() == self.n_total || (time_s + REACH_S) * rate <= self.end() as f64
    }
}

/// Puts the pieces of a sound together into parts.
pub(crate) struct Pieces {
    samples: Vec<f32>,
    first: usize,
    n_total: usize,
    n_again: usize,
    n_new: usize,
}

impl Pieces {
    /// Of a sound of so many samples.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "some seconds of samples"
    )]
    pub(crate) fn new(n_total: usize, sample_rate: u32) -> Self {
        let n = |seconds: f64| (seconds * f64::from(sample_rate)) as usize;
        Self {
            samples: Vec::new(),
            first: 0,
            n_total,
            n_again: n(AGAIN_S),
            n_new: n(NEW_S),
        }
    }

    /// Adds what follows, and gives a part when there is enough for one. What lies beyond the length of
    /// the sound is left out.
    pub(crate) fn add(&mut self, piece: &[f32], mut on_part: impl FnMut(Part<'_>)) {
        let mut rest = piece;
        while !rest.is_empty() && !self.is_complete() {
            let room = (self.n_again + self.n_new).saturating_sub(self.samples.len());
            let left = self.n_total - self.first - self.samples.len();
            let (now, later) = rest.split_at(rest.len().min(room).min(left));
            self.samples.extend_from_slice(now);
            rest = later;
            if self.samples.len() == self.n_again + self.n_new || self.is_complete() {
                on_part(Part {
                    samples: &self.samples,
                    first: self.first,
                    n_total: self.n_total,
                });
                let n_gone = self.samples.len().saturating_sub(self.n_again);
                self.samples.drain(..n_gone);
                self.first += n_gone;
            }
        }
    }

    /// Whether all of the sound was given.
    pub(crate) fn is_complete(&self) -> bool {
        self.first + self.samples.len() == self.n_total
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_hold_every_sample_at_its_place_and_follow_one_another(n in 1_usize..700_000, step in 1_usize..100_000) {
            #[expect(clippy::cast_precision_loss, reason = "below 2^24")]
            let sound: Vec<f32> = (0..n).map(|i| i as f32).collect();
            let mut pieces = Pieces::new(n, 8_000);
            let (mut end, mut wrong, mut n_parts) = (0, 0, 0);
            for piece in sound.chunks(step) {
                pieces.add(piece, |part| {
                    n_parts += 1;
                    wrong += usize::from(part.samples() != &sound[part.first()..part.end()]);
                    // The last seconds come again.
                    wrong += usize::from(part.first() + pieces_again() < end);
                    wrong += usize::from(part.first() > end.saturating_sub(pieces_again()));
                    wrong += usize::from(part.end() <= end || part.n_total() != n);
                    end = part.end();
                });
            }
            // What is too much is left out.
            pieces.add(&[7.0; 10], |_| wrong += 1);
            prop_assert!(pieces.is_complete());
            prop_assert_eq!((end, wrong), (n, 0));
            prop_assert!(n_parts <= 1 + n / 160_000);
        }

        #[test]
        fn the_extent_is_that_of_the_whole_however_it_comes(sound in prop::collection::vec(-1.0_f32..1.0, 1..500), step in 1_usize..60) {
            let mut extent = Extent::default();
            sound.chunks(step).for_each(|piece| extent.add(piece));
            prop_assert_eq!(extent, Extent::of(&sound));
            let mean = sound.iter().map(|s| f64::from(*s)).sum::<f64>() / sound.len() as f64;
            let peak = sound.iter().map(|s| (f64::from(*s) - mean).abs()).fold(0.0, f64::max);
            prop_assert!((extent.peak() - peak).abs() <= 0.0);
            let height = sound.iter().fold(0.0_f32, |height, s| s.abs().max(height));
            prop_assert!((extent.height() - height).abs() <= 0.0);
        }
    }

    fn pieces_again() -> usize {
        Pieces::new(0, 8_000).n_again
    }
}
