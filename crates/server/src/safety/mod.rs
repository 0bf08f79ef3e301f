//! The crisis protocol: runs on every seeker message before any reasoner, and on every answer.
//!
//! Layers of the first version: normalisation (case, elongation, disguised spelling), a lexicon of
//! patterns with context kept as data, and reviewed fixed answers with local help lines. Tuned for
//! recall. Nothing here stores or logs what was said: an [`Assessment`] holds rule ids only.
//! How it was made and measured stands in `docs/safety.md`. A learned classifier is absent: it
//! would be a second layer behind the same [`CrisisDetector::assess`].

mod answers;
mod context;
mod help;
mod lexicon;
mod normalise;

use serde::{Deserialize, Serialize};

use crate::wire::HelpLine;
use answers::Answers;
use help::HelpLines;
use lexicon::Lexicon;
use normalise::Normaliser;

/// What a disclosure is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CrisisKind {
    /// A body in danger now: overdose, poison, heavy bleeding, signs of a heart attack.
    MedicalEmergency,
    /// Thoughts of, plans for or attempts at ending the speaker's own life.
    Suicide,
    /// The speaker may hurt someone else.
    HarmToOthers,
    /// The speaker is being hurt or threatened.
    Abuse,
    /// The speaker hurts themselves without a stated wish to die.
    SelfHarm,
    /// Someone the speaker knows is in danger of taking their life.
    OtherAtRisk,
}

/// How plainly it was said; it decides how the answer asks, not whether it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clarity {
    /// In so many words.
    Explicit,
    /// Hinted at: hopelessness, being a burden, wishing to disappear.
    Indirect,
}

/// What the detector makes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assessment {
    /// Nothing that calls for the protocol.
    Clear,
    /// The protocol answers, not the reasoner.
    Crisis {
        /// What it is about.
        kind: CrisisKind,
        /// Whether something may happen, or is happening, right now.
        imminent: bool,
        /// How plainly it was said.
        clarity: Clarity,
        /// Ids of the lexicon rules that matched, never the words.
        evidence: Vec<String>,
    },
}

impl Assessment {
    /// Whether the protocol answers.
    pub fn is_crisis(&self) -> bool {
        matches!(self, Self::Crisis { .. })
    }
}

/// The protocol's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrisisAnswer {
    /// Reviewed words; they ask directly, stay, and point to human help.
    pub text: String,
    /// Where human help is, the most fitting first; never empty for a crisis.
    pub help: Vec<HelpLine>,
}

/// Detects disclosures of crisis and answers them with reviewed words.
///
/// ```
/// use smes_server::safety::CrisisDetector;
/// let detector = CrisisDetector::embedded();
/// let assessment = detector.assess("I want to k1ll myself tonight");
/// assert!(assessment.is_crisis());
/// assert!(detector.assess("This homework is killing me, lol").is_crisis() == false);
/// let answer = detector.crisis_answer(&assessment, Some("de-AT"));
/// assert!(answer.help[0].contact.contains("142"));
/// ```
#[derive(Debug)]
pub struct CrisisDetector {
    normaliser: Normaliser,
    lexicon: Lexicon,
    answers: Answers,
    help: HelpLines,
}

impl CrisisDetector {
    /// The detector with the data compiled into the program.
    pub fn embedded() -> Self {
        let data = lexicon::LexiconData::embedded();
        Self {
            normaliser: Normaliser::new(&data.normalisation),
            lexicon: Lexicon::compile(&data),
            answers: Answers::embedded(),
            help: HelpLines::embedded(),
        }
    }

    /// Assesses one message of the seeker. Time grows linearly with the length of the text.
    pub fn assess(&self, text: &str) -> Assessment {
        self.lexicon.assess(&self.normaliser.normalise(text))
    }

    /// Assesses a message that follows a crisis answer, which has asked a direct question: beside
    /// everything [`Self::assess`] finds, "yes", "maybe", "I don't know", "tonight" or "I have the
    /// pills here" keep the protocol going.
    pub fn assess_follow_up(&self, text: &str, previous: &Assessment) -> Assessment {
        let normalised = self.normaliser.normalise(text);
        match self.lexicon.assess(&normalised) {
            Assessment::Clear => self.lexicon.assess_reply(&normalised, previous),
            crisis @ Assessment::Crisis { .. } => crisis,
        }
    }

    /// The first answer to a crisis. `locale` is a language tag such as `de-AT`, `en_GB.UTF-8`.
    /// Empty for [`Assessment::Clear`].
    pub fn crisis_answer(&self, assessment: &Assessment, locale: Option<&str>) -> CrisisAnswer {
        self.crisis_answer_at(assessment, locale, 0)
    }

    /// The answer when `n_given` crisis answers stand in this conversation already. Two in a row
    /// are never the same words, and the conversation is never ended.
    pub fn crisis_answer_at(
        &self,
        assessment: &Assessment,
        locale: Option<&str>,
        n_given: usize,
    ) -> CrisisAnswer {
        let Assessment::Crisis {
            kind,
            imminent,
            clarity,
            ..
        } = assessment
        else {
            return CrisisAnswer {
                text: String::new(),
                help: Vec::new(),
            };
        };
        let place = self.help.negotiate(locale);
        CrisisAnswer {
            text: self
                .answers
                .text(*kind, *clarity, *imminent, n_given)
                .replace("{emergency}", &place.emergency),
            help: place.lines_for(*kind),
        }
    }

    /// Where human help is for someone who has disclosed nothing; the page shows it at all times.
    pub fn help_lines(&self, locale: Option<&str>) -> Vec<HelpLine> {
        self.help.negotiate(locale).lines_for(CrisisKind::Suicide)
    }

    /// Whether an answer of a reasoner may be shown: it holds no diagnosis, no medical or legal
    /// claim, no promise, no minimising, no order, and nothing that invites harm.
    pub fn check_output(&self, text: &str) -> bool {
        smes_reasoning::bank::objections(text).is_empty()
    }
}

#[cfg(test)]
mod tests;
