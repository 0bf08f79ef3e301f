//! What the history shows without reading it: roles, strategies, place, punctuation.
//!
//! The best rule known for MESC's strategies (repeat the last one inside a run of supporter
//! utterances) lives entirely in these features; the text adds to it. One row an utterance, each
//! computed from the utterances up to it and nothing later.

use smes_dialogue::{ContextUtterance, Role, StrategySet};

use crate::ReasoningError;
use crate::history::strategy_index;

/// Runs of one role longer than this look alike.
const MAX_RUN: usize = 6;
/// Utterance counts below which a dialogue is at its beginning, in growing steps.
const BEGINNINGS: [usize; 4] = [1, 3, 6, 12];
const N_PUNCTUATION: usize = 9;
const N_PLACE: usize = 10;

/// Width of a feature row.
///
/// Three one-hot blocks of `n_strategies + 1` (the last strategy when the seeker speaks, the last
/// when the supporter speaks, the one of the supporter turn before), one of run lengths, and
/// scalars.
pub const fn surface_width(n_strategies: usize) -> usize {
    3 * (n_strategies + 1) + MAX_RUN + N_PUNCTUATION + N_PLACE
}

/// Column that is 1 where the utterance is the supporter's.
pub(super) const fn supporter_column(n_strategies: usize) -> usize {
    3 * (n_strategies + 1) + MAX_RUN + N_PUNCTUATION
}

/// Features of each utterance of a history.
///
/// # Shapes
/// returns `U` rows of [`surface_width`] numbers
///
/// # Errors
/// [`ReasoningError::UnknownLabel`] when a strategy is not of the set.
pub fn surface_features(
    history: &[ContextUtterance],
    strategies: &StrategySet,
) -> Result<Vec<Vec<f32>>, ReasoningError> {
    let mut state = State::new(strategies.len());
    history
        .iter()
        .enumerate()
        .map(|(idx, utterance)| {
            let strategy = strategy_index(utterance, idx, strategies)?;
            state.advance(utterance, strategy);
            Ok(state.row(utterance.text.expose()))
        })
        .collect()
}

/// What has happened up to the current utterance.
struct State {
    /// Index that stands for "none yet".
    none: usize,
    last_strategy: usize,
    strategy_of_turn_before: usize,
    is_supporter: bool,
    is_new_turn: bool,
    run_length: usize,
    n_utterances: usize,
    n_supporter: usize,
}

impl State {
    const fn new(n_strategies: usize) -> Self {
        Self {
            none: n_strategies,
            last_strategy: n_strategies,
            strategy_of_turn_before: n_strategies,
            is_supporter: false,
            is_new_turn: false,
            run_length: 0,
            n_utterances: 0,
            n_supporter: 0,
        }
    }

    fn advance(&mut self, utterance: &ContextUtterance, strategy: Option<usize>) {
        let is_supporter = utterance.role == Role::Supporter;
        let is_first = self.n_utterances == 0;
        self.is_new_turn = !is_first && is_supporter != self.is_supporter;
        self.run_length = if is_first || self.is_new_turn {
            1
        } else {
            self.run_length + 1
        };
        self.is_supporter = is_supporter;
        if is_supporter {
            if self.run_length == 1 {
                self.strategy_of_turn_before = self.last_strategy;
            }
            self.last_strategy = strategy.unwrap_or(self.none);
            self.n_supporter += 1;
        }
        self.n_utterances += 1;
    }

    fn row(&self, text: &str) -> Vec<f32> {
        let block = self.none + 1;
        let mut row = vec![0.0; 3 * block + MAX_RUN];
        row[self.last_strategy + if self.is_supporter { 0 } else { block }] = 1.0;
        row[2 * block + self.strategy_of_turn_before] = 1.0;
        row[3 * block + self.run_length.min(MAX_RUN) - 1] = 1.0;
        row.extend(punctuation(text));
        row.extend(self.place());
        row
    }

    /// Role and place in the dialogue. The constants bring each number near zero mean.
    fn place(&self) -> [f32; N_PLACE] {
        let n_before = self.n_utterances - 1;
        let is_beginning = BEGINNINGS.map(|n| flag(n_before < n));
        [
            flag(self.is_supporter),
            flag(self.is_new_turn),
            is_beginning[0],
            is_beginning[1],
            is_beginning[2],
            is_beginning[3],
            (n_before as f32).ln_1p() / 2.0 - 1.2,
            self.n_supporter as f32 / self.n_utterances as f32 - 0.36,
            flag(!self.is_supporter && self.last_strategy == self.none),
            flag(self.n_supporter == 0),
        ]
    }
}

/// How the utterance is written: its end, its length, whether it goes on from the one before.
fn punctuation(text: &str) -> [f32; N_PUNCTUATION] {
    let text = text.trim_end_matches(['"', '\'', ' ']);
    let end = text.chars().next_back().unwrap_or(' ');
    let n_words = text.split_whitespace().count();
    [
        flag(end == '.'),
        flag(end == '?'),
        flag(end == ','),
        flag(end == '!'),
        flag(text.ends_with("..")),
        flag(!".?,!".contains(end)),
        flag(text.chars().next().is_some_and(char::is_lowercase)),
        (n_words as f32).ln_1p() - 1.7,
        flag(text.contains('?')),
    ]
}

const fn flag(is_set: bool) -> f32 {
    if is_set { 1.0 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use smes_dialogue::Label as _;

    use super::*;
    use proptest::prelude::*;
    use smes_dialogue::{Strategy as SupportStrategy, mesc_strategies};

    fn features(history: &[ContextUtterance]) -> Vec<Vec<f32>> {
        surface_features(history, &mesc_strategies()).unwrap()
    }

    #[test]
    fn the_last_strategy_is_told_apart_by_who_speaks_now() {
        let question = SupportStrategy::from_name("Open question");
        let history = [
            ContextUtterance::supporter("How was it?", Some(question)),
            ContextUtterance::seeker("Long."),
        ];
        let rows = features(&history);
        assert_eq!((rows[0][1], rows[0][11 + 1]), (1.0, 0.0));
        assert_eq!((rows[1][1], rows[1][11 + 1]), (0.0, 1.0));
    }

    #[test]
    fn the_supporter_column_tells_who_speaks() {
        let rows = features(&[
            ContextUtterance::supporter("Hello.", None),
            ContextUtterance::seeker("Hello."),
        ]);
        let column = supporter_column(10);
        assert_eq!((rows[0][column], rows[1][column]), (1.0, 0.0));
    }

    #[test]
    fn an_unknown_strategy_is_an_error_that_names_the_utterance() {
        let history = [ContextUtterance::supporter(
            "Hm.",
            Some(SupportStrategy::from_name("Hypnosis")),
        )];
        let error = surface_features(&history, &mesc_strategies()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("utterance 0 of the history: unknown strategy")
        );
    }

    proptest! {
        #[test]
        fn rows_have_one_width_and_never_look_ahead(
            texts in prop::collection::vec((".{0,30}", any::<bool>()), 1..12),
            n_kept in 1usize..12,
        ) {
            let history: Vec<ContextUtterance> = texts
                .iter()
                .map(|(text, is_seeker)| if *is_seeker {
                    ContextUtterance::seeker(text.as_str())
                } else {
                    ContextUtterance::supporter(text.as_str(), None)
                })
                .collect();
            let all = features(&history);
            prop_assert!(all.iter().all(|row| row.len() == surface_width(10)));
            prop_assert!(all.iter().flatten().all(|number| number.is_finite()));
            let n_kept = n_kept.min(history.len());
            prop_assert_eq!(features(&history[..n_kept]), all[..n_kept].to_vec());
        }
    }
}
