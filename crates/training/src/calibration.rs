//! What models that give a probability a label share: the likeliest label, and the temperature.

use std::ops::RangeInclusive;

/// Temperatures that are looked at.
const TEMPERATURES: RangeInclusive<f64> = 0.1..=10.0;
/// Each step leaves 0.62 of the range: 40 leave less than a millionth of a temperature.
const N_STEPS: usize = 40;

/// The temperature under which a loss is smallest, by golden-section search: negative log-likelihood has
/// one minimum in it.
pub(crate) fn best_temperature(loss: impl Fn(f64) -> f64) -> f64 {
    let ratio = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = TEMPERATURES.into_inner();
    for _ in 0..N_STEPS {
        let (a, b) = (high - ratio * (high - low), low + ratio * (high - low));
        if loss(a) < loss(b) {
            high = b;
        } else {
            low = a;
        }
    }
    f64::midpoint(low, high)
}

/// The place of the largest number, the first of equals; none of an empty row.
pub(crate) fn likeliest<N: Copy + Into<f64>>(row: &[N]) -> Option<usize> {
    let at = |place: usize| -> f64 { row[place].into() };
    (0..row.len()).max_by(|&a, &b| at(a).total_cmp(&at(b)).then(b.cmp(&a)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_temperature_is_where_the_loss_is_smallest_or_at_the_nearer_end() {
        let found = |least: f64| best_temperature(|t| (t - least).powi(2));
        for (least, expected) in [(1.0, 1.0), (3.7, 3.7), (0.0, 0.1), (40.0, 10.0)] {
            assert!((found(least) - expected).abs() < 1e-6, "{least}");
        }
    }

    #[test]
    fn the_first_of_equals_is_likeliest() {
        assert_eq!(likeliest(&[0.1_f32, 0.4, 0.4]), Some(1));
        assert_eq!(likeliest::<f64>(&[]), None);
    }
}
