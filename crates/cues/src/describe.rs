//! From measurements to one plain sentence.
//!
//! The sentence says how the voice *sounded*, never what the person feels or has. With a baseline
//! it compares with the speaker's own clips; without one only pace, pauses and melody are named,
//! in hedged words, because pitch and loudness by themselves say more about a body and a
//! microphone than about a moment.

use smes_dialogue::{EmotionSet, Feature, percent};

use crate::emotion::VoiceEmotion;

/// A difference of this many of the speaker's standard deviations is worth a word: one clip in
/// six lies further out to that side by chance.
const NOTICEABLE: f64 = 1.0;
/// From here on it is called clear: one clip in forty by chance.
const CLEAR: f64 = 2.0;
/// No more than this many differences are named, the largest first.
const MAX_WORDS: usize = 3;

/// What a change of a feature sounds like: name, word for less, word for more.
///
/// Features that say nearly the same (`speaking_rate` and `articulation_rate`, `alpha_ratio` and
/// `spectral_tilt`) appear once.
const CHANGES: [(&str, &str, &str); 6] = [
    ("voice.articulation_rate", "slower", "faster"),
    ("voice.loudness", "quieter", "louder"),
    ("voice.f0_median", "lower in pitch", "higher in pitch"),
    (
        "voice.pitch_range",
        "flatter in melody",
        "livelier in melody",
    ),
    ("voice.pause_share", "less halting", "more halting"),
    ("voice.alpha_ratio", "sharper in tone", "softer in tone"),
];

/// Syllable nuclei a second below which speech counts as slow and above which as fast, where
/// nothing is known of the speaker. Over the 408 acted sentences of EmoDB that this was measured
/// on, 5 % lie below 3.2 and 5 % above 6.5 by the same method; free talk is slower than acted
/// sentences, so the lower bound is set lower.
const PACE: (f64, f64) = (2.5, 6.5);
/// Semitones between the 5th and the 95th percentile of F0 below which speech counts as even and
/// above which as lively: the same percentiles of the same sentences are 4.8 and 19.8.
const MELODY: (f64, f64) = (5.0, 20.0);
/// Share of pauses from which speech counts as halting. F. Goldman-Eisler (1968,
/// *Psycholinguistics*) finds 40 to 50 % of spontaneous talk to be pauses; a spoken turn to a
/// screen is shorter and denser.
const HALTING: f64 = 0.4;

/// One sentence about a voice, with what it sounded most like where that is known. The features carry
/// their distance from the baseline where there is one.
pub fn describe(features: &[Feature], emotion: Option<(&VoiceEmotion, &EmotionSet)>) -> String {
    let is_compared = |feature: &Feature| feature.relative_to_baseline.is_some();
    let sounded = if features.iter().any(is_compared) {
        compared(features)
    } else {
        alone(features)
    };
    let like = emotion.map(|(emotion, emotions)| likeness(emotion, emotions));
    format!("{sounded}{}.", like.unwrap_or_default())
}

/// From this arousal on, which is three chances in four, it is said where no emotion is named.
const SIDED: f64 = 0.5;

/// How the sentence about a voice goes on: what it sounded like, which is not what the person feels, for
/// the model learnt from actors.
fn likeness(emotion: &VoiceEmotion, emotions: &EmotionSet) -> String {
    let Some((name, p)) = emotion.named(emotions) else {
        let side = match emotion.arousal {
            arousal if arousal >= SIDED => ", though rather excited than calm",
            arousal if arousal <= -SIDED => ", though rather calm than excited",
            _ => "",
        };
        return format!("; no emotion stood out in it{side}");
    };
    let sure = percent(p);
    if name == "neutral" {
        return format!(", most like actors who speak without emotion ({sure})");
    }
    format!(", most like acted {name} ({sure})")
}

fn compared(features: &[Feature]) -> String {
    match changes(features, &CHANGES, MAX_WORDS) {
        Some(words) => format!("The voice sounded {words}"),
        None => "The voice sounded much as before".to_owned(),
    }
}

/// `clearly slower and quieter than before`: what differs from the baseline, in the words of a table
/// like [`CHANGES`], the `most` largest; `None` where nothing is worth a word.
pub(crate) fn changes(
    features: &[Feature],
    table: &[(&str, &'static str, &'static str)],
    most: usize,
) -> Option<String> {
    let mut changes: Vec<(f64, &str)> = table
        .iter()
        .filter_map(|(name, less, more)| {
            let change = find(features, name)?.relative_to_baseline?;
            (change.abs() >= NOTICEABLE)
                .then_some((change, if change < 0.0 { *less } else { *more }))
        })
        .collect();
    changes.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    changes.truncate(most);
    let (largest, _) = changes.first()?;
    let how = if largest.abs() >= CLEAR {
        "clearly"
    } else {
        "a little"
    };
    let words: Vec<&str> = changes.iter().map(|(_, word)| *word).collect();
    Some(format!("{how} {} than before", listed(&words)))
}

fn alone(features: &[Feature]) -> String {
    let value = |name| find(features, name).map(|feature| feature.value);
    let mut words = Vec::new();
    match value("voice.articulation_rate") {
        Some(rate) if rate < PACE.0 => words.push("rather slow"),
        Some(rate) if rate > PACE.1 => words.push("rather fast"),
        _ => {}
    }
    match value("voice.pitch_range") {
        Some(range) if range < MELODY.0 => words.push("rather even in melody"),
        Some(range) if range > MELODY.1 => words.push("rather lively in melody"),
        _ => {}
    }
    if value("voice.pause_share").is_some_and(|share| share > HALTING) {
        words.push("often interrupted by pauses");
    }
    if words.is_empty() {
        return "The voice sounded ordinary in pace and melody".to_owned();
    }
    format!("The voice sounded {}", listed(&words))
}

fn find<'f>(features: &'f [Feature], name: &str) -> Option<&'f Feature> {
    features.iter().find(|feature| feature.name == name)
}

/// `a`, `a and b`, `a, b and c`.
fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn feature(name: &str, value: f64, relative: Option<f64>) -> Feature {
        Feature {
            name: name.to_owned(),
            value,
            unit: "1".to_owned(),
            relative_to_baseline: relative,
        }
    }

    #[test]
    fn names_what_changed_the_largest_first_and_how_clearly() {
        let features = [
            feature("voice.loudness", -30.0, Some(-1.4)),
            feature("voice.articulation_rate", 3.0, Some(-2.3)),
            feature("voice.f0_median", 200.0, Some(0.4)),
        ];
        assert_eq!(
            describe(&features, None),
            "The voice sounded clearly slower and quieter than before."
        );
    }

    #[test]
    fn an_emotion_is_named_as_acted_with_its_share_or_not_at_all() {
        let judged = |at: usize, p: f64, arousal: f64| {
            let mut probabilities = vec![(1.0 - p) / 6.0; 7];
            probabilities[at] = p;
            let emotion = VoiceEmotion {
                probabilities,
                arousal,
                valence: 0.0,
            };
            describe(&[], Some((&emotion, &smes_dialogue::emodb_emotions())))
        };
        let alone = "The voice sounded ordinary in pace and melody";
        for (said, expected) in [
            (judged(5, 0.71, -0.5), ", most like acted sadness (71 %)."),
            (
                judged(5, 0.997, -0.5),
                ", most like acted sadness (over 99 %).",
            ),
            (judged(0, 0.4, 0.3), "; no emotion stood out in it."),
            (
                judged(0, 0.4, 0.6),
                "; no emotion stood out in it, though rather excited than calm.",
            ),
            (
                judged(6, 0.9, -0.9),
                ", most like actors who speak without emotion (90 %).",
            ),
        ] {
            assert_eq!(said, format!("{alone}{expected}"));
        }
    }

    #[test]
    fn small_changes_are_no_news() {
        let features = [feature("voice.loudness", -30.0, Some(0.9))];
        assert_eq!(
            describe(&features, None),
            "The voice sounded much as before."
        );
    }

    #[test]
    fn without_a_baseline_pitch_and_loudness_are_not_judged() {
        let features = [
            feature("voice.loudness", -60.0, None),
            feature("voice.f0_median", 400.0, None),
        ];
        assert_eq!(
            describe(&features, None),
            "The voice sounded ordinary in pace and melody."
        );
    }

    #[test]
    fn without_a_baseline_words_are_hedged() {
        let features = [
            feature("voice.articulation_rate", 2.0, None),
            feature("voice.pitch_range", 3.0, None),
            feature("voice.pause_share", 0.5, None),
        ];
        assert_eq!(
            describe(&features, None),
            "The voice sounded rather slow, rather even in melody and often interrupted by pauses."
        );
    }

    proptest! {
        #[test]
        fn always_one_sentence_about_the_voice(changes in prop::collection::vec(prop::option::of(-9.0_f64..9.0), 6)) {
            let features: Vec<_> = CHANGES
                .iter()
                .zip(changes)
                .map(|((name, ..), change)| feature(name, 3.0, change))
                .collect();
            let sentence = describe(&features, None);
            prop_assert!(sentence.starts_with("The voice sounded ") && sentence.ends_with('.'));
            prop_assert_eq!(sentence.matches('.').count(), 1);
        }
    }
}
