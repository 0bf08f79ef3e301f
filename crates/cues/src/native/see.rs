//! What `native` sees: the face's part of a cue.

use smes_dialogue::{Cue, EmotionSet, Modality, Private};

use super::{NativeExtractor, note};
use crate::SpeakerBaseline;
use crate::emotion::VoiceEmotion;
use crate::face::timeline::Timeline;
use crate::face::turning::Turning;
use crate::face::{self, FaceReading};

/// Share of the time from which an expression may speak against the voice.
const MUCH: f64 = 0.5;

/// What is seen over the time of a clip: what pictures are drawn from.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Where the face was, and what it showed from moment to moment.
    pub reading: FaceReading,
    /// Episodes, shares, motion.
    pub timeline: Timeline,
}

impl NativeExtractor {
    /// The expressions of a face that it tells apart.
    pub fn expressions(&self) -> &EmotionSet {
        self.faces.expressions().expressions()
    }

    /// Adds what the pictures show to a cue that says what was heard.
    pub(super) fn see(
        &self,
        reading: &FaceReading,
        sounded_like: Option<&VoiceEmotion>,
        baseline: &mut SpeakerBaseline,
        cue: &mut Cue,
    ) {
        let timeline = Timeline::of(reading, self.expressions().len());
        for limit in face::limits(reading, &timeline) {
            note(cue, &limit);
        }
        let turning = Turning::of(reading, baseline.usual_head());
        let mut features = face::features(reading, &timeline, self.expressions());
        if let Some(turning) = &turning {
            features.extend(face::head_features(turning, self.faces.heads().error()));
        }
        for feature in &mut features {
            feature.relative_to_baseline = baseline.relative(feature);
        }
        // Of a face that could not be judged a limit says so; it is a sentence where nothing else is.
        if timeline.is_judged() || cue.modalities.is_empty() {
            let (turning, expressions) = (turning.as_ref(), self.expressions());
            let mut seen = face::sentence(reading, &timeline, turning, expressions, &features);
            if sounded_like.is_some_and(|voice| self.is_unlike(&timeline, voice)) {
                seen = format!("{}, unlike the voice.", seen.trim_end_matches('.'));
            }
            cue.observation = Private::new(format!("{} {seen}", cue.observation.expose()));
        }
        if timeline.is_judged() {
            baseline.add_seen(&features);
            cue.modalities.push(Modality::Video);
            let sure = confidence(reading, &timeline);
            cue.confidence = cue.confidence.map(|heard| heard.max(sure));
        }
        cue.features.extend(features);
    }

    /// Whether a face smiled much of the time while the voice sounded like an unpleasant emotion, or
    /// looked unpleasant while the voice sounded like joy. Nothing else counts: a neutral face goes
    /// with any voice.
    fn is_unlike(&self, timeline: &Timeline, voice: &VoiceEmotion) -> bool {
        let share = |wanted: &[&str]| {
            let named = self.expressions().names().zip(&timeline.shares);
            let shares = named.filter(|(name, _)| wanted.contains(name));
            shares.map(|(_, share)| share).sum::<f64>()
        };
        match voice.named(self.emotions()) {
            Some(("anger" | "boredom" | "disgust" | "fear" | "sadness", _)) => {
                share(&["happiness"]) >= MUCH
            }
            Some(("joy", _)) => share(&["sadness", "anger", "disgust"]) >= MUCH,
            _ => false,
        }
    }
}

/// How far what is said of the face can be trusted, `0..=0.9`: a rule of thumb like that for the
/// voice. It is the share of all frames in which a face was judged, times how probable the
/// expressions of its episodes were.
#[expect(clippy::cast_possible_truncation, reason = "a number of two digits")]
fn confidence(reading: &FaceReading, timeline: &Timeline) -> f32 {
    let judged = timeline.n_judged as f64 / reading.n_frames.max(1) as f64;
    let weighed = timeline
        .episodes
        .iter()
        .map(|episode| episode.probability * episode.n_moments as f64);
    let probable = weighed.sum::<f64>() / timeline.n_judged.max(1) as f64;
    (0.9 * judged * probable) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smile_speaks_against_a_sad_voice_and_not_against_a_glad_or_uncertain_one() {
        let native = NativeExtractor::embedded().unwrap();
        let timeline = |expression: &str, share: f64| Timeline {
            shares: native
                .expressions()
                .names()
                .map(|name| if name == expression { share } else { 0.0 })
                .collect(),
            likelihoods: Vec::new(),
            episodes: Vec::new(),
            n_changes: 0,
            n_judged: 20,
            away_share: 0.0,
            motion: None,
        };
        let voice = |emotion: &str, p: f64| VoiceEmotion {
            probabilities: native
                .emotions()
                .names()
                .map(|name| if name == emotion { p } else { (1.0 - p) / 6.0 })
                .collect(),
            arousal: 0.0,
            valence: 0.0,
        };
        for (face, share, heard, p, expected) in [
            ("happiness", 0.7, "sadness", 0.8, true),
            ("sadness", 0.7, "joy", 0.8, true),
            ("happiness", 0.7, "joy", 0.8, false),
            ("happiness", 0.7, "sadness", 0.4, false),
            ("happiness", 0.2, "sadness", 0.8, false),
            ("neutral", 0.9, "sadness", 0.8, false),
        ] {
            let found = native.is_unlike(&timeline(face, share), &voice(heard, p));
            assert_eq!(found, expected, "{face} {share} {heard} {p}");
        }
    }
}
