//! Whether words, voice and face say the same: "I am fine", said slowly and flatly with a sad face, is
//! worth showing. Nothing is concluded from it; it is said beside the reading.
//!
//! Only three directions are compared (glad, even, low): which of the low emotions it is, words and a
//! voice model trained on actors often disagree about, and that is no contradiction.

use smes_dialogue::{Cue, Distribution, Emotion, Label};

/// Probability from which a direction counts as said, seen or heard.
const CLEAR: f64 = 0.6;
/// Confidence of a cue below which nothing is held against the words.
const TRUSTED: f32 = 0.3;
/// Deviations from the speaker's usual from which a measure is called unusual.
const UNUSUAL: f64 = 1.0;

/// Where an emotion points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Direction {
    Glad,
    Even,
    Low,
}

/// Surprise points anywhere.
fn direction(emotion: &str) -> Option<Direction> {
    Some(match emotion {
        "joy" | "happiness" => Direction::Glad,
        "neutral" => Direction::Even,
        "surprise" | "boredom" => return None,
        _ => Direction::Low,
    })
}

/// The clearest direction of some emotions with their probabilities, and the likeliest emotion in it.
fn clearest<'a>(emotions: &[(&'a str, f64)]) -> Option<(Direction, &'a str)> {
    [Direction::Glad, Direction::Even, Direction::Low]
        .into_iter()
        .find_map(|wanted| {
            let within = emotions
                .iter()
                .filter(|(name, _)| direction(name) == Some(wanted));
            let total: f64 = within.clone().map(|(_, prob)| prob).sum();
            let top = within.max_by(|a, b| a.1.total_cmp(&b.1))?;
            (total >= CLEAR).then_some((wanted, top.0))
        })
}

/// The emotions that one sense of a cue tells apart: features such as `voice.like_X`.
fn likelihoods<'a>(cue: &'a Cue, prefix: &str) -> Vec<(&'a str, f64)> {
    let all = cue.features.iter();
    all.filter_map(|one| Some((one.name.strip_prefix(prefix)?, one.value)))
        .collect()
}

/// One sentence where voice or face point elsewhere than the words do; nothing where they agree, where
/// one of them is unclear, or where the words are clear but the cue is not to be trusted.
///
/// `words` is the user emotion as read from the words alone.
pub fn contrast(words: &Distribution<Emotion>, cue: &Cue) -> Option<String> {
    if cue
        .confidence
        .is_some_and(|confidence| confidence < TRUSTED)
    {
        return None;
    }
    let said = words.iter();
    let said: Vec<(&str, f64)> = said
        .map(|(label, prob)| (label.name(), f64::from(prob)))
        .collect();
    let (said, _) = clearest(&said)?;
    let elsewhere = |found: &(Direction, &str)| is_apart(said, found.0);
    let voice = clearest(&likelihoods(cue, "voice.like_")).filter(elsewhere);
    let face = clearest(&likelihoods(cue, "face.like_")).filter(elsewhere);
    let mut parts = Vec::new();
    if let Some((_, emotion)) = voice {
        let how = manner(cue).map_or_else(String::new, |how| format!("is {how} and "));
        parts.push(format!("the voice {how}sounds most like acted {emotion}"));
    }
    if let Some((_, emotion)) = face {
        parts.push(format!("the face looks most like {emotion}"));
    }
    if parts.is_empty() {
        return None;
    }
    let said = match said {
        Direction::Glad => "glad",
        Direction::Even => "even",
        Direction::Low => "low",
    };
    Some(format!(
        "The words read as {said}, but {}.",
        parts.join(" and ")
    ))
}

/// A voice that is even under low words is common; one that is glad is not, and neither is a low one
/// under words that are not.
fn is_apart(said: Direction, found: Direction) -> bool {
    matches!(
        (said, found),
        (Direction::Glad | Direction::Even, Direction::Low) | (Direction::Low, Direction::Glad)
    )
}

/// How the voice differs from the speaker's usual, in the words of the cue's sentence.
fn manner(cue: &Cue) -> Option<String> {
    let beside = |name: &str| cue.feature(name)?.relative_to_baseline;
    let said = [
        ("voice.speaking_rate", "slow", "fast"),
        ("voice.pitch_range", "flat", "lively"),
        ("voice.loudness", "quiet", "loud"),
    ]
    .into_iter()
    .filter_map(|(name, below, above)| {
        let beside = beside(name)?;
        (beside.abs() >= UNUSUAL).then_some(if beside < 0.0 { below } else { above })
    });
    let said: Vec<&str> = said.collect();
    (!said.is_empty()).then(|| said.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::{Extractor, Feature, Modality, mesc_emotions};

    fn words(top: &str, prob: f32) -> Distribution<Emotion> {
        let set = mesc_emotions();
        let rest = (1.0 - prob) / 6.0;
        let probs = set
            .names()
            .map(|name| if name == top { prob } else { rest });
        let probs: Vec<f32> = probs.collect();
        let labels = set.labels.iter().map(|spec| spec.label.clone());
        Distribution::try_new(labels.zip(probs).collect()).unwrap()
    }

    fn cue(features: &[(&str, f64, Option<f64>)], confidence: f32) -> Cue {
        Cue {
            observation: "x".into(),
            distress: None,
            modalities: vec![Modality::Audio],
            span: None,
            extractor: Extractor {
                name: "test".to_owned(),
                version: "1".to_owned(),
            },
            confidence: Some(confidence),
            features: features
                .iter()
                .map(|(name, value, relative_to_baseline)| Feature {
                    name: (*name).to_owned(),
                    value: *value,
                    unit: "1".to_owned(),
                    relative_to_baseline: *relative_to_baseline,
                })
                .collect(),
            limits: Vec::new(),
        }
    }

    const SAD_VOICE: [(&str, f64, Option<f64>); 2] = [
        ("voice.like_sadness", 0.8, None),
        ("voice.like_neutral", 0.2, None),
    ];

    #[test]
    fn a_slow_flat_sad_voice_under_even_words_is_said_with_the_face() {
        let mut features = SAD_VOICE.to_vec();
        features.extend([
            ("voice.speaking_rate", 2.0, Some(-1.4)),
            ("voice.pitch_range", 2.0, Some(-2.0)),
            ("voice.loudness", 60.0, Some(-0.3)),
            ("face.like_sadness", 0.7, None),
            ("face.like_neutral", 0.3, None),
        ]);
        assert_eq!(
            contrast(&words("neutral", 0.7), &cue(&features, 0.9)).unwrap(),
            "The words read as even, but the voice is slow and flat and sounds most like acted \
             sadness and the face looks most like sadness."
        );
    }

    #[test]
    fn nothing_is_said_where_they_agree_or_one_is_unclear() {
        let sad = cue(&SAD_VOICE, 0.9);
        assert!(contrast(&words("joy", 0.7), &sad).is_some());
        for (words, cue) in [
            (words("sadness", 0.9), sad.clone()),
            (words("anger", 0.9), sad.clone()),
            (words("neutral", 0.3), sad),
            (words("joy", 0.9), cue(&SAD_VOICE, 0.1)),
            (
                words("joy", 0.9),
                cue(&[("voice.like_neutral", 0.9, None)], 0.9),
            ),
            (
                words("sadness", 0.9),
                cue(&[("voice.like_neutral", 0.9, None)], 0.9),
            ),
            (words("joy", 0.9), cue(&[], 0.9)),
        ] {
            assert_eq!(contrast(&words, &cue), None);
        }
    }

    #[test]
    fn a_glad_face_over_low_words_is_said() {
        let glad = cue(&[("face.like_happiness", 0.9, None)], 0.9);
        let said = contrast(&words("sadness", 0.8), &glad).unwrap();
        assert!(said.contains("low") && said.contains("happiness"), "{said}");
    }
}
