//! The lines of a prediction file as types.

use std::fmt::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use smes_dialogue::{DialogueId, Distribution, Emotion, Label, Plan, Private, SplitName, Strategy};

use crate::protocol::Target;

/// Value of [`Header::format`].
pub const FORMAT: &str = "smes-predictions";
/// Value of [`Header::version`].
pub const VERSION: u64 = 1;

/// The corpus that was predicted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusRef {
    /// Its name.
    pub name: String,
    /// Checksum of its dialogues, as its `corpus.toml` has it.
    pub checksum: String,
}

/// The most frequent labels of the corpus's train split, for the controls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Majority {
    /// Most frequent user emotion.
    pub user_emotion: Option<Emotion>,
    /// Most frequent strategy.
    pub strategy: Option<Strategy>,
    /// Most frequent strategy of supporter utterances that open a turn.
    pub opening_strategy: Option<Strategy>,
    /// Most frequent system emotion.
    pub system_emotion: Option<Emotion>,
}

/// The first line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u64,
    /// What was predicted.
    pub corpus: CorpusRef,
    /// Which part of it.
    pub split: SplitName,
    /// Number of records that follow.
    pub n_instances: usize,
    /// Name and version of the reasoner.
    pub reasoner: String,
    /// Hash of the model's files, where they are not part of the program: two networks of one kind
    /// have one name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// [`config_hash`] of the settings of the run, the model among them.
    pub config_hash: String,
    /// The emotions, in index order.
    pub emotions: Vec<Emotion>,
    /// The strategies, in index order.
    pub strategies: Vec<Strategy>,
    /// Most frequent labels of the train split.
    pub majority: Majority,
    /// Program and version that wrote the file.
    pub created_with: String,
    /// Seed, where chance had a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// What is right; a task without a gold label is not scored for that record.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gold {
    /// Emotion of the most recent seeker utterance.
    pub user_emotion: Option<Emotion>,
    /// Strategy of the utterance.
    pub strategy: Option<Strategy>,
    /// Emotion of the utterance.
    pub system_emotion: Option<Emotion>,
}

/// One predicted label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound(serialize = "L: Serialize", deserialize = "L: Deserialize<'de>"))]
pub struct PredictedLabel<L> {
    /// The label.
    pub label: L,
    /// `[label, probability]` pairs, most likely first, where the system has them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub probs: Vec<(L, f32)>,
}

impl<L: Label> From<&Distribution<L>> for PredictedLabel<L> {
    fn from(distribution: &Distribution<L>) -> Self {
        Self {
            label: distribution.top().clone(),
            probs: distribution
                .iter()
                .map(|(label, prob)| (label.clone(), prob))
                .collect(),
        }
    }
}

/// What was predicted; `null` where the system gave no answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predicted {
    /// The seeker's emotion.
    pub user_emotion: Option<PredictedLabel<Emotion>>,
    /// The strategy.
    pub strategy: Option<PredictedLabel<Strategy>>,
    /// The tone of the answer.
    pub system_emotion: Option<PredictedLabel<Emotion>>,
}

impl From<&Plan> for Predicted {
    fn from(plan: &Plan) -> Self {
        Self {
            user_emotion: Some((&plan.user_emotion).into()),
            strategy: Some((&plan.strategy).into()),
            system_emotion: Some((&plan.system_emotion).into()),
        }
    }
}

/// Milliseconds spent on a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PredictionTimings {
    /// Planning.
    pub plan_ms: f64,
    /// Wording the response, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond_ms: Option<f64>,
}

/// How likely the model finds the gold response.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetLogProb {
    /// The text that was scored.
    pub target: Target,
    /// Sum of the tokens' natural log-probabilities.
    pub log_prob: f64,
    /// Number of tokens, those that the model's convention scores.
    pub n_tokens: u64,
}

/// One further line: one supporter utterance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The dialogue.
    pub dialogue: DialogueId,
    /// Position of the utterance in it, from 0.
    pub utterance: usize,
    /// What is right.
    pub gold: Gold,
    /// Position of the utterance that the gold user emotion is of; `null` where no seeker spoke yet.
    pub user_emotion_from: Option<usize>,
    /// What was predicted.
    pub predicted: Predicted,
    /// The response, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Private<String>>,
    /// How likely the model finds the gold response, where it was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_log_prob: Option<TargetLogProb>,
    /// The supporter's latest strategy before.
    pub last_strategy: Option<Strategy>,
    /// Whether the utterance before is the supporter's too.
    pub continues_turn: bool,
    /// Time it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timings: Option<PredictionTimings>,
}

/// Hash of the settings of a run: SHA-256 over names and values, each after its length; the first 16 hexadecimal digits.
///
/// Equal settings give equal hashes; `settings` are `(name, value)` pairs in a fixed order.
pub fn config_hash(settings: &[(&str, &str)]) -> String {
    let mut hasher = Sha256::new();
    for (name, value) in settings {
        for part in [name, value] {
            hasher.update((part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    let digest = hasher.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    format!("{:016x}", u64::from_be_bytes(first))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Hash of contents that stand in no file, as [`content_hash`].
pub fn bytes_hash(parts: &[&[u8]]) -> String {
    let digests: Vec<String> = parts
        .iter()
        .map(|part| hex(&Sha256::digest(part)))
        .collect();
    let named: Vec<(&str, &str)> = digests.iter().map(|one| ("", one.as_str())).collect();
    config_hash(&named)
}

/// Hash of everything in a file or folder, names among it: the first 16 hexadecimal digits of SHA-256.
///
/// # Errors
/// When something cannot be read.
pub fn content_hash(path: &Path) -> std::io::Result<String> {
    let mut parts: Vec<(String, String)> = Vec::new();
    let mut left = vec![path.to_owned()];
    while let Some(place) = left.pop() {
        if place.is_dir() {
            for entry in fs_err::read_dir(&place)? {
                left.push(entry?.path());
            }
        } else {
            let name = place
                .strip_prefix(path)
                .unwrap_or(&place)
                .display()
                .to_string();
            let digest = Sha256::digest(fs_err::read(&place)?);
            parts.push((name, hex(&digest)));
        }
    }
    parts.sort();
    let parts: Vec<(&str, &str)> = parts
        .iter()
        .map(|(a, b)| (a.as_str(), b.as_str()))
        .collect();
    Ok(config_hash(&parts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_config_hash_tells_settings_apart() {
        let hash = config_hash(&[("reasoner", "starter"), ("cues", "")]);
        assert_eq!(hash.len(), 16);
        assert_eq!(hash, config_hash(&[("reasoner", "starter"), ("cues", "")]));
        assert_ne!(hash, config_hash(&[("reasoner", "starterc"), ("ues", "")]));
    }

    #[test]
    fn debug_output_of_a_record_shows_no_response() {
        let record = Record {
            dialogue: DialogueId::new("1"),
            utterance: 1,
            gold: Gold::default(),
            user_emotion_from: None,
            predicted: Predicted::default(),
            response: Some("marker-words".into()),
            target_log_prob: None,
            last_strategy: None,
            continues_turn: false,
            timings: None,
        };
        assert!(!format!("{record:?}").contains("marker-words"));
    }
}
