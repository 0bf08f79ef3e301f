//! A contour in few numbers: the functionals of the Geneva set (Eyben et al. 2016).

use crate::stats::quantile;

/// Rise or fall, as a share of the contour's range, from which it is one.
const TURN: f64 = 0.1;

/// Mean, or `None` of nothing.
pub(super) fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation (of the values at hand, not of a population they stand for).
pub(super) fn deviation(values: &[f64]) -> Option<f64> {
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Some((squares / values.len() as f64).sqrt())
}

/// Mean and coefficient of variation, which is 0 for a mean of 0.
pub(super) fn moments(values: &[f64]) -> [Option<f64>; 2] {
    let (mean, deviation) = (mean(values), deviation(values));
    let variation = mean.zip(deviation).map(|(mean, deviation)| {
        if mean.abs() > 0.0 {
            deviation / mean
        } else {
            0.0
        }
    });
    [mean, variation]
}

/// The quantiles 0.2, 0.5 and 0.8 and the range between the outer two.
pub(super) fn percentiles(values: &[f64]) -> [Option<f64>; 4] {
    let [low, mid, high] = [0.2, 0.5, 0.8].map(|q| quantile(values, q));
    [low, mid, high, high.zip(low).map(|(high, low)| high - low)]
}

/// Mean and deviation of the rises, then of the falls, in units a second.
pub(super) fn slopes(values: &[f64], step_s: f64) -> [Option<f64>; 4] {
    let turns = turns(values);
    let (mut rises, mut falls) = (Vec::new(), Vec::new());
    for pair in turns.windows(2) {
        let slope = (values[pair[1]] - values[pair[0]]) / ((pair[1] - pair[0]) as f64 * step_s);
        if slope >= 0.0 {
            rises.push(slope);
        } else {
            falls.push(-slope);
        }
    }
    let or_flat = |found: Option<f64>| (!values.is_empty()).then(|| found.unwrap_or(0.0));
    [
        mean(&rises),
        deviation(&rises),
        mean(&falls),
        deviation(&falls),
    ]
    .map(or_flat)
}

/// How many peaks the contour has.
pub(super) fn n_peaks(values: &[f64]) -> usize {
    let turns = turns(values);
    (1..turns.len().saturating_sub(1))
        .filter(|i| values[turns[*i]] > values[turns[i - 1]])
        .count()
}

/// Where the contour turns: its ends, and between them the alternating highs and lows that differ
/// by at least a tenth of its range.
fn turns(values: &[f64]) -> Vec<usize> {
    let Some(last) = values.len().checked_sub(1) else {
        return Vec::new();
    };
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| {
            (l.min(*v), h.max(*v))
        });
    let threshold = TURN * (high - low);
    let mut turns = vec![0];
    // The highest and the lowest place since the last turn.
    let (mut top, mut bottom) = (0, 0);
    let mut is_rising: Option<bool> = None;
    for (at, value) in values.iter().enumerate() {
        if *value > values[top] {
            top = at;
        }
        if *value < values[bottom] {
            bottom = at;
        }
        if is_rising != Some(false) && values[top] - value > threshold {
            if is_rising.is_some() || top > 0 {
                turns.push(top);
            }
            (is_rising, bottom) = (Some(false), at);
        } else if is_rising != Some(true) && value - values[bottom] > threshold {
            if is_rising.is_some() || bottom > 0 {
                turns.push(bottom);
            }
            (is_rising, top) = (Some(true), at);
        }
    }
    if turns.last() != Some(&last) {
        turns.push(last);
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_hand_worked_contour() {
        let contour = [0.0, 1.0, 2.0, 1.95, 2.0, 0.0, -1.0, 1.0];
        assert_eq!(turns(&contour), [0, 2, 6, 7]);
        assert_eq!(n_peaks(&contour), 1);
        let [rise, rise_spread, fall, fall_spread] = slopes(&contour, 0.5).map(Option::unwrap);
        // Rises: 2 in 1 s, 2 in 0.5 s; fall: 3 in 2 s.
        assert!((rise - 3.0).abs() < 1e-9 && (rise_spread - 1.0).abs() < 1e-9);
        assert!((fall - 1.5).abs() < 1e-9 && fall_spread.abs() < 1e-9);
        assert_eq!(moments(&[1.0, 3.0]), [Some(2.0), Some(0.5)]);
        assert_eq!(percentiles(&[0.0, 1.0])[1], Some(0.5));
    }

    #[test]
    fn nothing_has_no_functionals_and_a_flat_contour_no_slopes() {
        assert_eq!(moments(&[]), [None; 2]);
        assert_eq!(slopes(&[], 0.01), [None; 4]);
        assert_eq!(slopes(&[1.0; 9], 0.01), [Some(0.0); 4]);
        assert_eq!(n_peaks(&[1.0; 9]), 0);
    }

    proptest! {
        #[test]
        fn turns_alternate_and_a_peak_is_one_upside_down_too(values in prop::collection::vec(-10.0_f64..10.0, 1..60)) {
            let found = turns(&values);
            prop_assert!(found.is_sorted());
            for three in found.windows(3) {
                let [a, b, c] = [values[three[0]], values[three[1]], values[three[2]]];
                let is_last = three[2] == values.len() - 1;
                prop_assert!(is_last || (b > a && b > c) || (b < a && b < c), "{found:?}");
            }
            let turned: Vec<f64> = values.iter().map(|v| -v).collect();
            prop_assert_eq!(turns(&turned), found);
        }
    }
}
