//! Raw 32-bit samples from the decoder.

use std::io::Read;

/// Hands out little-endian `f32` samples as they come, `limit` of them at most. Returns how many there
/// were, of those beyond the limit one at most.
///
/// A float file may hold values beyond full scale or none at all: they are clamped to `-1..=1`,
/// and what is not a number becomes silence, because one of them would spoil every sum after it.
pub(crate) fn read_samples(
    source: &mut impl Read,
    limit: usize,
    mut on_samples: impl FnMut(&[f32]),
) -> usize {
    let mut samples = Vec::new();
    let mut buffer = vec![0_u8; 64 << 10];
    let (mut filled, mut n_read) = (0, 0);
    while n_read <= limit {
        match source.read(&mut buffer[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(read) => filled += read,
        }
        let (whole, rest) = buffer[..filled].as_chunks::<4>();
        samples.clear();
        samples.extend(whole.iter().map(|bytes| tame(*bytes)));
        filled = rest.len();
        buffer.copy_within(4 * samples.len()..4 * samples.len() + filled, 0);
        let n_handed = samples.len().min(limit - n_read);
        if n_handed > 0 {
            on_samples(&samples[..n_handed]);
        }
        n_read += samples.len();
        if n_read > limit {
            return limit + 1;
        }
    }
    n_read
}

fn tame(bytes: [u8; 4]) -> f32 {
    let sample = f32::from_le_bytes(bytes);
    if sample.is_finite() {
        sample.clamp(-1.0, 1.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Hands out one to three bytes at a time, as a pipe may.
    struct Trickle<'a>(&'a [u8]);

    impl Read for Trickle<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let n = self.0.len().min(buffer.len()).min(1 + self.0.len() % 3);
            buffer[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    fn kept(source: &mut impl Read, limit: usize) -> (Vec<f32>, usize) {
        let mut kept = Vec::new();
        let n_read = read_samples(source, limit, |samples| kept.extend_from_slice(samples));
        (kept, n_read)
    }

    proptest! {
        #[test]
        fn any_bytes_give_tame_samples_however_they_arrive(bytes in prop::collection::vec(any::<u8>(), 0..400), limit in 0_usize..120) {
            let (samples, n_read) = kept(&mut Trickle(&bytes), limit);
            prop_assert_eq!(samples.len(), (bytes.len() / 4).min(limit));
            prop_assert_eq!(n_read, (bytes.len() / 4).min(limit + 1));
            prop_assert!(samples.iter().all(|s| (-1.0..=1.0).contains(s)));
            prop_assert_eq!((samples, n_read), kept(&mut bytes.as_slice(), limit));
        }
    }

    #[test]
    fn keeps_ordinary_samples_and_silences_what_is_no_number() {
        let bytes: Vec<u8> = [0.25, -2.0, f32::NAN, f32::INFINITY]
            .iter()
            .flat_map(|s: &f32| s.to_le_bytes())
            .collect();
        assert_eq!(
            kept(&mut bytes.as_slice(), 9),
            (vec![0.25, -1.0, 0.0, 0.0], 4)
        );
    }
}
