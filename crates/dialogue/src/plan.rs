//! What a reasoner decides before it answers, and the answer.

use serde::{Deserialize, Serialize};

use crate::{Emotion, Private, Strategy};

/// Probabilities over the labels of one set, most likely first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
#[serde(bound(serialize = "L: Serialize", deserialize = "L: Deserialize<'de>"))]
pub struct Distribution<L> {
    probs: Vec<(L, f32)>,
}

impl<L> Distribution<L> {
    /// A distribution from labels and probabilities, sorted here. Ties keep the given order.
    /// `None` when it is empty, has a value outside `0..=1` or does not sum to 1 within 1e-3.
    pub fn try_new(mut probs: Vec<(L, f32)>) -> Option<Self> {
        let sum: f32 = probs.iter().map(|(_, prob)| prob).sum();
        let is_valid = probs.iter().all(|(_, prob)| (0.0..=1.001).contains(prob));
        if probs.is_empty() || !is_valid || (sum - 1.0).abs() > 1e-3 {
            return None;
        }
        probs.sort_by(|a, b| b.1.total_cmp(&a.1));
        Some(Self { probs })
    }

    /// All mass on one label.
    pub fn certain(label: L) -> Self {
        Self {
            probs: vec![(label, 1.0)],
        }
    }

    /// The most likely label.
    pub fn top(&self) -> &L {
        &self.probs[0].0
    }

    /// Probability of the most likely label.
    pub fn top_prob(&self) -> f32 {
        self.probs[0].1
    }

    /// Labels and probabilities, most likely first.
    pub fn iter(&self) -> impl Iterator<Item = (&L, f32)> {
        self.probs.iter().map(|(label, prob)| (label, *prob))
    }
}

impl<L: PartialEq> Distribution<L> {
    /// Probability of a label; 0 for one outside the distribution.
    pub fn prob(&self, label: &L) -> f32 {
        self.probs
            .iter()
            .find(|(other, _)| other == label)
            .map_or(0.0, |(_, prob)| *prob)
    }
}

/// The paper's chain before the response: `E_t | H_t`, `S_t | H_t, E_t`, `SE_t | H_t, E_t, S_t`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Emotion of the seeker.
    pub user_emotion: Distribution<Emotion>,
    /// Strategy of the answer.
    pub strategy: Distribution<Strategy>,
    /// Emotion, that is tone, of the answer.
    pub system_emotion: Distribution<Emotion>,
}

/// The response `R_t`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// What is said.
    pub text: Private<String>,
    /// The strategy it really follows; differs from the plan's top only where no response fits that.
    pub strategy: Strategy,
    /// Where it comes from: an id in a response bank, or a model's name.
    pub source: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_and_refuses_what_is_no_distribution() {
        let good = Distribution::try_new(vec![("a", 0.2), ("b", 0.8)]).unwrap();
        assert_eq!(
            (*good.top(), good.prob(&"a"), good.prob(&"c")),
            ("b", 0.2, 0.0)
        );
        assert!(Distribution::try_new(vec![("a", 0.2)]).is_none());
        assert!(Distribution::try_new(vec![("a", f32::NAN)]).is_none());
        assert!(Distribution::<&str>::try_new(vec![]).is_none());
    }
}
