//! What an importer finds odd in its sources: typed, counted, listed, never repaired in silence.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use smes_dialogue::DialogueId;

macro_rules! issue_kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal),+ $(,)?) => {
        /// A kind of anomaly in a source.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum IssueKind {
            $($(#[doc = $doc])+ $name),+
        }

        impl IssueKind {
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The name as stored and printed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// What it means, one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),+).trim_ascii()),+ }
            }
        }
    };
}

issue_kinds! {
    /// Space before or after the text, or more than one inside; it was made single.
    Whitespace = "whitespace",
    /// Markup of the subtitles, such as `<i>`; kept as it is.
    Markup = "markup",
    /// A text without a letter or digit; kept.
    NoWords = "no_words",
    /// Full-width punctuation; kept.
    FullWidth = "full_width",
    /// A text that begins with a colon; kept.
    LeadingColon = "leading_colon",
    /// Typographic quotes, dashes or ellipses; kept.
    Typographic = "typographic",
    /// Characters that come from a wrong decoding; kept.
    Mojibake = "mojibake",
    /// A text that is empty; kept as empty.
    EmptyText = "empty_text",
    /// A label in another spelling than the canonical one.
    LabelVariant = "label_variant",
    /// A supporter's utterance without a strategy.
    MissingStrategy = "missing_strategy",
    /// A problem type in another spelling than the normalised one.
    ScenarioVariant = "scenario_variant",
    /// The utterance numbers of the source have a hole here; ours have none.
    UtteranceGap = "utterance_gap",
    /// A dialogue without a seeker.
    NoSeeker = "no_seeker",
    /// A dialogue without a supporter.
    NoSupporter = "no_supporter",
    /// A time that is no time; the utterance has no span.
    BadTime = "bad_time",
    /// An end before its start; the utterance has no span.
    EndBeforeStart = "end_before_start",
    /// A span shorter than 300 ms.
    ShortSpan = "short_span",
    /// The same span as the utterance before.
    IdenticalSpan = "identical_span",
    /// A start before the start of the utterance before.
    BackwardsTime = "backwards_time",
    /// A span that overlaps the one of the utterance before.
    OverlappingSpan = "overlapping_span",
    /// The same span as one of the dialogue before, in the same episode.
    SharedBoundary = "shared_boundary",
    /// A dialogue of a json file that no dialogue of the csv file is.
    UnmatchedDialogue = "unmatched_dialogue",
    /// A dialogue in none of the json files although train is among them; it is in train.
    NoSplit = "no_split",
    /// A label that differs between the csv and the json file; the csv is taken.
    LabelsDisagree = "labels_disagree",
    /// More than a space between utterance and cue.
    CueSeparator = "cue_separator",
    /// An utterance of a json file without a cue.
    MissingCue = "missing_cue",
    /// A seeker's cue whose two answers cannot be told apart; it is kept as the observation.
    CueNotSplit = "cue_not_split",
}

/// One anomaly and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImportIssue {
    /// What it is.
    pub kind: IssueKind,
    /// Name of the source file.
    pub file: String,
    /// Line in it, from 1.
    pub line: u64,
    /// The dialogue, as the corpus names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialogue: Option<DialogueId>,
    /// Position of the utterance in it, from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub utterance: Option<usize>,
    /// The raw value as far as it is a label, a time, a number or a sign; never somebody's words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub raw: String,
}

/// Issues by kind.
pub type IssueCounts = BTreeMap<IssueKind, u64>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_are_stored() {
        for kind in IssueKind::ALL {
            assert_eq!(
                serde_json::to_value(kind).unwrap(),
                serde_json::Value::from(kind.as_str())
            );
        }
    }
}
