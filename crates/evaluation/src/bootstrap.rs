//! Bootstrap intervals by dialogue.
//!
//! Utterances of a dialogue are not independent, so whole dialogues are drawn with replacement,
//! and the percentile interval of the metric over the draws is reported.

use crate::SplitMix64;
use crate::metrics::ClassCounts;

/// Percentile interval of `metric` over `n_resamples` draws of as many dialogues as there are.
///
/// `level` in `0..1`, for example 0.95. `None` when there is no dialogue or no draw.
pub(crate) fn interval(
    dialogues: &[ClassCounts],
    metrics: &[fn(&ClassCounts) -> f64],
    n_resamples: usize,
    level: f64,
    seed: u64,
) -> Option<Vec<(f64, f64)>> {
    let first = dialogues.first()?;
    let mut random = SplitMix64::new(seed);
    let mut sum = first.clone();
    let mut values = vec![Vec::with_capacity(n_resamples); metrics.len()];
    for _ in 0..n_resamples {
        sum.clear();
        for _ in dialogues {
            sum.merge(&dialogues[random.below(dialogues.len())]);
        }
        for (values, metric) in values.iter_mut().zip(metrics) {
            values.push(metric(&sum));
        }
    }
    values
        .into_iter()
        .map(|values| percentiles(values, level))
        .collect()
}

/// The two ends that leave `(1 - level) / 2` outside on each side, with linear interpolation as
/// `numpy.percentile` does.
fn percentiles(mut values: Vec<f64>, level: f64) -> Option<(f64, f64)> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Some((quantile(&values, tail), quantile(&values, 1.0 - tail)))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`q` is a share and the list is not empty, so the position is a valid index"
)]
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = q * (sorted.len() - 1) as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let weight = position - below as f64;
    sorted[below] * (1.0 - weight) + sorted[above] * weight
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::accuracy;

    #[test]
    fn quantiles_interpolate_as_numpy() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        assert!((quantile(&sorted, 0.025) - 1.075).abs() < 1e-12);
        assert!((quantile(&sorted, 1.0) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn the_interval_covers_the_mean_and_is_near_the_normal_approximation() {
        // 400 dialogues of one instance, half of them right: sd of the mean is 0.025.
        let dialogues: Vec<ClassCounts> = (0..400)
            .map(|idx| {
                let mut counts = ClassCounts::new(2);
                counts.add(0, Some(idx % 2));
                counts
            })
            .collect();
        let (low, high) = interval(&dialogues, &[accuracy], 2000, 0.95, 7).unwrap()[0];
        assert!((low - 0.451).abs() < 0.006, "{low}");
        assert!((high - 0.549).abs() < 0.006, "{high}");
        let again = interval(&dialogues, &[accuracy], 2000, 0.95, 7).unwrap()[0];
        assert_eq!((low, high), again);
    }
}
