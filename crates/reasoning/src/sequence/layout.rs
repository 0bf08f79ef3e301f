//! What enters the sequence, in which order, and how long it may be.

use std::fmt;

use serde::{Deserialize, Serialize};
use smes_nn::generation::GenerationSettings;

/// The switches of the sequence. Stored beside the weights of a model that was trained with them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceLayout {
    /// Whether the history holds what was said (off: the paper's ablation `-text`).
    pub words: bool,
    /// Whether and where the history holds cues (off: the ablation `-video`).
    pub cue: CuePlace,
    /// Whether a space stands between a cue's answers to its two questions. The published corpus
    /// has none (`...downcast.The speaker's...`), which costs the tokenizer a word.
    pub answers_apart: bool,
    /// Whether a supporter's turn in the history begins with the token of its strategy. Whether
    /// that is the gold or the predicted one is up to whoever fills the history.
    pub strategy_tags: bool,
    /// The labels before the response.
    pub labels: LabelPrefix,
    /// What the response is.
    pub target: TargetText,
    /// What is left out of a history that is too long.
    pub truncation: Truncation,
    /// Tokens of the source at most.
    pub max_source: usize,
    /// Tokens of the target at most, labels and end token included.
    pub max_target: usize,
}

/// Where the cue of an utterance stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CuePlace {
    /// Nowhere.
    Off,
    /// After the words, as in the published corpus.
    AfterWords,
    /// Before the words, as the paper's `M_t = [C_t, U_t]` has it.
    BeforeWords,
}

impl fmt::Display for CuePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Off => "off",
            Self::AfterWords => "after_words",
            Self::BeforeWords => "before_words",
        })
    }
}

/// Which labels stand before the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelPrefix {
    /// `E_t`, followed by the separator.
    pub user_emotion: bool,
    /// `S_t`.
    pub strategy: bool,
    /// `SE_t`.
    pub system_emotion: bool,
}

/// What the response is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetText {
    /// What the supporter said.
    Words,
    /// What the supporter said, then the cue of their own clip, as in the published corpus.
    WordsAndCue,
}

/// What is left out at the left of a history that is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truncation {
    /// Every token but the last `max_source`, which mostly cuts an utterance (the authors' code).
    TokenTail,
    /// Whole utterances. Only one that is too long by itself is cut.
    UtteranceBorders,
}

/// One token before the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrefixStep {
    /// The user emotion.
    UserEmotion,
    /// `[sep_emotion]`.
    Separator,
    /// The strategy.
    Strategy,
    /// The system emotion.
    SystemEmotion,
}

impl LabelPrefix {
    /// All three.
    pub const ALL: Self = Self {
        user_emotion: true,
        strategy: true,
        system_emotion: true,
    };

    /// The tokens before the response, in order.
    pub fn steps(self) -> impl Iterator<Item = PrefixStep> {
        [
            (self.user_emotion, PrefixStep::UserEmotion),
            (self.user_emotion, PrefixStep::Separator),
            (self.strategy, PrefixStep::Strategy),
            (self.system_emotion, PrefixStep::SystemEmotion),
        ]
        .into_iter()
        .filter_map(|(is_on, step)| is_on.then_some(step))
    }
}

impl SequenceLayout {
    /// The layout of the authors' code by its effective settings.
    pub const fn published() -> Self {
        Self {
            words: true,
            cue: CuePlace::AfterWords,
            answers_apart: false,
            strategy_tags: true,
            labels: LabelPrefix::ALL,
            target: TargetText::WordsAndCue,
            truncation: Truncation::TokenTail,
            max_source: 150,
            max_target: 50,
        }
    }

    /// What is wrong with the lengths, if anything: the field, what stands there, what may.
    pub fn fault(&self) -> Option<(&'static str, usize, &'static str)> {
        let n_prefix = self.labels.steps().count();
        if self.max_source == 0 {
            return Some(("max_source", 0, "at least 1"));
        }
        if self.max_target < n_prefix + 2 {
            let expected = "room for the labels, a token and the end";
            return Some(("max_target", self.max_target, expected));
        }
        None
    }

    /// What is wrong with a way of decoding after these labels, if anything: the field, what stands
    /// there, what may.
    pub fn fault_of_decoding(
        &self,
        decoding: &GenerationSettings,
    ) -> Option<(&'static str, String, &'static str)> {
        let n_begun = 1 + self.labels.steps().count();
        if decoding.max_length < n_begun + 2 {
            let expected = "room for the start, the labels, a token and the end";
            return Some(("max_length", decoding.max_length.to_string(), expected));
        }
        decoding.fault()
    }
}
