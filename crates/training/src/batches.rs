//! Which examples go together in which step: neighbours in length, so that little is padding, in
//! an order of the epoch's own. Nothing is dropped.
//!
//! The order is a function of (seed, epoch) alone, so that a resumed run, or one shared by several
//! processes, sees the same batches.

use smes_nn::RandomStream;

/// The batches of an epoch, as places in `lengths`.
///
/// Lengths are shuffled by up to `jitter` before neighbours form a batch; then the batches are
/// shuffled. All have `batch_size` members but one, which may have fewer.
pub(crate) fn length_batches(
    lengths: &[usize],
    batch_size: usize,
    jitter: f64,
    seed: u64,
    epoch_idx: u64,
) -> Vec<Vec<usize>> {
    let stream = RandomStream::new(seed).named("order").numbered(epoch_idx);
    let mut order: Vec<(f64, usize)> = lengths
        .iter()
        .enumerate()
        .map(|(idx, &length)| {
            let shift = (2.0 * stream.uniform(idx as u64) - 1.0) * jitter;
            (length as f64 + shift, idx)
        })
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let indices: Vec<usize> = order.into_iter().map(|(_, idx)| idx).collect();
    let mut batches: Vec<(u64, Vec<usize>)> = indices
        .chunks(batch_size)
        .enumerate()
        .map(|(place, chunk)| (stream.named("batches").bits(place as u64), chunk.to_vec()))
        .collect();
    batches.sort_by_key(|(key, _)| *key);
    batches.into_iter().map(|(_, batch)| batch).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_example_comes_once_an_epoch_among_others_of_its_length(
            lengths in prop::collection::vec(1_usize..100, 1..200),
            batch_size in 1_usize..20,
            seed: u64,
            epoch in 0_u64..5,
        ) {
            let jitter = 3.0;
            let batches = length_batches(&lengths, batch_size, jitter, seed, epoch);
            prop_assert_eq!(batches.len(), lengths.len().div_ceil(batch_size));
            prop_assert!(batches.iter().filter(|batch| batch.len() < batch_size).count() <= 1);
            let mut seen: Vec<usize> = batches.concat();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            prop_assert_eq!(&batches, &length_batches(&lengths, batch_size, jitter, seed, epoch));
            // No example outside a batch lies well within the lengths of it.
            for batch in &batches {
                let of_batch = || batch.iter().map(|&idx| lengths[idx] as f64);
                let low = of_batch().fold(f64::MAX, f64::min) + 2.0 * jitter;
                let high = of_batch().fold(0.0, f64::max) - 2.0 * jitter;
                for (idx, &length) in lengths.iter().enumerate() {
                    let is_within = (length as f64) > low && (length as f64) < high;
                    prop_assert!(!is_within || batch.contains(&idx));
                }
            }
        }
    }

    #[test]
    fn each_epoch_has_an_order_of_its_own() {
        let lengths: Vec<usize> = (0..50).collect();
        let of = |epoch| length_batches(&lengths, 4, 4.0, 1, epoch);
        assert_ne!(of(0), of(1));
    }
}
