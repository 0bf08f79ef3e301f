//! Bootstrap intervals by dialogue.
//!
//! Whole dialogues are drawn with replacement, as many as there are, and the percentile interval of
//! the quantity over the draws is reported (Efron 1979). For a difference of two systems both are
//! recomputed on the same draws (Berg-Kirkpatrick et al. 2012).

use serde::Serialize;

use super::{Quantity, Resampling, Tally};
use crate::SplitMix64;

/// Share of the draws inside an interval.
const LEVEL: f64 = 0.95;

/// A 95 % bootstrap interval by dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// The interval of each quantity; `None` when there is no dialogue or no draw.
pub fn interval<T: Tally>(
    dialogues: &[T],
    quantities: &[Quantity<'_, T>],
    resampling: Resampling,
) -> Option<Vec<Interval>> {
    let mut values = vec![Vec::with_capacity(resampling.n); quantities.len()];
    draw([dialogues], resampling, |[sum]| {
        for (values, quantity) in values.iter_mut().zip(quantities) {
            values.push(quantity(sum));
        }
    })?;
    values.into_iter().map(percentiles).collect()
}

/// How two systems differ in a quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedDifference {
    /// Of the quantity of the first minus that of the second.
    pub interval: Interval,
    /// Two-sided: twice the share of draws in which the difference is not on the side where it
    /// mostly is, one draw counted in.
    pub p: f64,
}

/// The differences of the quantities of `a` and `b`, which hold the same dialogues in the same order.
pub fn paired_differences<T: Tally>(
    a: &[T],
    b: &[T],
    quantities: &[Quantity<'_, T>],
    resampling: Resampling,
) -> Option<Vec<PairedDifference>> {
    let mut values = vec![Vec::with_capacity(resampling.n); quantities.len()];
    draw([a, b], resampling, |[a, b]| {
        for (values, quantity) in values.iter_mut().zip(quantities) {
            values.push(quantity(a) - quantity(b));
        }
    })?;
    values.into_iter().map(difference).collect()
}

fn difference(values: Vec<f64>) -> Option<PairedDifference> {
    let share = |is_there: fn(f64) -> bool| {
        let n = values.iter().filter(|value| is_there(**value)).count();
        (n + 1) as f64 / (values.len() + 1) as f64
    };
    let p = 2.0 * share(|value| value <= 0.0).min(share(|value| value >= 0.0));
    Some(PairedDifference {
        interval: percentiles(values)?,
        p: p.min(1.0),
    })
}

/// Calls `with_sums` with the sums over each draw of dialogues.
fn draw<T: Tally, const N: usize>(
    systems: [&[T]; N],
    resampling: Resampling,
    mut with_sums: impl FnMut([&T; N]),
) -> Option<()> {
    let n_dialogues = systems[0].len();
    debug_assert!(systems.iter().all(|system| system.len() == n_dialogues));
    let mut random = SplitMix64::new(resampling.seed);
    let mut sums: Vec<T> = systems
        .iter()
        .map(|system| system.first().cloned())
        .collect::<Option<_>>()?;
    for _ in 0..resampling.n {
        sums.iter_mut().for_each(T::clear);
        for _ in 0..n_dialogues {
            let drawn = random.below(n_dialogues);
            for (sum, system) in sums.iter_mut().zip(&systems) {
                sum.merge(&system[drawn]);
            }
        }
        with_sums(std::array::from_fn(|idx| &sums[idx]));
    }
    Some(())
}

/// The two ends that leave the same share outside on each side, with linear interpolation as
/// `numpy.percentile` does.
fn percentiles(mut values: Vec<f64>) -> Option<Interval> {
    if values.is_empty() {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - LEVEL) / 2.0;
    Some(Interval {
        low: quantile(&values, tail),
        high: quantile(&values, 1.0 - tail),
    })
}

#[expect(
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
    use crate::metrics::{ClassCounts, accuracy};

    /// One instance a dialogue.
    fn dialogues(right: impl Iterator<Item = bool>) -> Vec<ClassCounts> {
        right
            .map(|is_right| {
                let mut counts = ClassCounts::new(2);
                counts.add(0, Some(usize::from(!is_right)));
                counts
            })
            .collect()
    }

    const DRAWS: Resampling = Resampling { n: 2000, seed: 7 };

    #[test]
    fn quantiles_interpolate_as_numpy() {
        let sorted = [1.0, 2.0, 3.0, 4.0];
        assert!((quantile(&sorted, 0.025) - 1.075).abs() < 1e-12);
        assert!((quantile(&sorted, 1.0) - 4.0).abs() < 1e-12);
    }

    #[test]
    fn the_interval_covers_the_mean_and_is_near_the_normal_approximation() {
        // 400 dialogues of one instance, half of them right: sd of the mean is 0.025.
        let half = dialogues((0..400).map(|idx| idx % 2 == 0));
        let found = interval(&half, &[&accuracy], DRAWS).unwrap();
        assert!((found[0].low - 0.451).abs() < 0.006, "{found:?}");
        assert!((found[0].high - 0.549).abs() < 0.006, "{found:?}");
        assert_eq!(interval(&half, &[&accuracy], DRAWS).unwrap(), found);
        assert_eq!(interval::<ClassCounts>(&[], &[&accuracy], DRAWS), None);
    }

    #[test]
    fn the_difference_of_a_system_and_itself_is_nothing() {
        let half = dialogues((0..40).map(|idx| idx % 2 == 0));
        let between = |a: &[ClassCounts], b: &[ClassCounts]| {
            paired_differences(a, b, &[&accuracy], DRAWS).unwrap()[0]
        };
        let same = between(&half, &half);
        assert_eq!((same.interval.low, same.interval.high), (0.0, 0.0));
        assert!((same.p - 1.0).abs() < 1e-12);
        let worse = dialogues((0..40).map(|idx| idx % 4 == 0));
        let found = between(&half, &worse);
        assert!(
            found.interval.low > 0.05 && found.interval.high < 0.45,
            "{found:?}"
        );
        assert!(found.p < 0.01, "{found:?}");
        assert!((between(&worse, &half).p - found.p).abs() < 1e-12);
    }

    #[test]
    fn the_p_value_of_a_difference_is_near_that_of_the_normal_approximation() {
        // 400 dialogues, of which 30 are won and 16 lost: the mean difference is 0.035, its deviation
        // sqrt((46/400 - 0.035^2) / 400) = 0.01687, so z = 2.075 and p = 0.038.
        let a = dialogues((0..400).map(|idx| idx < 200));
        let b = dialogues((0..400).map(|idx| (30..216).contains(&idx)));
        let draws = Resampling { n: 20_000, seed: 7 };
        let found = paired_differences(&a, &b, &[&accuracy], draws).unwrap()[0];
        assert!((found.p - 0.038).abs() < 0.012, "{found:?}");
    }
}
