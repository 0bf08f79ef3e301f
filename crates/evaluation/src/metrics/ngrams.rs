//! Counting n-grams of token numbers: up to four packed into one 128-bit number.

use std::cmp::Ordering;

/// The n-grams of a sequence, sorted. `n` in `1..=4`.
pub(super) fn sorted_ngrams(ids: &[u32], n: usize) -> Vec<u128> {
    let pack = |window: &[u32]| {
        window
            .iter()
            .fold(0_u128, |packed, &id| (packed << 32) | u128::from(id))
    };
    let mut ngrams: Vec<u128> = ids.windows(n).map(pack).collect();
    ngrams.sort_unstable();
    ngrams
}

/// How many n-grams two sorted lists share, each counted as often as in the list that has it less.
pub(super) fn n_shared(a: &[u128], b: &[u128]) -> u64 {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut n_shared = 0;
    while let (Some(ours), Some(theirs)) = (a.peek(), b.peek()) {
        match ours.cmp(theirs) {
            Ordering::Less => drop(a.next()),
            Ordering::Greater => drop(b.next()),
            Ordering::Equal => {
                n_shared += 1;
                a.next();
                b.next();
            }
        }
    }
    n_shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_ngrams_are_clipped() {
        let a = sorted_ngrams(&[1, 1, 1, 2], 1);
        let b = sorted_ngrams(&[1, 2, 2, 1], 1);
        assert_eq!(n_shared(&a, &b), 3);
        assert_eq!(n_shared(&sorted_ngrams(&[1], 2), &a), 0);
    }
}
