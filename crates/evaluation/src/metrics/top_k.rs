//! Top-k accuracy: the share of instances whose gold label is among the `k` most likely.
//!
//! As `sklearn.metrics.top_k_accuracy_score` where no two probabilities are equal; ties keep the order
//! in which the system lists its labels. Range `0..=1`, higher is better. An instance without
//! probabilities is right at any `k` only if its one label is.

/// Whether the gold label is among the first `k` of labels that stand most likely first.
pub fn is_in_top_k<'l>(
    gold: &str,
    most_likely_first: impl IntoIterator<Item = &'l str>,
    k: usize,
) -> bool {
    most_likely_first
        .into_iter()
        .take(k)
        .any(|label| label == gold)
}
