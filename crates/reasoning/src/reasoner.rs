//! The trait behind which every model that supports stands.

use smes_dialogue::{DialogueContext, EmotionSet, Plan, Reply, StrategySet};

use crate::ReasoningError;

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
