//! From scores to probabilities and to a token drawn from them.

/// Softmax over scores; barred ones (minus infinity) get 0.
///
/// # Shapes
/// `scores`: `[V]` · returns `[V]`; all 0 when everything is barred
pub fn softmax_of(scores: &[f32]) -> Vec<f32> {
    let peak = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    if peak == f32::NEG_INFINITY {
        return vec![0.0; scores.len()];
    }
    let mut probs: Vec<f32> = scores.iter().map(|score| (score - peak).exp()).collect();
    let total: f32 = probs.iter().sum();
    for prob in &mut probs {
        *prob /= total;
    }
    probs
}

/// Log-softmax over scores, in place.
pub(super) fn log_softmax_in_place(scores: &mut [f32]) {
    let peak = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f32 = scores.iter().map(|score| (score - peak).exp()).sum();
    let shift = peak + total.ln();
    for score in scores {
        *score -= shift;
    }
}

/// The token at a share of the mass: `share` uniform in `[0, 1)` makes it a draw from `probs`.
/// `None` when there is no mass.
pub fn token_at(probs: &[f32], share: f64) -> Option<usize> {
    let total: f64 = probs.iter().map(|&prob| f64::from(prob)).sum();
    let mut left = share * total;
    let mut last = None;
    for (token, &prob) in probs.iter().enumerate() {
        if prob > 0.0 {
            last = Some(token);
            left -= f64::from(prob);
            if left < 0.0 {
                break;
            }
        }
    }
    last
}

/// The place of the largest score; the first of equals. `None` when everything is barred.
pub fn argmax(scores: &[f32]) -> Option<usize> {
    let mut best: Option<(usize, f32)> = None;
    for (token, &score) in scores.iter().enumerate() {
        if score > f32::NEG_INFINITY && best.is_none_or(|(_, top)| score > top) {
            best = Some((token, score));
        }
    }
    best.map(|(token, _)| token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shares_of_the_mass_fall_to_the_tokens_in_order() {
        let probs = [0.0, 0.5, 0.0, 0.25, 0.25, 0.0];
        for (share, token) in [(0.0, 1), (0.49, 1), (0.5, 3), (0.76, 4), (0.999_999, 4)] {
            assert_eq!(token_at(&probs, share), Some(token), "{share}");
        }
        assert_eq!(token_at(&[0.0, 0.0], 0.5), None);
        assert_eq!(argmax(&[f32::NEG_INFINITY; 2]), None);
    }

    proptest! {
        #[test]
        fn a_distribution_sums_to_one_and_leaves_the_barred_out(
            scores in prop::collection::vec(prop_oneof![Just(f32::NEG_INFINITY), -30_f32..30.0], 1..40)
        ) {
            let probs = softmax_of(&scores);
            let total: f32 = probs.iter().sum();
            let is_open = scores.iter().any(|score| score.is_finite());
            let expected = if is_open { 1.0 } else { 0.0 };
            prop_assert!((total - expected).abs() < 1e-5);
            for (score, prob) in scores.iter().zip(&probs) {
                prop_assert!(score.is_finite() || *prob == 0.0);
            }
            if let Some(token) = token_at(&probs, 0.37) {
                prop_assert!(scores[token].is_finite());
            }
        }
    }
}
