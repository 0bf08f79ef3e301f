//! Random numbers that are read by position.
//!
//! A number is a pure function of (seed, names, position), so that a backward pass reads again
//! what the forward pass read, and a resumed run what the uninterrupted one would have read.
//! Generator: `SplitMix64` (Steele, Lea, Flood, OOPSLA 2014), used as a counter.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// `SplitMix64`'s output function.
#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A stream of random numbers that is read by position, so that a backward pass can read again
/// what the forward pass read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RandomStream(u64);

impl RandomStream {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(mix(seed ^ GOLDEN))
    }

    /// The stream of a name within this one, independent of its siblings.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        // FNV-1a: stable across versions and machines, unlike the standard hasher.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        self.numbered(hash)
    }

    /// The stream of a number within this one, independent of its siblings.
    #[must_use]
    pub fn numbered(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number.wrapping_add(GOLDEN))))
    }

    /// 64 random bits at a position.
    #[inline]
    pub fn bits(self, position: u64) -> u64 {
        mix(self
            .0
            .wrapping_add(position.wrapping_add(1).wrapping_mul(GOLDEN)))
    }

    /// A number in `[0, 1)` at a position.
    pub fn uniform(self, position: u64) -> f64 {
        (self.bits(position) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A standard normal number at a position (Box and Muller, 1958).
    pub fn normal(self, position: u64) -> f64 {
        let radius = (-2.0 * (1.0 - self.uniform(2 * position)).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.uniform(2 * position + 1)).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let stream = RandomStream::new(1).named("weight");
        let draws: Vec<f64> = (0..20_000).map(|i| stream.normal(i)).collect();
        let mean = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 20_000.0;
        assert!(mean.abs() < 0.02, "mean {mean}");
        assert!((variance - 1.0).abs() < 0.03, "variance {variance}");
    }
}
