//! Correction of p-values for asking several questions at once (Holm 1979).
//!
//! Reference: `statsmodels.stats.multitest.multipletests(method="holm")`.

/// The adjusted p-values, in the order of `p_values`: the chance of one or more false alarms among
/// all of them stays below the level they are held against.
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let n = p_values.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![0.0; n];
    let mut largest = 0.0_f64;
    for (rank, idx) in order.into_iter().enumerate() {
        largest = largest.max((n - rank) as f64 * p_values[idx]).min(1.0);
        adjusted[idx] = largest;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn adjusting_keeps_the_order_and_never_makes_smaller(p in prop::collection::vec(0.0..=1.0, 0..12)) {
            let adjusted = holm(&p);
            for (a, (p_a, adjusted_a)) in p.iter().zip(&adjusted).enumerate() {
                prop_assert!(adjusted_a >= p_a && *adjusted_a <= 1.0);
                for (p_b, adjusted_b) in p.iter().zip(&adjusted).skip(a) {
                    prop_assert!(p_a >= p_b || adjusted_a <= adjusted_b);
                }
            }
        }
    }
}
