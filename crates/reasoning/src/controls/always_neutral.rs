//! The control that hears no feeling: *neutral* for both emotions.
//!
//! On MESC's test instances it is right in 98.5 % for the system emotion, more than the paper's model
//! (96.1 %). Its strategy is the majority's.

use smes_dialogue::{
    DialogueContext, Distribution, Emotion, EmotionSet, Label, Plan, Reply, StrategySet,
};

use super::Majority;
use crate::{Reasoner, ReasoningError};

/// What it always says.
const NEUTRAL: &str = "neutral";

/// Always *neutral*.
#[derive(Debug, Clone, Default)]
pub struct AlwaysNeutral {
    majority: Majority,
}

impl AlwaysNeutral {
    /// Its name for [`crate::open`].
    pub const NAME: &'static str = "always-neutral";

    /// The control over MESC's labels.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Reasoner for AlwaysNeutral {
    fn id(&self) -> String {
        format!("{}@1", Self::NAME)
    }

    fn emotions(&self) -> &EmotionSet {
        self.majority.emotions()
    }

    fn strategies(&self) -> &StrategySet {
        self.majority.strategies()
    }

    fn plan(&self, _context: &DialogueContext) -> Result<Plan, ReasoningError> {
        let neutral = || Distribution::certain(Emotion::from_name(NEUTRAL));
        Ok(Plan {
            user_emotion: neutral(),
            system_emotion: neutral(),
            ..Majority::always()
        })
    }

    fn respond(
        &self,
        _context: &DialogueContext,
        _plan: &Plan,
        _on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError> {
        Err(ReasoningError::NoResponses {
            reasoner: self.id(),
        })
    }
}
