//! The trait behind which every model that supports stands.

use smes_dialogue::{Cue, DialogueContext, EmotionSet, Plan, Private, Reply, StrategySet};

use crate::ReasoningError;
use crate::sequence::KnownLabels;

/// Which labels of a plan a reasoner decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LabelTasks {
    /// The user emotion.
    pub user_emotion: bool,
    /// The strategy.
    pub strategy: bool,
    /// The system emotion.
    pub system_emotion: bool,
}

impl LabelTasks {
    /// All three.
    pub const ALL: Self = Self {
        user_emotion: true,
        strategy: true,
        system_emotion: true,
    };
}

/// A supporter's turn as it was: labels, words, and what was heard and seen meanwhile.
#[derive(Debug, Clone, Copy)]
pub struct SaidTurn<'d> {
    /// Its labels.
    pub labels: KnownLabels<'d>,
    /// Its words.
    pub words: &'d Private<String>,
    /// Its cue.
    pub cue: Option<&'d Cue>,
}

/// How likely a reasoner finds what was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Likelihood {
    /// Sum of the natural logarithms of the tokens' probabilities, each given the right ones before.
    pub log_prob: f64,
    /// Number of these tokens.
    pub n_tokens: u64,
    /// Whether the cue stands among them, after the words.
    pub has_cue: bool,
}

/// A model that reads a history, plans a support turn and words it.
///
/// Planning and responding are two calls so that a live conversation can show each decision as
/// soon as it is made, and so that offline prediction can skip the wording.
pub trait Reasoner: Send + Sync {
    /// Name and version, as written into predictions: `starter@1`.
    fn id(&self) -> String;

    /// The emotions it tells apart, in index order.
    fn emotions(&self) -> &EmotionSet;

    /// The strategies it can choose, in index order.
    fn strategies(&self) -> &StrategySet;

    /// Whether the cues of the history enter its plans. Where they do not, its user emotion is that
    /// of the words alone, and can be held against voice and face ([`crate::contrast()`]).
    fn reads_cues(&self) -> bool {
        false
    }

    /// User emotion, then strategy, then system emotion, each given the ones before.
    ///
    /// # Errors
    /// When the history holds labels outside the reasoner's sets, or the model fails.
    fn plan(&self, context: &DialogueContext) -> Result<Plan, ReasoningError>;

    /// The response that follows the plan. `on_text` receives its pieces as they are made.
    ///
    /// # Errors
    /// As for [`Reasoner::plan`].
    fn respond(
        &self,
        context: &DialogueContext,
        plan: &Plan,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError>;

    /// How likely it finds what was said. Which tokens count is the reasoner's convention, so figures
    /// of different vocabularies do not compare. `None` by default and for a turn that lacks what the
    /// reasoner's targets consist of: only who makes words out of probabilities can tell.
    ///
    /// # Errors
    /// As for [`Reasoner::plan`].
    fn likelihood(
        &self,
        _context: &DialogueContext,
        _turn: &SaidTurn<'_>,
    ) -> Result<Option<Likelihood>, ReasoningError> {
        Ok(None)
    }

    /// Which labels it decides. Of the others a plan holds a uniform distribution, and predictions
    /// hold nothing. All three by default.
    fn tasks(&self) -> LabelTasks {
        LabelTasks::ALL
    }

    /// Drops what was kept of these words in order to answer faster. Whoever holds conversations
    /// calls it when one ends or is erased. Nothing by default: most reasoners keep nothing.
    fn forget(&self, _context: &DialogueContext) {}

    /// Does ahead what would otherwise slow the first turn; to be called once, in the background.
    /// Nothing by default, and never needed for a right answer.
    fn warm_up(&self) {}
}
