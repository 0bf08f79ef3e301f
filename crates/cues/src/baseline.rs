//! The running picture of how a speaker usually sounds and looks.

use std::collections::BTreeMap;

use smes_dialogue::Feature;

use crate::emotion::UsualVoice;
use crate::face::turning::UsualHead;

/// From this many clips on, a clip is described relative to those before it.
pub const MIN_CLIPS: u64 = 2;
/// How many clips the usual spread of people counts for, beside the speaker's own.
const PRIOR_CLIPS: f64 = 3.0;

/// The spread of a feature between clips of one person speaking in an even mood, which stands in
/// while too few of the speaker's own clips are known: two clips that happen to be alike must not
/// make the third look extraordinary.
///
/// Measured with this code as the mean standard deviation within each of eight actors over two
/// seconds of their neutral sentences in EmoDB (Burkhardt et al. 2005, *A database of German
/// emotional speech*, Interspeech). That corpus has normalised levels and no pauses, so the values
/// for loudness and pauses are set by judgement.
///
/// Those of expressions are the mean standard deviation within each of 23 persons over three or more
/// of their neutral photographs in the validation part of the faces set. A photograph is one moment
/// and a clip the mean of many, so they err on the side of finding nothing. That of the head's pitch is
/// the same within 53 persons over all their photographs. Those of motion and of looking away are set
/// by judgement.
const USUAL_SPREAD: [(&str, f64); 21] = [
    ("voice.f0_median", 1.2),
    ("voice.pitch_range", 4.3),
    ("voice.loudness", 3.0),
    ("voice.loudness_range", 2.4),
    ("voice.speaking_rate", 0.7),
    ("voice.articulation_rate", 0.7),
    ("voice.pause_rate", 0.15),
    ("voice.pause_share", 0.1),
    ("voice.voiced_share", 0.075),
    ("voice.spectral_tilt", 0.9),
    ("voice.alpha_ratio", 2.8),
    ("voice.harmonicity", 1.5),
    ("face.like_neutral", 0.21),
    ("face.like_happiness", 0.11),
    ("face.like_surprise", 0.06),
    ("face.like_sadness", 0.09),
    ("face.like_anger", 0.06),
    ("face.like_disgust", 0.05),
    ("face.motion", 0.2),
    ("face.away_share", 0.15),
    ("face.head_pitch", 7.9),
];

/// Running statistics of a speaker's features over the clips so far.
///
/// Holds means and spreads, never sound or pictures. One value belongs to one speaker in one session and
/// lives in its memory only: what is usual of a voice could serve to recognise it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpeakerBaseline {
    n_clips: u64,
    features: BTreeMap<String, Running>,
    /// What the emotion of the voice is heard against.
    pub(crate) voice: UsualVoice,
}

/// Mean and spread in one pass (B. P. Welford 1962, *Note on a method for calculating corrected
/// sums of squares and products*, Technometrics 4(3)).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Running {
    n: u64,
    mean: f64,
    /// Sum of squared differences from the mean.
    squares: f64,
}

impl SpeakerBaseline {
    /// How many clips with a voice it rests on.
    pub const fn n_clips(&self) -> u64 {
        self.n_clips
    }

    /// How many standard deviations of the speaker's own clips the feature lies above (positive)
    /// or below its mean. `None` before [`MIN_CLIPS`] clips with this feature, or for a feature
    /// that has no known spread.
    ///
    /// # Equation
    /// `(x - mean) / sqrt((p s^2 + Q) / (p + n - 1))`, with `Q` the squared differences of the `n`
    /// clips from their mean, `s` the usual spread and `p = 3` the clips it counts for. Pitch is
    /// compared in semitones.
    pub fn relative(&self, feature: &Feature) -> Option<f64> {
        let running = self
            .features
            .get(&feature.name)
            .filter(|running| running.n >= MIN_CLIPS)?;
        let spread = usual_spread(&feature.name)?;
        let own = PRIOR_CLIPS * spread * spread + running.squares;
        let deviation = (own / (PRIOR_CLIPS + running.n as f64 - 1.0)).sqrt();
        Some((comparable(feature) - running.mean) / deviation)
    }

    /// How the speaker usually holds the head; towards the camera before [`MIN_CLIPS`] clips of it.
    pub(crate) fn usual_head(&self) -> UsualHead {
        let mean = |name| {
            let known = self.features.get(name);
            let known = known.filter(|running| running.n >= MIN_CLIPS);
            known.map_or(0.0, |running| running.mean)
        };
        UsualHead {
            yaw: mean("face.head_yaw"),
            pitch: mean("face.head_pitch"),
        }
    }

    /// Adds what was heard of a clip. An empty list, from a clip without a voice, changes nothing.
    pub fn add(&mut self, features: &[Feature]) {
        self.n_clips += u64::from(!features.is_empty());
        self.learn(features);
    }

    /// Adds what was seen of a clip.
    pub fn add_seen(&mut self, features: &[Feature]) {
        self.learn(features);
    }

    fn learn(&mut self, features: &[Feature]) {
        for feature in features {
            self.features
                .entry(feature.name.clone())
                .or_default()
                .add(comparable(feature));
        }
    }
}

impl Running {
    fn add(&mut self, value: f64) {
        self.n += 1;
        let before = value - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (value - self.mean);
    }
}

fn usual_spread(name: &str) -> Option<f64> {
    USUAL_SPREAD
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, spread)| *spread)
}

/// The value on the scale on which differences are heard: frequencies in semitones.
fn comparable(feature: &Feature) -> f64 {
    if feature.unit == "Hz" {
        12.0 * feature.value.max(1.0).log2()
    } else {
        feature.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feature(name: &str, value: f64, unit: &str) -> Feature {
        Feature {
            name: name.to_owned(),
            value,
            unit: unit.to_owned(),
            relative_to_baseline: None,
        }
    }

    fn loudness(db: f64) -> Feature {
        feature("voice.loudness", db, "dB")
    }

    #[test]
    fn the_first_two_clips_have_nothing_to_compare_with() {
        let mut baseline = SpeakerBaseline::default();
        assert_eq!(baseline.relative(&loudness(-20.0)), None);
        baseline.add(&[loudness(-20.0)]);
        assert_eq!(baseline.relative(&loudness(-20.0)), None);
        baseline.add(&[loudness(-20.0)]);
        assert!(baseline.relative(&loudness(-20.0)).unwrap().abs() < 1e-9);
    }

    #[test]
    fn two_equal_clips_do_not_make_a_small_change_extraordinary() {
        let mut baseline = SpeakerBaseline::default();
        baseline.add(&[loudness(-20.0)]);
        baseline.add(&[loudness(-20.0)]);
        let change = baseline.relative(&loudness(-23.0)).unwrap();
        assert!((-1.5..-0.5).contains(&change), "{change}");
    }

    #[test]
    fn pitch_is_compared_in_semitones() {
        let pitch = |hz| feature("voice.f0_median", hz, "Hz");
        let mut baseline = SpeakerBaseline::default();
        baseline.add(&[pitch(100.0)]);
        baseline.add(&[pitch(100.0)]);
        let (up, down) = (
            baseline.relative(&pitch(200.0)),
            baseline.relative(&pitch(50.0)),
        );
        assert!((up.unwrap() + down.unwrap()).abs() < 1e-9);
    }

    #[test]
    fn a_clip_without_a_voice_changes_nothing() {
        let mut baseline = SpeakerBaseline::default();
        baseline.add(&[]);
        assert_eq!(baseline, SpeakerBaseline::default());
    }

    proptest! {
        #[test]
        fn running_statistics_equal_those_of_the_whole_list(values in prop::collection::vec(-100.0_f64..100.0, 2..40), x in -100.0_f64..100.0) {
            let mut baseline = SpeakerBaseline::default();
            for value in &values {
                baseline.add(&[loudness(*value)]);
            }
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
            let usual = usual_spread("voice.loudness").unwrap();
            let expected = (x - mean) / ((PRIOR_CLIPS * usual * usual + squares) / (PRIOR_CLIPS + n - 1.0)).sqrt();
            prop_assert!((baseline.relative(&loudness(x)).unwrap() - expected).abs() < 1e-6);
            prop_assert_eq!(baseline.n_clips(), values.len() as u64);
        }
    }
}
