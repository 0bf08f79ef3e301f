//! Bands of equal width to the ear: triangles over the mel scale `1127 ln(1 + f / 700)`, as in HTK
//! (Young et al., *The HTK Book*, 5.4), whose weights are linear in mel.

/// A bank of overlapping triangular bands.
pub(super) struct MelBank {
    /// For each bin of the spectrum, the band it falls on the rising side of and its weight
    /// there; the rest goes to the band before. `n_bands` and more are above the last band.
    places: Vec<Option<(usize, f64)>>,
    n_bands: usize,
    centres_hz: Vec<f64>,
}

impl MelBank {
    /// `n_bands` bands between two frequencies over a spectrum with bins `bin_hz` apart.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a band index, checked to be positive"
    )]
    pub(super) fn new(
        n_bands: usize,
        low_hz: f64,
        high_hz: f64,
        n_bins: usize,
        bin_hz: f64,
    ) -> Self {
        let (low, high) = (to_mel(low_hz), to_mel(high_hz));
        let width = (high - low) / (n_bands + 1) as f64;
        let place = |bin: usize| {
            let hz = bin as f64 * bin_hz;
            let at = (to_mel(hz) - low) / width;
            (hz >= low_hz && hz < high_hz).then(|| (at.floor() as usize, at.fract()))
        };
        Self {
            places: (0..n_bins).map(place).collect(),
            n_bands,
            centres_hz: (1..=n_bands)
                .map(|band| from_mel(low + band as f64 * width))
                .collect(),
        }
    }

    /// Middle of each band, in Hz.
    pub(super) fn centres_hz(&self) -> &[f64] {
        &self.centres_hz
    }

    /// Weighted sum of the powers in each band.
    pub(super) fn sums(&self, power: &[f64], bands: &mut Vec<f64>) {
        bands.clear();
        bands.resize(self.n_bands, 0.0);
        for (power, place) in power.iter().zip(&self.places) {
            let Some((band, weight)) = *place else {
                continue;
            };
            if band < self.n_bands {
                bands[band] += weight * power;
            }
            if let Some(before) = band.checked_sub(1) {
                bands[before] += (1.0 - weight) * power;
            }
        }
    }
}

fn to_mel(hz: f64) -> f64 {
    1127.0 * (hz / 700.0).ln_1p()
}

fn from_mel(mel: f64) -> f64 {
    700.0 * (mel / 1127.0).exp_m1()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_inner_bin_is_shared_out_whole() {
        let bank = MelBank::new(26, 20.0, 8_000.0, 257, 31.25);
        let (mut bands, mut power) = (Vec::new(), vec![0.0; 257]);
        let within = |bin: usize| {
            let hz = bin as f64 * 31.25;
            hz > bank.centres_hz()[0] && hz < bank.centres_hz()[25]
        };
        for bin in (0..257).filter(|bin| within(*bin)) {
            power.fill(0.0);
            power[bin] = 1.0;
            bank.sums(&power, &mut bands);
            assert!((bands.iter().sum::<f64>() - 1.0).abs() < 1e-9, "bin {bin}");
        }
    }

    #[test]
    fn the_scale_turns_around_and_has_a_thousand_at_one_kilohertz() {
        assert!((to_mel(1_000.0) - 1_000.0).abs() < 0.1);
        assert!((from_mel(to_mel(3_210.0)) - 3_210.0).abs() < 1e-6);
    }
}
