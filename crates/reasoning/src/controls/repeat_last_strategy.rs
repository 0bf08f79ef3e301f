//! The control that repeats the supporter's latest strategy, in three forms.
//!
//! On MESC's test instances the plain form is right in 58.3 %, more than the paper's model (49.0 %):
//! the history holds gold strategies, and utterances of one turn mostly share theirs. The form that
//! knows about turns repeats only inside one.

use smes_dialogue::{
    DialogueContext, Distribution, EmotionSet, Label, Plan, Reply, Strategy, StrategySet,
};

use super::{Majority, OPENING_STRATEGY};
use crate::{Reasoner, ReasoningError};

/// What is said where nothing is repeated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RepeatForm {
    /// Repeat wherever there is a strategy to repeat, else the majority.
    #[default]
    ElseMajority,
    /// Repeat wherever there is a strategy to repeat, else what most often opens a turn.
    ElseOpening,
    /// Repeat inside a turn, and what most often opens a turn at its beginning.
    InsideTurn,
}

/// The latest strategy of the history; the majority for the emotions.
#[derive(Debug, Clone, Default)]
pub struct RepeatLastStrategy {
    form: RepeatForm,
    majority: Majority,
}

impl RepeatLastStrategy {
    /// Its name for [`crate::open`].
    pub const NAME: &'static str = "repeat-last-strategy";

    /// Name of the form [`RepeatForm::ElseOpening`].
    pub const ELSE_OPENING: &'static str = "repeat-last-else-opening";
    /// Name of the form [`RepeatForm::InsideTurn`].
    pub const INSIDE_TURN: &'static str = "repeat-inside-turn";

    /// The plain form over MESC's labels.
    pub fn new() -> Self {
        Self::default()
    }

    /// A form over MESC's labels.
    pub fn with_form(form: RepeatForm) -> Self {
        Self {
            form,
            ..Self::default()
        }
    }
}

impl Reasoner for RepeatLastStrategy {
    fn id(&self) -> String {
        let name = match self.form {
            RepeatForm::ElseMajority => Self::NAME,
            RepeatForm::ElseOpening => Self::ELSE_OPENING,
            RepeatForm::InsideTurn => Self::INSIDE_TURN,
        };
        format!("{name}@1")
    }

    fn emotions(&self) -> &EmotionSet {
        self.majority.emotions()
    }

    fn strategies(&self) -> &StrategySet {
        self.majority.strategies()
    }

    fn plan(&self, context: &DialogueContext) -> Result<Plan, ReasoningError> {
        let mut plan = Majority::always();
        if self.form != RepeatForm::ElseMajority {
            plan.strategy = Distribution::certain(Strategy::from_name(OPENING_STRATEGY));
        }
        let repeats = self.form != RepeatForm::InsideTurn || context.continues_supporter_turn();
        if let Some(last) = context.last_strategy().filter(|_| repeats) {
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
    use smes_dialogue::ContextUtterance;

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
    fn the_form_that_knows_turns_repeats_only_inside_one() {
        let strategy = |form, utterances: Vec<ContextUtterance>| {
            let control = RepeatLastStrategy::with_form(form);
            let plan = control.plan(&DialogueContext { utterances }).unwrap();
            plan.strategy.top().to_string()
        };
        let said = || ContextUtterance::supporter("words", Some(Strategy::from_name("Approval")));
        let answered = || vec![said(), ContextUtterance::seeker("words")];
        assert_eq!(strategy(RepeatForm::InsideTurn, vec![said()]), "Approval");
        assert_eq!(
            strategy(RepeatForm::InsideTurn, answered()),
            "Open question"
        );
        assert_eq!(strategy(RepeatForm::ElseOpening, answered()), "Approval");
        assert_eq!(
            strategy(RepeatForm::ElseOpening, Vec::new()),
            "Open question"
        );
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
