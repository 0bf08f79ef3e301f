//! Raw 32-bit samples from the decoder.

use std::io::Read;

/// Reads little-endian `f32` samples until the end or until `limit` of them.
///
/// A float file may hold values beyond full scale or none at all: they are clamped to `-1..=1`,
/// and what is not a number becomes silence, because one of them would spoil every sum after it.
pub(crate) fn read_samples(source: &mut impl Read, limit: usize) -> Vec<f32> {
    let mut samples = Vec::new();
    let mut buffer = vec![0_u8; 64 << 10];
    let mut filled = 0;
    while samples.len() < limit {
        match source.read(&mut buffer[filled..]) {
            Ok(0) | Err(_) => break,
            Ok(read) => filled += read,
        }
        let whole = filled / 4 * 4;
        samples.extend(
            buffer[..whole]
                .as_chunks::<4>()
                .0
                .iter()
                .map(|bytes| tame(*bytes)),
        );
        buffer.copy_within(whole..filled, 0);
        filled -= whole;
    }
    samples.truncate(limit);
    samples
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

    proptest! {
        #[test]
        fn any_bytes_give_tame_samples_however_they_arrive(bytes in prop::collection::vec(any::<u8>(), 0..400), limit in 0_usize..120) {
            let samples = read_samples(&mut Trickle(&bytes), limit);
            prop_assert_eq!(samples.len(), (bytes.len() / 4).min(limit));
            prop_assert!(samples.iter().all(|s| (-1.0..=1.0).contains(s)));
            prop_assert_eq!(samples, read_samples(&mut bytes.as_slice(), limit));
        }
    }

    #[test]
    fn keeps_ordinary_samples_and_silences_what_is_no_number() {
        let bytes: Vec<u8> = [0.25, -2.0, f32::NAN, f32::INFINITY]
            .iter()
            .flat_map(|s: &f32| s.to_le_bytes())
            .collect();
        assert_eq!(
            read_samples(&mut bytes.as_slice(), 9),
            [0.25, -1.0, 0.0, 0.0]
        );
    }
}
