//! Protocols: which instances are scored, against which text, by which measures.
//!
//! `published` is the paper's: a response is compared with utterance **and** cue of the supporter's
//! row, as in the released code. `spoken` compares with what was said and nothing else. A constant
//! sentence of cue words nearly reaches the paper's model under the first and nothing under the
//! second, so both stand side by side. `-unshared` leaves out the instances whose rows stand in train
//! too: MESC's dialogues overlap at their borders.

use serde::{Deserialize, Serialize};

use crate::measure::Measure;

/// What a response is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// What the supporter said and the description of their clip, as one text.
    WithCue,
    /// What the supporter said.
    Spoken,
}

/// What the title of a table says whose protocol drops them.
pub const WITHOUT_SHARED_ROWS: &str = "without rows shared with train";

/// A protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Protocol {
    /// Its name in suites and tables.
    pub name: &'static str,
    /// What it does, for the report.
    pub description: &'static str,
    /// What responses are compared with.
    pub target: Target,
    /// Whether instances whose rows stand in train are left out.
    pub drops_shared_rows: bool,
    /// The measures of text, in the order of the tables.
    pub text_measures: &'static [Measure],
}

/// The paper's columns and the length of what was said.
const PUBLISHED: &[Measure] = &[
    Measure::Bleu(1),
    Measure::Bleu(2),
    Measure::Bleu(4),
    Measure::RougeLBeta,
    Measure::BertScore,
    Measure::Perplexity,
    Measure::LengthRatio,
];

/// The same, and what other work reports.
const SPOKEN: &[Measure] = &[
    Measure::Bleu(1),
    Measure::Bleu(2),
    Measure::Bleu(4),
    Measure::RougeLBeta,
    Measure::BertScore,
    Measure::Perplexity,
    Measure::SacreBleu,
    Measure::Rouge1,
    Measure::Rouge2,
    Measure::RougeL,
    Measure::UnigramF1,
    Measure::LengthRatio,
    Measure::Repetition,
];

/// All protocols.
pub const PROTOCOLS: [Protocol; 4] = [
    Protocol {
        name: "published",
        description: "responses against utterance and cue, as in the paper's code",
        target: Target::WithCue,
        drops_shared_rows: false,
        text_measures: PUBLISHED,
    },
    Protocol {
        name: "spoken",
        description: "responses against what the supporter said and nothing else",
        target: Target::Spoken,
        drops_shared_rows: false,
        text_measures: SPOKEN,
    },
    Protocol {
        name: "published-unshared",
        description: "as `published`, without instances whose rows stand in train too",
        target: Target::WithCue,
        drops_shared_rows: true,
        text_measures: PUBLISHED,
    },
    Protocol {
        name: "spoken-unshared",
        description: "as `spoken`, without instances whose rows stand in train too",
        target: Target::Spoken,
        drops_shared_rows: true,
        text_measures: SPOKEN,
    },
];

impl Protocol {
    /// The protocol of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROTOCOLS.iter().find(|protocol| protocol.name == name)
    }

    /// The same protocol without the instances whose rows stand in train too.
    pub fn without_shared_rows(&'static self) -> &'static Self {
        let is_twin = |other: &&Self| other.target == self.target && other.drops_shared_rows;
        PROTOCOLS.iter().find(is_twin).unwrap_or(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_protocol_has_a_twin_without_shared_rows() {
        for protocol in &PROTOCOLS {
            let twin = protocol.without_shared_rows();
            assert!(twin.drops_shared_rows, "{}", protocol.name);
            assert_eq!(twin.target, protocol.target);
            assert_eq!(twin.text_measures, protocol.text_measures);
        }
    }
}
