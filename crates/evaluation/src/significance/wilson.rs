//! The interval of a share (Wilson 1927, without continuity correction).
//!
//! Reference: `statsmodels.stats.proportion.proportion_confint(method="wilson")`. Unlike the normal
//! approximation it stays inside `0..=1` and has a width where nobody or everybody was counted.

use crate::Interval;

/// The 97.5 % quantile of the normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// The 95 % interval of the share `n_hits / n`; `None` where nothing was counted.
///
/// Assumes independent cases.
pub fn wilson_95(n_hits: usize, n: usize) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let (share, n) = (n_hits as f64 / n as f64, n as f64);
    let z2 = Z_95 * Z_95;
    let scale = 1.0 + z2 / n;
    let middle = (share + z2 / (2.0 * n)) / scale;
    let half = Z_95 / scale * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    Some(Interval {
        low: (middle - half).max(0.0),
        high: (middle + half).min(1.0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_counted_has_no_interval() {
        assert!(wilson_95(0, 0).is_none());
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_share_and_stays_inside_zero_and_one(n in 1_usize..500, at in any::<usize>()) {
            let n_hits = at % (n + 1);
            let share = n_hits as f64 / n as f64;
            let Interval { low, high } = wilson_95(n_hits, n).unwrap();
            prop_assert!(0.0 <= low && low <= share + 1e-12 && share <= high + 1e-12 && high <= 1.0);
        }
    }
}
