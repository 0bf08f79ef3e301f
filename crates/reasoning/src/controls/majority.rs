//! The control that always gives the most frequent labels.

use smes_dialogue::{
    DialogueContext, Distribution, Emotion, EmotionSet, Label, Plan, Reply, Strategy, StrategySet,
    mesc_emotions, mesc_strategies,
};

use super::{MAJORITY_EMOTION, MAJORITY_STRATEGY};
use crate::{Reasoner, ReasoningError};

/// Always *neutral*, *Interpretation*, *neutral*.
#[derive(Debug, Clone)]
pub struct Majority {
    emotions: EmotionSet,
    strategies: StrategySet,
}

impl Majority {
    /// Its name for [`crate::open`].
    pub const NAME: &'static str = "majority";

    /// The control over MESC's labels.
    pub fn new() -> Self {
        Self {
            emotions: mesc_emotions(),
            strategies: mesc_strategies(),
        }
    }

    /// The plan it gives to every history.
    pub(super) fn always() -> Plan {
        let emotion = || Distribution::certain(Emotion::from_name(MAJORITY_EMOTION));
        Plan {
            user_emotion: emotion(),
            strategy: Distribution::certain(Strategy::from_name(MAJORITY_STRATEGY)),
            system_emotion: emotion(),
        }
    }
}

impl Default for Majority {
    fn default() -> Self {
        Self::new()
    }
}

impl Reasoner for Majority {
    fn id(&self) -> String {
        format!("{}@1", Self::NAME)
    }

    fn emotions(&self) -> &EmotionSet {
        &self.emotions
    }

    fn strategies(&self) -> &StrategySet {
        &self.strategies
    }

    fn plan(&self, _context: &DialogueContext) -> Result<Plan, ReasoningError> {
        Ok(Self::always())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_labels_are_of_its_sets_and_it_words_nothing() {
        let control = Majority::new();
        let context = DialogueContext::default();
        let plan = control.plan(&context).unwrap();
        assert!(control.emotions.index_of(plan.user_emotion.top()).is_some());
        assert!(control.strategies.index_of(plan.strategy.top()).is_some());
        let error = control
            .respond(&context, &plan, &mut |_| {})
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "reasoner `majority@1` plans only and words no responses"
        );
    }
}
