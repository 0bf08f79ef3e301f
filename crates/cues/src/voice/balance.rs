//! How the energy of a frame lies over frequency, as in the Geneva set (Eyben et al. 2016, *The
//! Geneva Minimalistic Acoustic Parameter Set*, IEEE Trans. Affective Computing 7(2)).
//!
//! - *alpha ratio*: energy in 1-5 kHz over that below 1 kHz, dB (the sign of openSMILE's code;
//!   the paper's text has the inverse)
//! - *Hammarberg index*: highest peak in 0-2 kHz over that in 2-5 kHz, dB
//! - *slopes*: of the level over frequency in 0-500 and 500-1500 Hz, dB/Hz, by least squares
//! - *flux*: root mean squared difference of the magnitudes in 0-5 kHz from the frame before

/// Powers below this are silence.
const FLOOR: f64 = 1e-13;
const SPLIT_HZ: f64 = 1_000.0;
const PEAK_SPLIT_HZ: f64 = 2_000.0;
const TOP_HZ: f64 = 5_000.0;

/// Measures of one frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Balance {
    pub(super) alpha_ratio_db: f64,
    pub(super) hammarberg_db: f64,
    pub(super) slope_0_500: f64,
    pub(super) slope_500_1500: f64,
    pub(super) flux: f64,
}

/// Measures frame after frame; remembers the frame before for the flux.
pub(super) struct BalanceMeter {
    bin_hz: f64,
    before: Vec<f64>,
}

impl BalanceMeter {
    pub(super) fn new(bin_hz: f64) -> Self {
        Self {
            bin_hz,
            before: Vec::new(),
        }
    }

    pub(super) fn measure(&mut self, power: &[f64]) -> Balance {
        let at = |hz: f64| bin(hz, self.bin_hz).min(power.len());
        let below: f64 = power[..at(SPLIT_HZ)].iter().sum();
        let above: f64 = power[at(SPLIT_HZ)..=at(TOP_HZ)].iter().sum();
        let peak = |from: usize, to: usize| power[from..to].iter().copied().fold(FLOOR, f64::max);
        let low_peak = peak(0, at(PEAK_SPLIT_HZ));
        let high_peak = peak(at(PEAK_SPLIT_HZ), at(TOP_HZ) + 1);
        let is_silent = below <= 0.0;
        Balance {
            alpha_ratio_db: if is_silent {
                0.0
            } else {
                db(above) - db(below)
            },
            hammarberg_db: if is_silent {
                0.0
            } else {
                db(low_peak) - db(high_peak)
            },
            slope_0_500: self.slope(power, 0.0, 500.0),
            slope_500_1500: self.slope(power, 500.0, 1_500.0),
            flux: self.flux(power, at(TOP_HZ)),
        }
    }

    fn slope(&self, power: &[f64], low_hz: f64, high_hz: f64) -> f64 {
        let bins = bin(low_hz, self.bin_hz)..=bin(high_hz, self.bin_hz).min(power.len() - 1);
        let n = bins.clone().count() as f64;
        let (mut x, mut y, mut xx, mut xy) = (0.0, 0.0, 0.0, 0.0);
        for bin in bins {
            let (hz, level) = (bin as f64 * self.bin_hz, db(power[bin]));
            x += hz;
            y += level;
            xx += hz * hz;
            xy += hz * level;
        }
        (n * xy - x * y) / (n * xx - x * x)
    }

    fn flux(&mut self, power: &[f64], n_bins: usize) -> f64 {
        let magnitudes = power[..=n_bins].iter().map(|power| power.sqrt());
        if self.before.is_empty() {
            self.before = magnitudes.collect();
            return 0.0;
        }
        let mut squares = 0.0;
        for (before, now) in self.before.iter_mut().zip(magnitudes) {
            squares += (now - *before).powi(2);
            *before = now;
        }
        (squares / self.before.len() as f64).sqrt()
    }
}

/// The first bin at or above a frequency.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a bin of a spectrum"
)]
fn bin(hz: f64, bin_hz: f64) -> usize {
    (hz / bin_hz).ceil() as usize
}

fn db(power: f64) -> f64 {
    10.0 * power.max(FLOOR).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BIN_HZ: f64 = 31.25;

    fn spectrum(power: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..257).map(|bin| power(f64::from(bin) * BIN_HZ)).collect()
    }

    #[test]
    fn a_known_spectrum_has_the_measures_worked_out_by_hand() {
        // 32 bins below 1 kHz at 1, 129 up to 5 kHz at 0.01.
        let step = spectrum(|hz| if hz < 1_000.0 { 1.0 } else { 0.01 });
        let found = BalanceMeter::new(BIN_HZ).measure(&step);
        let expected = 10.0 * (129.0 * 0.01 / 32.0_f64).log10();
        assert!((found.alpha_ratio_db - expected).abs() < 1e-9);
        assert!((found.hammarberg_db - 20.0).abs() < 1e-9);
        assert!(found.slope_0_500.abs() < 1e-9);
    }

    #[test]
    fn a_spectrum_that_falls_evenly_has_its_own_slope() {
        let falling = spectrum(|hz| 10_f64.powf(-0.002 * hz));
        let found = BalanceMeter::new(BIN_HZ).measure(&falling);
        assert!((found.slope_0_500 + 0.02).abs() < 1e-9);
        assert!((found.slope_500_1500 + 0.02).abs() < 1e-9);
    }

    #[test]
    fn flux_is_the_change_from_the_frame_before() {
        let mut meter = BalanceMeter::new(BIN_HZ);
        assert!(meter.measure(&spectrum(|_| 4.0)).flux.abs() < 1e-12);
        assert!(meter.measure(&spectrum(|_| 4.0)).flux.abs() < 1e-12);
        assert!((meter.measure(&spectrum(|_| 9.0)).flux - 1.0).abs() < 1e-12);
    }

    #[test]
    fn silence_has_finite_measures() {
        let found = BalanceMeter::new(BIN_HZ).measure(&spectrum(|_| 0.0));
        assert_eq!(found, Balance::default());
    }
}
