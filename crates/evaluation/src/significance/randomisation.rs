//! Approximate randomisation (Noreen 1989; Yeh 2000) by dialogue.
//!
//! If two systems are equally good, exchanging their outputs for a dialogue changes nothing but
//! chance. Outputs are exchanged at random many times; the p-value is the share in which the
//! quantities then differ at least as much as they really do, the real one counted in.

use super::{Quantity, Resampling, Tally};
use crate::SplitMix64;

/// The two-sided p-value of the difference of each quantity between two systems over the same
/// dialogues in the same order. `None` when there is no dialogue or no swap.
pub fn randomisation<T: Tally>(
    a: &[T],
    b: &[T],
    quantities: &[Quantity<'_, T>],
    resampling: Resampling,
) -> Option<Vec<f64>> {
    debug_assert_eq!(a.len(), b.len());
    let mut sums = [a.first()?.clone(), b.first()?.clone()];
    let mut differences = |swaps: &mut dyn FnMut() -> bool| -> Vec<f64> {
        sums.iter_mut().for_each(T::clear);
        for (a, b) in a.iter().zip(b) {
            let (first, second) = if swaps() { (b, a) } else { (a, b) };
            sums[0].merge(first);
            sums[1].merge(second);
        }
        quantities
            .iter()
            .map(|quantity| (quantity(&sums[0]) - quantity(&sums[1])).abs())
            .collect()
    };
    let real = differences(&mut || false);
    let mut random = SplitMix64::new(resampling.seed);
    let mut n_as_large = vec![0_usize; quantities.len()];
    for _ in 0..resampling.n {
        let swapped = differences(&mut || random.below(2) == 1);
        for ((n, swapped), real) in n_as_large.iter_mut().zip(swapped).zip(&real) {
            *n += usize::from(swapped >= real - 1e-12);
        }
    }
    let p_value = |n: usize| (n + 1) as f64 / (resampling.n + 1) as f64;
    (resampling.n > 0).then(|| n_as_large.into_iter().map(p_value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{ClassCounts, accuracy};

    fn dialogues(n: usize, n_right: usize) -> Vec<ClassCounts> {
        (0..n)
            .map(|idx| {
                let mut counts = ClassCounts::new(2);
                counts.add(0, Some(usize::from(idx >= n_right)));
                counts
            })
            .collect()
    }

    #[test]
    fn the_p_value_is_near_the_exact_one() {
        let swaps = Resampling { n: 4000, seed: 3 };
        // They differ in 5 dialogues, all in one direction: of the 32 exchanges of these, 2 are as
        // extreme.
        let (better, worse) = (dialogues(30, 20), dialogues(30, 15));
        let p = randomisation(&better, &worse, &[&accuracy], swaps).unwrap();
        assert!((p[0] - 2.0 / 32.0).abs() < 0.015, "{p:?}");
        let same = randomisation(&better, &better, &[&accuracy], swaps);
        assert_eq!(same, Some(vec![1.0]));
    }
}
