//! Syllables and pauses from the level of the sound, without words.
//!
//! N. H. de Jong & T. Wempe (2009), *Praat script to detect syllable nuclei and measure speech rate
//! automatically*, Behavior Research Methods 41(2), 385-390: a syllable nucleus is a peak of the
//! level that is voiced, is at most 25 dB below the (nearly) loudest point, and is followed by a
//! dip of at least 2 dB before the next one; a pause is at least 0.3 s below the threshold.
//! The published constants are kept; of two peaks without a dip the higher is kept, not the later. Like the original it misses weak syllables in quick speech, so the
//! rates compare clips with each other rather than with a dictionary's count.

use super::loudness::{Levels, STEP_S};
use crate::stats::quantile;

const BELOW_LOUDEST_DB: f64 = 25.0;
const MIN_DIP_DB: f64 = 2.0;
const MIN_PAUSE_S: f64 = 0.3;
const MIN_SOUNDING_S: f64 = 0.1;

/// Where a clip sounds and how it is paced.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rhythm {
    /// For each point of the level contour, whether it belongs to a sounding stretch.
    pub sounding: Vec<bool>,
    /// Syllable nuclei, as indices into the level contour.
    pub nuclei: Vec<usize>,
    /// Lengths in seconds of the silent stretches between the first and the last sound.
    pub pauses_s: Vec<f64>,
    /// Time from the first to the last sound, pauses included, in seconds.
    pub talk_s: f64,
}

impl Rhythm {
    /// Total length of the pauses, in seconds.
    pub fn paused_s(&self) -> f64 {
        // Not `sum`, whose empty sum is -0.
        self.pauses_s.iter().fold(0.0, |sum, pause| sum + pause)
    }

    /// Syllable nuclei a second, pauses included.
    pub fn speaking_rate(&self) -> Option<f64> {
        (self.talk_s > 0.0).then(|| self.nuclei.len() as f64 / self.talk_s)
    }

    /// Syllable nuclei a second, pauses left out.
    pub fn articulation_rate(&self) -> Option<f64> {
        let spoken = self.talk_s - self.paused_s();
        (spoken > 0.0).then(|| self.nuclei.len() as f64 / spoken)
    }

    /// Pauses a second.
    pub fn pause_rate(&self) -> Option<f64> {
        (self.talk_s > 0.0).then(|| self.pauses_s.len() as f64 / self.talk_s)
    }

    /// Share of the time between the first and the last sound that is silent, `0..=1`.
    pub fn pause_share(&self) -> Option<f64> {
        (self.talk_s > 0.0).then(|| self.paused_s() / self.talk_s)
    }
}

/// Finds syllables and pauses. `is_voiced` tells whether there is voice at a time in seconds.
pub fn measure(levels: &Levels, is_voiced: impl Fn(f64) -> bool) -> Rhythm {
    // The 99th percentile rather than the maximum: one knock on the table is not the loudest voice.
    let Some(loudest) = quantile(&levels.db, 0.99) else {
        return Rhythm::default();
    };
    let threshold = loudest - BELOW_LOUDEST_DB;
    let sounding = stretches(&levels.db, threshold);
    let nuclei = nuclei(levels, threshold)
        .into_iter()
        .filter(|at| sounding[*at] && is_voiced(levels.time_s(*at)))
        .collect();
    let (pauses_s, talk_s) = pauses(&sounding);
    Rhythm {
        sounding,
        nuclei,
        pauses_s,
        talk_s,
    }
}

/// Above the threshold, with too short sounds and then too short silences filled in.
fn stretches(db: &[f64], threshold: f64) -> Vec<bool> {
    let mut sounding: Vec<bool> = db.iter().map(|level| *level >= threshold).collect();
    flip_short_runs(&mut sounding, false, MIN_PAUSE_S);
    flip_short_runs(&mut sounding, true, MIN_SOUNDING_S);
    sounding
}

/// Turns runs of `value` that are shorter than `seconds` into the other value; runs at the ends of
/// the clip stay, for nobody knows how long they were.
fn flip_short_runs(sounding: &mut [bool], value: bool, seconds: f64) {
    let n = sounding.len();
    let mut start = 0;
    while start < n {
        let same = sounding[start..]
            .iter()
            .take_while(|x| **x == sounding[start])
            .count();
        let inside = start > 0 && start + same < n;
        if inside && sounding[start] == value && (same as f64) * STEP_S < seconds {
            sounding[start..start + same].fill(!value);
        }
        start += same;
    }
}

/// Peaks of the level above the threshold, each followed by a dip.
fn nuclei(levels: &Levels, threshold: f64) -> Vec<usize> {
    let db = &levels.db;
    let mut kept: Vec<usize> = Vec::new();
    for at in peaks(db).filter(|at| db[*at] > threshold) {
        if let Some(last) = kept.last_mut() {
            let dip = db[*last..at].iter().copied().fold(f64::INFINITY, f64::min);
            // Two peaks with no dip between them are one syllable: its higher one.
            if db[*last].min(db[at]) - dip < MIN_DIP_DB {
                if db[at] > db[*last] {
                    *last = at;
                }
                continue;
            }
        }
        kept.push(at);
    }
    kept
}

fn peaks(db: &[f64]) -> impl Iterator<Item = usize> {
    (1..db.len().saturating_sub(1)).filter(|at| db[at - 1] < db[*at] && db[*at] >= db[at + 1])
}

/// Silent stretches between sounds, and the time from the first to the last sound, in seconds.
fn pauses(sounding: &[bool]) -> (Vec<f64>, f64) {
    let (Some(first), Some(last)) = (
        sounding.iter().position(|s| *s),
        sounding.iter().rposition(|s| *s),
    ) else {
        return (Vec::new(), 0.0);
    };
    let talk = &sounding[first..=last];
    let pauses = talk
        .split(|sounding| *sounding)
        .filter(|silence| !silence.is_empty())
        .map(|silence| silence.len() as f64 * STEP_S)
        .collect();
    (pauses, talk.len() as f64 * STEP_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::loudness::contour;
    use crate::voice::signals::{RATE, beats, sine};
    use proptest::prelude::*;

    fn rhythm(samples: &[f32]) -> Rhythm {
        measure(&contour(samples, RATE), |_| true)
    }

    #[test]
    fn counts_toy_syllables_by_their_swell() {
        for per_second in [2.0, 3.0, 4.0, 5.0] {
            let rate = rhythm(&beats(per_second, 4.0, 0.5))
                .articulation_rate()
                .unwrap();
            assert!(
                (rate / per_second - 1.0).abs() < 0.15,
                "{rate} for {per_second}"
            );
        }
    }

    #[test]
    fn a_second_of_silence_between_sounds_is_one_pause() {
        let mut sound = sine(200.0, 0.3, 1.0);
        sound.extend(vec![0.0; 16_000]);
        sound.extend(sine(200.0, 0.3, 1.0));
        let rhythm = rhythm(&sound);
        assert_eq!(rhythm.pauses_s.len(), 1);
        assert!(
            (rhythm.paused_s() - 1.0).abs() < 0.15,
            "{}",
            rhythm.paused_s()
        );
        assert!((rhythm.pause_share().unwrap() - 1.0 / 3.0).abs() < 0.05);
    }

    #[test]
    fn silence_around_the_speech_is_no_pause() {
        let mut sound = vec![0.0; 16_000];
        sound.extend(sine(200.0, 0.3, 1.0));
        sound.extend(vec![0.0; 16_000]);
        let rhythm = rhythm(&sound);
        assert!(rhythm.pauses_s.is_empty());
        assert!((rhythm.talk_s - 1.0).abs() < 0.15);
    }

    #[test]
    fn unvoiced_peaks_are_no_syllables_and_no_sound_has_no_rates() {
        let levels = contour(&beats(4.0, 2.0, 0.5), RATE);
        assert!(measure(&levels, |_| false).nuclei.is_empty());
        assert_eq!(measure(&Levels::default(), |_| true).speaking_rate(), None);
    }

    proptest! {
        #[test]
        fn a_shift_of_the_level_changes_no_rhythm(db in prop::collection::vec(-60.0_f64..0.0, 0..200), shift in -40.0_f64..0.0) {
            let levels = Levels { first_s: 0.0, db };
            let shifted = Levels { db: levels.db.iter().map(|x| x + shift).collect(), ..levels };
            let (a, b) = (measure(&levels, |_| true), measure(&shifted, |_| true));
            prop_assert!(a.paused_s() <= a.talk_s + 1e-9);
            prop_assert!(a.nuclei.is_sorted());
            prop_assert_eq!(a.nuclei.len(), b.nuclei.len());
            prop_assert_eq!(a.sounding, b.sounding);
        }
    }
}
