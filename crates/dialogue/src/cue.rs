//! What was heard and seen, in words and features.

use serde::{Deserialize, Serialize};

use crate::{Private, TimeSpan};

/// A channel a person is perceived through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Modality {
    /// Words.
    Text,
    /// Voice.
    Audio,
    /// Face, gaze, movement.
    Video,
}

/// Who made a cue: the name and version of an extractor.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extractor {
    /// For example `native`, `video-llama`.
    pub name: String,
    /// Version of the method; a change of it means cues are not comparable.
    pub version: String,
}

impl Extractor {
    /// Whether both are of one method. What stands after a `+` in a version says what a method had to
    /// work with, such as pictures without sound, and not which it is.
    pub fn is_same_method(&self, other: &Self) -> bool {
        let method = |version: &str| version.split('+').next().unwrap_or_default().to_owned();
        self.name == other.name && method(&self.version) == method(&other.version)
    }
}

/// One measured property of voice or face.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feature {
    /// Name with its place, for example `voice.f0_median`.
    pub name: String,
    /// The value, in `unit`.
    pub value: f64,
    /// The unit, for example `Hz`, `dB`, `1/s`; `1` for a share or ratio.
    pub unit: String,
    /// Difference from the speaker's own baseline in standard deviations of it, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relative_to_baseline: Option<f64>,
}

/// The paper's emotional cue `C_t`: an observation in words, with its evidence and provenance.
///
/// The two questions of the paper stay apart: what is seen and heard, and which distress may lie
/// behind it. Only extractors that can answer the second one fill it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cue {
    /// Question 1: the observable emotional state, one or two plain sentences.
    pub observation: Private<String>,
    /// Question 2: which distress may explain it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distress: Option<Private<String>>,
    /// What the cue rests on.
    pub modalities: Vec<Modality>,
    /// The part of the recording it describes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<TimeSpan>,
    /// Who made it.
    pub extractor: Extractor,
    /// How sure the extractor is, `0..=1`, when it can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// The measurements behind the words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub features: Vec<Feature>,
    /// What is missing and why, in plain words: `no speech was heard`, `the clip has no sound`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
}

impl Cue {
    /// The feature of that name.
    pub fn feature(&self, name: &str) -> Option<&Feature> {
        self.features.iter().find(|feature| feature.name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_method_had_to_work_with_does_not_make_it_another() {
        let of = |name: &str, version: &str| Extractor {
            name: name.to_owned(),
            version: version.to_owned(),
        };
        assert!(of("endpoint:m", "1+video").is_same_method(&of("endpoint:m", "1")));
        assert!(!of("endpoint:m", "1").is_same_method(&of("endpoint:m", "10+video")));
        assert!(!of("endpoint:m", "1").is_same_method(&of("endpoint:n", "1")));
    }
}
