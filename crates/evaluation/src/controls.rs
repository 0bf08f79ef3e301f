//! Controls: rules without a model that every model has to beat.
//!
//! They are computed from the prediction file itself, so every score stands beside them. Facts on
//! MESC's 1,067 test instances: `always_neutral` beats the paper's system emotion (98.5 % against
//! 96.1 %), and `repeat_last_strategy` beats its strategy (58.3 % against 49.0 %).

use smes_dialogue::{Emotion, Label, Strategy};

use crate::predictions::{Majority, Record};

/// A rule that predicts labels without looking at a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// The most frequent label of the train split.
    Majority,
    /// `neutral` for both emotions.
    AlwaysNeutral,
    /// The supporter's latest strategy again; the majority where there is none.
    RepeatLastStrategy,
    /// The supporter's latest strategy again; the train split's most frequent turn-opening
    /// strategy (MESC: *Open question*) where there is none.
    RepeatLastElseOpening,
    /// The supporter's latest strategy again inside a turn of theirs, and the turn-opening
    /// strategy at its beginning.
    RepeatInsideTurn,
}

impl Control {
    /// All, in the order of the tables.
    pub const ALL: [Self; 5] = [
        Self::Majority,
        Self::AlwaysNeutral,
        Self::RepeatLastStrategy,
        Self::RepeatLastElseOpening,
        Self::RepeatInsideTurn,
    ];

    /// Name in JSON.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Majority => "majority",
            Self::AlwaysNeutral => "always_neutral",
            Self::RepeatLastStrategy => "repeat_last_strategy",
            Self::RepeatLastElseOpening => "repeat_last_else_opening",
            Self::RepeatInsideTurn => "repeat_inside_turn",
        }
    }

    /// Whether the control has a rule of its own for emotions. Where it has none it answers with
    /// the majority.
    pub const fn has_emotion_rule(self) -> bool {
        matches!(self, Self::Majority | Self::AlwaysNeutral)
    }

    /// Whether the control has a rule of its own for strategies.
    pub const fn has_strategy_rule(self) -> bool {
        !matches!(self, Self::AlwaysNeutral)
    }

    /// The emotion it predicts. `neutral` is an answer only where the label set has it.
    pub(crate) fn emotion(self, majority: Option<&Emotion>, known: &[Emotion]) -> Option<Emotion> {
        match self {
            Self::AlwaysNeutral => {
                let neutral = Emotion::from_name("neutral");
                known.contains(&neutral).then_some(neutral)
            }
            _ => majority.cloned(),
        }
    }

    /// The strategy it predicts for a record.
    pub(crate) fn strategy(self, majority: &Majority, record: &Record) -> Option<Strategy> {
        let last = record.last_strategy.clone();
        match self {
            Self::Majority | Self::AlwaysNeutral => majority.strategy.clone(),
            Self::RepeatLastStrategy => last.or_else(|| majority.strategy.clone()),
            Self::RepeatLastElseOpening => last.or_else(|| majority.opening_strategy.clone()),
            Self::RepeatInsideTurn => last
                .filter(|_| record.continues_turn)
                .or_else(|| majority.opening_strategy.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{header, record};

    #[test]
    fn each_rule_answers_as_documented() {
        let majority = header(1).majority;
        let strategy = |last: Option<&str>, continues_turn| {
            let record = Record {
                last_strategy: last.map(Strategy::from_name),
                continues_turn,
                ..record("a", 1)
            };
            Control::ALL.map(|control| control.strategy(&majority, &record).unwrap().to_string())
        };
        let (most, opening, last) = ("Interpretation", "Open question", "Approval");
        assert_eq!(strategy(None, false), [most, most, most, opening, opening]);
        assert_eq!(
            strategy(Some(last), false),
            [most, most, last, last, opening]
        );
        assert_eq!(strategy(Some(last), true), [most, most, last, last, last]);
    }

    #[test]
    fn neutral_is_no_answer_where_the_set_lacks_it() {
        let known = [Emotion::from_name("anxiety")];
        assert_eq!(
            Control::AlwaysNeutral.emotion(Some(&known[0]), &known),
            None
        );
        assert_eq!(
            Control::Majority.emotion(Some(&known[0]), &known),
            Some(known[0].clone())
        );
    }
}
