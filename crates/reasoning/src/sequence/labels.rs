//! The tokens that stand for labels: one table, strategies first, as the authors' ids have it.

use smes_dialogue::{Emotion, EmotionSet, Label, Plan, Strategy, StrategySet};

use super::{LabelPrefix, PrefixStep};
use crate::ReasoningError;

/// The token between the user emotion and the strategy.
const SEPARATOR: &str = "[sep_emotion]";

/// Ids of the label tokens, each block in the order of its label set.
///
/// The authors' blocks are 54944..54953 strategies, 54954..54960 system emotions, 54961 separator,
/// 54962..54968 user emotions. The order inside a block is not published; it makes no difference
/// as long as one table is used throughout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelTokens {
    /// `[Open question]`, in the order of the strategies.
    pub strategies: Vec<u32>,
    /// `[sys_anger]`, in the order of the emotions.
    pub system_emotions: Vec<u32>,
    /// `[sep_emotion]`.
    pub separator: u32,
    /// `[anger]`, in the order of the emotions.
    pub user_emotions: Vec<u32>,
}

/// Labels of one turn by their places in the label sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChosenLabels {
    /// The user emotion.
    pub user_emotion: usize,
    /// The strategy.
    pub strategy: usize,
    /// The system emotion.
    pub system_emotion: usize,
}

impl LabelTokens {
    /// What the tokens look like, in the order in which they follow the vocabulary.
    pub fn surface_forms(emotions: &EmotionSet, strategies: &StrategySet) -> Vec<String> {
        let strategies = strategies.names().map(|name| format!("[{name}]"));
        let system = emotions.names().map(|name| format!("[sys_{name}]"));
        let user = emotions.names().map(|name| format!("[{name}]"));
        strategies
            .chain(system)
            .chain([SEPARATOR.to_owned()])
            .chain(user)
            .collect()
    }

    /// Looks the tokens up.
    ///
    /// # Errors
    /// [`ReasoningError::MissingLabelTokens`] names those that the tokenizer lacks.
    pub fn find(
        emotions: &EmotionSet,
        strategies: &StrategySet,
        id_of: impl Fn(&str) -> Option<u32>,
    ) -> Result<Self, ReasoningError> {
        let forms = Self::surface_forms(emotions, strategies);
        let missing: Vec<String> = forms
            .iter()
            .filter(|form| id_of(form).is_none())
            .cloned()
            .collect();
        if !missing.is_empty() {
            return Err(ReasoningError::MissingLabelTokens {
                folder: None,
                missing,
            });
        }
        let ids: Vec<u32> = forms.iter().filter_map(|form| id_of(form)).collect();
        let (strategies, rest) = ids.split_at(strategies.len());
        let (system, rest) = rest.split_at(emotions.len());
        Ok(Self {
            strategies: strategies.to_vec(),
            system_emotions: system.to_vec(),
            separator: rest[0],
            user_emotions: rest[1..].to_vec(),
        })
    }

    /// Every label token.
    pub fn all(&self) -> Vec<u32> {
        let blocks = [&self.strategies, &self.system_emotions, &self.user_emotions];
        let mut all: Vec<u32> = blocks.into_iter().flatten().copied().collect();
        all.push(self.separator);
        all.sort_unstable();
        all
    }

    /// The token of a step for these labels.
    pub fn token(&self, step: PrefixStep, labels: ChosenLabels) -> u32 {
        match step {
            PrefixStep::UserEmotion => self.user_emotions[labels.user_emotion],
            PrefixStep::Separator => self.separator,
            PrefixStep::Strategy => self.strategies[labels.strategy],
            PrefixStep::SystemEmotion => self.system_emotions[labels.system_emotion],
        }
    }
}

impl ChosenLabels {
    /// The labels that a plan chose.
    ///
    /// # Errors
    /// [`ReasoningError::PlanOfOtherLabels`] when one is not of the sets.
    pub fn of_plan(
        plan: &Plan,
        emotions: &EmotionSet,
        strategies: &StrategySet,
    ) -> Result<Self, ReasoningError> {
        let other = |kind: &'static str| ReasoningError::PlanOfOtherLabels { kind };
        let emotion =
            |label: &Emotion| emotions.index_of(label).ok_or_else(|| other(Emotion::KIND));
        let strategy = plan.strategy.top();
        Ok(Self {
            user_emotion: emotion(plan.user_emotion.top())?,
            strategy: strategies
                .index_of(strategy)
                .ok_or_else(|| other(Strategy::KIND))?,
            system_emotion: emotion(plan.system_emotion.top())?,
        })
    }
}

/// Labels as they are known, each or none.
#[derive(Debug, Clone, Copy, Default)]
pub struct KnownLabels<'d> {
    /// The user emotion.
    pub user_emotion: Option<&'d Emotion>,
    /// The strategy.
    pub strategy: Option<&'d Strategy>,
    /// The system emotion.
    pub system_emotion: Option<&'d Emotion>,
}

impl KnownLabels<'_> {
    /// Their places; 0 for one that the prefix does without.
    ///
    /// # Errors
    /// The kind of one that is missing where the prefix needs it, or not of the sets.
    pub fn places(
        self,
        prefix: LabelPrefix,
        emotions: &EmotionSet,
        strategies: &StrategySet,
    ) -> Result<ChosenLabels, &'static str> {
        let place = |is_needed: bool, found: Option<usize>, kind: &'static str| match found {
            None if is_needed => Err(kind),
            found => Ok(found.unwrap_or(0)),
        };
        let emotion = |label: Option<&Emotion>| emotions.index_of(label?);
        let strategy = self.strategy.and_then(|one| strategies.index_of(one));
        Ok(ChosenLabels {
            user_emotion: place(
                prefix.user_emotion,
                emotion(self.user_emotion),
                Emotion::KIND,
            )?,
            strategy: place(prefix.strategy, strategy, Strategy::KIND)?,
            system_emotion: place(
                prefix.system_emotion,
                emotion(self.system_emotion),
                Emotion::KIND,
            )?,
        })
    }
}

#[cfg(test)]
mod tests {
    use smes_dialogue::{mesc_emotions, mesc_strategies};

    use super::*;

    #[test]
    fn the_blocks_of_mesc_are_where_the_authors_code_has_them() {
        let (emotions, strategies) = (mesc_emotions(), mesc_strategies());
        let forms = LabelTokens::surface_forms(&emotions, &strategies);
        assert_eq!(forms.len(), 25);
        let id_of = |form: &str| {
            let place = forms.iter().position(|other| other == form)?;
            u32::try_from(54_944 + place).ok()
        };
        let tokens = LabelTokens::find(&emotions, &strategies, id_of).unwrap();
        assert_eq!(tokens.strategies, (54_944..=54_953).collect::<Vec<_>>());
        assert_eq!(
            tokens.system_emotions,
            (54_954..=54_960).collect::<Vec<_>>()
        );
        assert_eq!(tokens.separator, 54_961);
        assert_eq!(tokens.user_emotions, (54_962..=54_968).collect::<Vec<_>>());
        assert_eq!(tokens.all(), (54_944..=54_968).collect::<Vec<_>>());
        assert!(forms.contains(&"[Open question]".to_owned()));
        assert!(forms.contains(&"[sys_neutral]".to_owned()));
        assert!(forms.contains(&"[depression]".to_owned()));
    }

    #[test]
    fn a_tokenizer_without_the_label_tokens_is_an_error_that_names_them() {
        let id_of = |form: &str| (form != "[Approval]").then_some(1);
        let error = LabelTokens::find(&mesc_emotions(), &mesc_strategies(), id_of).unwrap_err();
        assert!(error.to_string().contains("`[Approval]`"), "{error}");
        assert!(error.hint().is_some());
    }
}
