//! A turn as one document: what `/api/v1/turn` answers and `smes turn --json` prints.

use serde::Serialize;
use smes_dialogue::{Cue, Private, Strategy};

use crate::wire::{HelpLine, Scored, ServerEvent, Timings};

/// A turn with everything that was read and answered. Of a crisis, only `response` and `crisis`
/// are set: nothing else of the chain ran.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct TurnReport {
    /// What was heard and seen.
    pub cue: Option<Cue>,
    /// What is missing from the cue and why.
    pub notes: Vec<String>,
    /// The person's emotion as read.
    pub user_emotion: Option<Decision>,
    /// One sentence where voice or face point elsewhere than the words do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contrast: Option<String>,
    /// The strategy chosen.
    pub strategy: Option<Decision>,
    /// The tone chosen.
    pub system_emotion: Option<Decision>,
    /// What is said.
    pub response: Option<Private<String>>,
    /// The strategy that the response really follows, where it had to differ from the chosen one.
    pub response_strategy: Option<Strategy>,
    /// Milliseconds of each stage.
    pub timings: Option<Timings>,
    /// Set when the turn disclosed a crisis.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crisis: Option<CrisisReport>,
}

/// A decision of the chain, with what it was chosen from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Decision {
    /// The most likely label.
    pub label: String,
    /// Its probability.
    pub prob: f32,
    /// All labels with their probabilities, most likely first.
    pub distribution: Vec<Scored>,
}

/// The reviewed answer to a crisis.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CrisisReport {
    /// The answer.
    pub text: Private<String>,
    /// Where human help is.
    pub help: Vec<HelpLine>,
}

impl TurnReport {
    /// Takes over what an event of the turn says.
    pub fn take(&mut self, event: ServerEvent) {
        match event {
            ServerEvent::Cue { cue, notes, .. } => {
                self.cue = cue;
                self.notes = notes;
            }
            ServerEvent::UserEmotion {
                distribution,
                contrast,
                ..
            } => {
                self.contrast = contrast;
                self.user_emotion = Decision::from_distribution(distribution);
            }
            ServerEvent::Strategy { distribution, .. } => {
                self.strategy = Decision::from_distribution(distribution);
            }
            ServerEvent::SystemEmotion { distribution, .. } => {
                self.system_emotion = Decision::from_distribution(distribution);
            }
            ServerEvent::Response {
                text,
                strategy,
                timings,
                ..
            } => {
                self.response = Some(text);
                self.response_strategy = Some(strategy);
                self.timings = Some(timings);
            }
            ServerEvent::Crisis { text, help, .. } => {
                self.response = Some(text.clone());
                self.crisis = Some(CrisisReport { text, help });
            }
            _ => {}
        }
    }
}

impl Decision {
    fn from_distribution(distribution: Vec<Scored>) -> Option<Self> {
        let top = distribution.first()?;
        Some(Self {
            label: top.label.clone(),
            prob: top.prob,
            distribution,
        })
    }
}
