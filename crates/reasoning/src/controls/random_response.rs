//! The control that answers with a moment of the training data drawn at random.
//!
//! The draw is made from the seed and the history, so that the same history always gets the same
//! answer, in whatever order and on however many cores histories come.

use smes_dialogue::{DialogueContext, EmotionSet, Plan, Reply, StrategySet};

use super::{Example, Majority};
use crate::{Reasoner, ReasoningError};

/// Random labels and words of training moments.
#[derive(Debug, Clone)]
pub struct RandomResponse {
    examples: Vec<Example>,
    seed: u64,
    majority: Majority,
}

impl RandomResponse {
    /// Its name on the command line.
    pub const NAME: &'static str = "random-response";

    /// The control over these moments, with MESC's labels.
    ///
    /// # Errors
    /// [`ReasoningError::NoExamples`] when there are none.
    pub fn try_new(examples: Vec<Example>, seed: u64) -> Result<Self, ReasoningError> {
        if examples.is_empty() {
            return Err(ReasoningError::NoExamples {
                control: Self::NAME,
            });
        }
        Ok(Self {
            examples,
            seed,
            majority: Majority::new(),
        })
    }

    fn drawn(&self, context: &DialogueContext) -> &Example {
        let drawn = u128::from(hash(self.seed, context)) * self.examples.len() as u128;
        let idx =
            usize::try_from(drawn >> 64).expect("the product's upper half is below the length");
        &self.examples[idx]
    }
}

/// FNV-1a over the seed and the words, then mixed (the finaliser of `SplitMix64`).
fn hash(seed: u64, context: &DialogueContext) -> u64 {
    let texts = context.utterances.iter();
    let bytes = texts.flat_map(|one| one.text.expose().bytes().chain([0]));
    let folded = seed
        .to_le_bytes()
        .into_iter()
        .chain(bytes)
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let mixed = (folded ^ (folded >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Reasoner for RandomResponse {
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
        Ok(self.drawn(context).plan.clone())
    }

    fn respond(
        &self,
        context: &DialogueContext,
        _plan: &Plan,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError> {
        let reply = self.drawn(context).reply(Self::NAME);
        on_text(reply.text.expose());
        Ok(reply)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::ContextUtterance;

    fn example(words: &str) -> Example {
        Example {
            context: Vec::new(),
            plan: Majority::always(),
            response: words.into(),
        }
    }

    #[test]
    fn all_moments_are_drawn_about_as_often_and_the_same_history_draws_the_same() {
        let examples = ["a", "b", "c", "d"].map(example).to_vec();
        let control = RandomResponse::try_new(examples, 7).unwrap();
        let mut counts = std::collections::HashMap::new();
        for idx in 0..4000 {
            let context = DialogueContext {
                utterances: vec![ContextUtterance::seeker(format!("words {idx}"))],
            };
            let plan = control.plan(&context).unwrap();
            let reply = control.respond(&context, &plan, &mut |_| {}).unwrap();
            assert_eq!(control.drawn(&context).response, reply.text);
            *counts.entry(reply.text.into_inner()).or_insert(0) += 1;
        }
        assert!(
            counts.values().all(|n| (900..1100).contains(n)),
            "{counts:?}"
        );
    }

    #[test]
    fn no_moments_are_an_error() {
        let error = RandomResponse::try_new(Vec::new(), 7).unwrap_err();
        assert_eq!(
            error.to_string(),
            "control `random-response` has nothing to draw from"
        );
    }
}
