//! Cutting a long sound into windows that the network can read.
//!
//! The reference moves on by the times that the network writes, or cuts blindly and joins what
//! overlaps; here each window ends at the quietest moment of its last sixth, where a word is least
//! likely to be cut.

use std::ops::Range;

/// How long a moment is, in samples: a tenth of a second.
const MOMENT: usize = crate::SAMPLE_RATE as usize / 10;

/// The windows of a sound in their order, each `longest` samples at most; none of a sound without
/// samples.
pub(crate) fn windows(samples: &[f32], longest: usize) -> Vec<Range<usize>> {
    let mut windows = Vec::new();
    let mut start = 0;
    while start < samples.len() {
        let left = samples.len() - start;
        let length = if left <= longest {
            left
        } else {
            quietest(&samples[start..start + longest], longest - longest / 6)
        };
        windows.push(start..start + length);
        start += length;
    }
    windows
}

/// The middle of the quietest moment from `from` on; the end where there is no room for one.
fn quietest(samples: &[f32], from: usize) -> usize {
    const STEP: usize = MOMENT / 4;
    let energy = |at: usize| {
        let moment = samples[at..at + MOMENT].iter();
        moment.map(|sample| sample * sample).sum::<f32>()
    };
    let room = samples.len().checked_sub(from + MOMENT);
    let moments = room.map_or(0, |room| room / STEP + 1);
    // Of several that are equally quiet the latest, so that windows are long.
    let moments = (0..moments).rev().map(|i| from + i * STEP);
    let best = moments.min_by(|a, b| energy(*a).total_cmp(&energy(*b)));
    best.map_or(samples.len(), |at| at + MOMENT / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: usize = crate::SAMPLE_RATE as usize;

    #[test]
    fn a_long_sound_is_cut_where_it_is_quiet() {
        let mut samples = vec![0.5; 50 * SECOND];
        samples[27 * SECOND..27 * SECOND + SECOND / 5].fill(0.001);
        let found = windows(&samples, 30 * SECOND);
        assert_eq!(found.len(), 2);
        let gap = 27 * SECOND..27 * SECOND + SECOND / 5;
        assert!(gap.contains(&found[0].end), "{found:?}");
    }

    proptest! {
        #[test]
        fn windows_cover_the_sound_without_overlap(
            n in 0_usize..60_000,
            longest in 1_usize..20_000,
            loud in 0.0_f32..1.0,
        ) {
            let samples: Vec<f32> = (0..n).map(|i| loud * ((i % 977) as f32).sin()).collect();
            let found = windows(&samples, longest);
            let mut end = 0;
            for window in &found {
                prop_assert_eq!(window.start, end);
                prop_assert!(!window.is_empty() && window.len() <= longest);
                end = window.end;
            }
            prop_assert_eq!(end, n);
        }
    }
}
