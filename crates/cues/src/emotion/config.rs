//! The shape of a voice model, stored beside its weights as `config.toml`.

use serde::{Deserialize, Serialize};
use smes_dialogue::{Emotion, Label};

/// Version of this format; 2 since networks read the impression of a window.
pub const VERSION: u32 = 2;

/// Everything that, with the weights, makes a voice model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceModelConfig {
    /// Version of this format; [`VERSION`].
    pub version: u32,
    /// Name of the emotion set.
    pub emotions: String,
    /// How many networks vote.
    pub n_members: usize,
    /// Width of each.
    pub hidden_size: usize,
    /// Dropout of what is read of a window, in training.
    pub input_dropout: f64,
    /// Dropout of hidden units in training.
    pub dropout: f64,
    /// How many clips of a speaker weigh as much as what is usual among people; see
    /// [`super::UsualVoice`].
    pub prior_clips: f64,
    /// Divisor of the logits, fitted on speakers left out, so that probabilities are calibrated.
    pub temperature: f64,
}

/// Where an emotion lies between calm (-1) and aroused (1), and between unpleasant (-1) and
/// pleasant (1).
///
/// `EmoDB` has no ratings of either. The table is the two-way grouping of B. Schuller et al. (2009,
/// *Acoustic emotion recognition: a benchmark comparison of performances*, ASRU): anger, fear and
/// joy are aroused, boredom, disgust, neutral and sadness calm; joy and neutral are pleasant, the
/// others unpleasant. It says nothing between.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Circumplex {
    /// `-1` or `1`.
    pub arousal: f64,
    /// `-1` or `1`.
    pub valence: f64,
}

impl Circumplex {
    /// The place of an emotion; `None` of one that is not in the table.
    pub fn of(emotion: &Emotion) -> Option<Self> {
        let (arousal, valence) = match emotion.name() {
            "anger" | "fear" => (1.0, -1.0),
            "joy" => (1.0, 1.0),
            "boredom" | "disgust" | "sadness" => (-1.0, -1.0),
            "neutral" => (-1.0, 1.0),
            _ => return None,
        };
        Some(Self { arousal, valence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_emotion_of_emodb_has_a_place_and_others_have_none() {
        let set = smes_dialogue::emodb_emotions();
        assert!(set.iter().all(|emotion| Circumplex::of(emotion).is_some()));
        let other = smes_dialogue::mesc_emotions();
        let depression = other.parse("depression").unwrap();
        assert_eq!(Circumplex::of(&depression), None);
    }
}
