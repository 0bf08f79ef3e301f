//! BERTScore: words matched by meaning, from vectors that an encoder made elsewhere.
//!
//! Source: Zhang et al. 2020; reference: bert-score 0.3.13 (`greedy_cos_idf`). Every token of one side
//! is matched with the token of the other whose vector is nearest; precision is the mean over the
//! hypothesis's tokens, recall over the reference's, weighted by inverse document frequency if asked.
//! The special tokens at both ends can be matched but have no weight. Range about `-1..=1` (`0..=1`
//! in practice), higher is better; an empty side gives 0. Which encoder and which layer is said
//! beside every figure: scores of different encoders do not compare. No tensor here: the vectors
//! come in.

use std::collections::{HashMap, HashSet};

/// A text as an encoder sees it, special tokens at both ends.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenVectors {
    /// Numbers of the tokens, `[T]`.
    pub ids: Vec<u32>,
    /// Their vectors one after the other, `[T * D]`.
    pub values: Vec<f32>,
}

impl TokenVectors {
    fn width(&self) -> usize {
        self.values.len() / self.ids.len().max(1)
    }

    fn is_empty(&self) -> bool {
        self.ids.len() <= 2
    }

    /// The vectors at unit length.
    fn unit(&self) -> Vec<Vec<f64>> {
        self.values
            .chunks_exact(self.width().max(1))
            .map(|vector| {
                let norm = vector
                    .iter()
                    .map(|&x| f64::from(x) * f64::from(x))
                    .sum::<f64>()
                    .sqrt();
                let norm = if norm > 0.0 { norm } else { 1.0 };
                vector.iter().map(|&x| f64::from(x) / norm).collect()
            })
            .collect()
    }
}

/// Weights of tokens: all equal, or by how few references hold them.
#[derive(Debug, Clone)]
pub struct TokenWeights {
    by_id: Option<(HashMap<u32, f64>, f64)>,
}

impl TokenWeights {
    /// All tokens count the same.
    pub const fn equal() -> Self {
        Self { by_id: None }
    }

    /// `ln((N + 1) / (n + 1))` for a token that is in `n` of `N` references.
    pub fn inverse_document_frequency<'r>(references: impl IntoIterator<Item = &'r [u32]>) -> Self {
        let mut n_with: HashMap<u32, u32> = HashMap::new();
        let mut n_references = 0_u32;
        for ids in references {
            n_references += 1;
            for id in ids.iter().collect::<HashSet<_>>() {
                *n_with.entry(*id).or_default() += 1;
            }
        }
        let weight = |n: u32| (f64::from(n_references + 1) / f64::from(n + 1)).ln();
        let by_id = n_with.into_iter().map(|(id, n)| (id, weight(n))).collect();
        Self {
            by_id: Some((by_id, weight(0))),
        }
    }

    /// Weights of the tokens of a text, adding up to 1 unless all are 0.
    fn of(&self, text: &TokenVectors) -> Vec<f64> {
        let last = text.ids.len().saturating_sub(1);
        let weight = |(idx, id): (usize, &u32)| match &self.by_id {
            Some((by_id, unseen)) => by_id.get(id).copied().unwrap_or(*unseen),
            None => f64::from(u8::from(idx > 0 && idx < last)),
        };
        let mut weights: Vec<f64> = text.ids.iter().enumerate().map(weight).collect();
        let sum: f64 = weights.iter().sum();
        if sum != 0.0 {
            for weight in &mut weights {
                *weight /= sum;
            }
        }
        weights
    }
}

/// Precision, recall and their harmonic mean.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct BertScore {
    /// How much of the hypothesis is found in the reference.
    pub precision: f64,
    /// How much of the reference is found in the hypothesis.
    pub recall: f64,
    /// Harmonic mean.
    pub f1: f64,
}

impl BertScore {
    /// The score on a scale on which `baseline` (the score of random pairs) is 0.
    #[must_use]
    pub fn rescaled(self, baseline: Self) -> Self {
        let scale = |value: f64, base: f64| (value - base) / (1.0 - base);
        Self {
            precision: scale(self.precision, baseline.precision),
            recall: scale(self.recall, baseline.recall),
            f1: scale(self.f1, baseline.f1),
        }
    }
}

/// The score of a pair.
pub fn bert_score(
    hypothesis: &TokenVectors,
    reference: &TokenVectors,
    weights: &TokenWeights,
) -> BertScore {
    if hypothesis.is_empty() || reference.is_empty() {
        return BertScore::default();
    }
    let (ours, theirs) = (hypothesis.unit(), reference.unit());
    let mut best_ours = vec![f64::NEG_INFINITY; ours.len()];
    let mut best_theirs = vec![f64::NEG_INFINITY; theirs.len()];
    for (i, a) in ours.iter().enumerate() {
        for (j, b) in theirs.iter().enumerate() {
            let cosine: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
            best_ours[i] = best_ours[i].max(cosine);
            best_theirs[j] = best_theirs[j].max(cosine);
        }
    }
    let weighted = |best: &[f64], weights: &[f64]| -> f64 {
        best.iter()
            .zip(weights)
            .map(|(best, weight)| best * weight)
            .sum()
    };
    let precision = weighted(&best_ours, &weights.of(hypothesis));
    let recall = weighted(&best_theirs, &weights.of(reference));
    let f1 = if precision + recall == 0.0 {
        0.0
    } else {
        2.0 * precision * recall / (precision + recall)
    };
    BertScore {
        precision,
        recall,
        f1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ids: &[u32], vectors: &[[f32; 2]]) -> TokenVectors {
        TokenVectors {
            ids: ids.to_vec(),
            values: vectors.concat(),
        }
    }

    #[test]
    fn a_pair_worked_by_hand_has_its_known_values() {
        let ours = text(
            &[0, 5, 6, 1],
            &[[1.0, 1.0], [2.0, 0.0], [0.0, 3.0], [1.0, 1.0]],
        );
        let theirs = text(&[0, 5, 1], &[[-1.0, 0.0], [1.0, 0.0], [-1.0, -1.0]]);
        let score = bert_score(&ours, &theirs, &TokenWeights::equal());
        assert!((score.precision - 0.5).abs() < 1e-9, "{score:?}");
        assert!((score.recall - 1.0).abs() < 1e-9);
        assert!((score.f1 - 2.0 / 3.0).abs() < 1e-9);
    }

    #[test]
    fn nothing_between_the_special_tokens_scores_nothing() {
        let empty = text(&[0, 1], &[[1.0, 0.0], [1.0, 0.0]]);
        let weights = TokenWeights::inverse_document_frequency([&[0, 1][..]]);
        assert_eq!(bert_score(&empty, &empty, &weights), BertScore::default());
    }

    #[test]
    fn a_text_equals_itself_and_rescaling_keeps_one() {
        let one = text(&[0, 5, 1], &[[1.0, 0.5], [0.3, 0.4], [0.1, 0.9]]);
        let score = bert_score(&one, &one, &TokenWeights::equal());
        assert!((score.f1 - 1.0).abs() < 1e-9);
        let base = BertScore {
            precision: 0.5,
            recall: 0.5,
            f1: 0.5,
        };
        assert!((score.rescaled(base).f1 - 1.0).abs() < 1e-9);
    }
}
