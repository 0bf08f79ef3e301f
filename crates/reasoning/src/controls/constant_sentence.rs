//! The control that always says the same sentence.
//!
//! Which sentence is found on validation by whoever opens it. Against MESC's published target texts,
//! where every reference ends in formulaic words about a clip, such a sentence nearly reaches the
//! paper's model. Labels are the majority's.

use smes_dialogue::{DialogueContext, EmotionSet, Plan, Private, Reply, StrategySet};

use super::Majority;
use crate::{Reasoner, ReasoningError};

/// Always the same words.
#[derive(Debug, Clone)]
pub struct ConstantSentence {
    sentence: Private<String>,
    majority: Majority,
}

impl ConstantSentence {
    /// Its name on the command line.
    pub const NAME: &'static str = "constant-sentence";

    /// The control that says `sentence`, over MESC's labels.
    pub fn new(sentence: Private<String>) -> Self {
        Self {
            sentence,
            majority: Majority::new(),
        }
    }
}

impl Reasoner for ConstantSentence {
    fn id(&self) -> String {
        format!("{}@1", Self::NAME)
    }

    fn emotions(&self) -> &EmotionSet {
        self.majority.emotions()
    }

    fn strategies(&self) -> &StrategySet {
        self.majority.strategies()
    }

    fn plan(&self, context: &DialogueContext) -> Result<Plan, ReasoningError> {
        self.majority.plan(context)
    }

    fn respond(
        &self,
        _context: &DialogueContext,
        plan: &Plan,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError> {
        on_text(self.sentence.expose());
        Ok(Reply {
            text: self.sentence.clone(),
            strategy: plan.strategy.top().clone(),
            source: Self::NAME.to_owned(),
        })
    }
}
