//! The voice as a fixed list of numbers: what a classifier reads.
//!
//! The first 88 are the functionals of eGeMAPSv02 in its order (F. Eyben et al. 2016, *The Geneva
//! Minimalistic Acoustic Parameter Set for voice research and affective computing*, IEEE Trans.
//! Affective Computing 7(2), extended set), with our F0; after them come functionals of twelve
//! cepstral coefficients, which carry more of the colour of the voice. `docs/results.md` holds
//! them against openSMILE one by one.
//!
//! The contour of F0 comes first, for its path needs the whole clip; all else is measured in one
//! pass over frames 10 ms apart, at the same times as F0, and then summed up.

use std::ops::Range;

use super::auditory::Ear;
use super::balance::{Balance, BalanceMeter};
use super::f0::{F0Frame, STEP_S};
use super::formants::{FormantFinder, N_FORMANTS};
use super::functionals::{deviation, mean, moments, n_peaks, percentiles, slopes};
use super::harmonics;
use super::mel::MelBank;
use super::mfcc::{Cepstrum, N_MFCC};
use super::part::Part;
use super::perturbation;
use super::short::Spectra;
use crate::stats::quantile;

/// The rate the descriptors are defined at, in Hz: their bands reach up to 8 kHz.
pub const RATE: u32 = 16_000;
/// How many descriptors there are.
pub const N_DESCRIPTORS: usize = N_GENEVA + N_TIMBRE;
/// How many of them, the first ones, are those of eGeMAPSv02.
pub const N_GENEVA: usize = 88;
const N_TIMBRE: usize = 6 * N_MFCC;

const SHORT_S: f64 = 0.02;
/// For harmonics, which a short window cannot part.
const LONG_S: f64 = 0.06;
const LONG_SIGMA: f64 = 0.4;
const N_BANDS: usize = 26;
const BAND_RANGE_HZ: (f64, f64) = (20.0, 8_000.0);
/// Semitones are counted from this frequency.
const SEMITONE_ZERO_HZ: f64 = 27.5;
/// Frames to each side over which a cepstral coefficient's change is taken.
const DELTA: usize = 2;
/// Share of the loudest loudness from which a frame counts as sounding.
const SOUNDING: f64 = 0.15;

/// Measures the frames of a sound at [`RATE`]; a value is `None` where the sound holds nothing to
/// measure it on (no voiced frame, no unvoiced frame). `gain` is applied to the samples first.
pub fn measure(samples: &[f32], frames: &[F0Frame], gain: f64) -> Vec<Option<f64>> {
    measure_part(Part::whole(samples), frames, gain)
}

/// The same for frames that lie in a part of a sound.
pub(super) fn measure_part(part: Part<'_>, frames: &[F0Frame], gain: f64) -> Vec<Option<f64>> {
    let contours = Contours::read(part, frames, gain);
    let values = contours.geneva().into_iter().chain(contours.timbre());
    values
        .map(|value| value.filter(|v| v.is_finite()))
        .collect()
}

/// The sound from its first to its last sample that is not exactly zero. Zeros are padding, and
/// how much of it there is says nothing of a voice.
pub fn without_digital_silence(samples: &[f32]) -> &[f32] {
    let is_sound = |sample: &f32| sample.abs() > 0.0;
    let (Some(first), Some(last)) = (
        samples.iter().position(is_sound),
        samples.iter().rposition(is_sound),
    ) else {
        return &[];
    };
    &samples[first..=last]
}

/// Functionals of F0 and loudness.
const MELODY: [&str; 10] = [
    "mean",
    "variation",
    "p20",
    "p50",
    "p80",
    "range",
    "rise",
    "rise_deviation",
    "fall",
    "fall_deviation",
];
/// Contours of the spectral balance, taken over voiced and unvoiced frames apart.
const BALANCE_NAMES: [&str; 5] = [
    "alpha_ratio",
    "hammarberg",
    "slope_0_500",
    "slope_500_1500",
    "flux",
];

/// Names in the order of [`measure`]: contour, a dot, functional.
pub fn names() -> Vec<String> {
    let mut names = Vec::with_capacity(N_DESCRIPTORS);
    let mut add = |contours: &[&str], functionals: &[&str]| {
        for contour in contours {
            names.extend(functionals.iter().map(|f| format!("{contour}.{f}")));
        }
    };
    let moments = ["mean", "variation"];
    add(&["f0", "loudness"], &MELODY);
    add(&["flux", "mfcc1", "mfcc2", "mfcc3", "mfcc4"], &moments);
    add(
        &["jitter", "shimmer", "harmonicity", "h1_h2", "h1_a3"],
        &moments,
    );
    add(
        &["f1", "f1_bandwidth", "f1_level", "f2", "f2_bandwidth"],
        &moments,
    );
    add(&["f2_level", "f3", "f3_bandwidth", "f3_level"], &moments);
    let voiced = BALANCE_NAMES.map(|name| format!("voiced_{name}"));
    add(&voiced.each_ref().map(String::as_str), &moments);
    add(
        &[
            "voiced_mfcc1",
            "voiced_mfcc2",
            "voiced_mfcc3",
            "voiced_mfcc4",
        ],
        &moments,
    );
    let unvoiced = BALANCE_NAMES.map(|name| format!("unvoiced_{name}"));
    add(&unvoiced.each_ref().map(String::as_str), &["mean"]);
    add(&["loudness"], &["peaks"]);
    add(&["voiced"], &["rate", "length", "length_deviation"]);
    add(&["unvoiced"], &["length", "length_deviation"]);
    add(&["level"], &["mean"]);
    for i in 1..=N_MFCC {
        let functionals = [
            "mean",
            "deviation",
            "p20",
            "p80",
            "change",
            "change_deviation",
        ];
        add(&[&format!("timbre{i}")], &functionals);
    }
    names
}

/// What is measured of every frame.
#[derive(Clone, Copy, Default)]
struct Frame {
    loudness: f64,
    balance: Balance,
    mfcc: [f64; N_MFCC],
    /// Mean square of the frame.
    power: f64,
}

/// What is measured of voiced frames besides, in the order of eGeMAPSv02: jitter, shimmer,
/// harmonicity, H1-H2, H1-A3, then frequency, bandwidth and level of each formant.
const N_VOICED: usize = 5 + 3 * N_FORMANTS;
type Voiced = [Option<f64>; N_VOICED];

struct Contours {
    frames: Vec<Frame>,
    voiced: Vec<Option<Voiced>>,
    /// F0 in semitones.
    semitones: Vec<Option<f64>>,
}

impl Contours {
    fn read(part: Part<'_>, f0: &[F0Frame], gain: f64) -> Self {
        let mut meter = Meter::new(gain);
        let mut contours = Self {
            frames: Vec::with_capacity(f0.len()),
            voiced: Vec::with_capacity(f0.len()),
            semitones: f0
                .iter()
                .map(|frame| Some(12.0 * (frame.f0_hz? / SEMITONE_ZERO_HZ).log2()))
                .collect(),
        };
        for frame in f0 {
            let (all, voiced) = meter.measure(part, frame);
            contours.frames.push(all);
            contours.voiced.push(voiced);
        }
        contours.add_perturbation(part, f0);
        contours
    }

    /// Jitter and shimmer, from the periods that begin within each frame's step.
    fn add_perturbation(&mut self, part: Part<'_>, f0: &[F0Frame]) {
        for stretch in runs(f0.len(), |at| f0[at].f0_hz.is_some()) {
            let frames = &f0[stretch.clone()];
            let frame_of = |sample: usize| {
                let time_s = sample as f64 / f64::from(RATE);
                let steps = (time_s - frames[0].time_s) / STEP_S;
                whole(steps.round()).min(frames.len() - 1)
            };
            let edge = |frame: &F0Frame, shift: f64| {
                whole((frame.time_s + shift * STEP_S) * f64::from(RATE)).min(part.n_total())
            };
            let span = edge(&frames[0], -0.5)..edge(&frames[frames.len() - 1], 0.5);
            let period_at =
                |sample| f64::from(RATE) / frames[frame_of(sample)].f0_hz.unwrap_or(1.0);
            let mut found = vec![(Vec::new(), Vec::new()); frames.len()];
            for pair in perturbation::compare(part, span, period_at) {
                let (jitter, shimmer) = &mut found[frame_of(pair.at)];
                jitter.push(pair.jitter);
                shimmer.extend(pair.shimmer_db);
            }
            for (voiced, (jitter, shimmer)) in self.voiced[stretch].iter_mut().zip(&found) {
                if let Some(voiced) = voiced {
                    (voiced[0], voiced[1]) = (mean(jitter), mean(shimmer));
                }
            }
        }
    }

    fn geneva(&self) -> Vec<Option<f64>> {
        let mut out = Vec::with_capacity(N_GENEVA);
        let semitones: Vec<f64> = smooth(&self.semitones).into_iter().flatten().collect();
        let loudness = self.all(|frame| frame.loudness);
        for contour in [&semitones, &loudness] {
            out.extend(moments(contour));
            out.extend(percentiles(contour));
            out.extend(slopes(contour, STEP_S));
        }
        out.extend(moments(&self.all(|frame| frame.balance.flux)));
        for i in 0..4 {
            out.extend(moments(&self.all(|frame| frame.mfcc[i])));
        }
        for i in 0..N_VOICED {
            let contour: Vec<_> = self.voiced.iter().map(|v| v.as_ref()?[i]).collect();
            out.extend(moments(
                &smooth(&contour).into_iter().flatten().collect::<Vec<_>>(),
            ));
        }
        for pick in BALANCE {
            out.extend(moments(&self.of(true, |frame| pick(&frame.balance))));
        }
        for i in 0..4 {
            out.extend(moments(&self.of(true, |frame| frame.mfcc[i])));
        }
        for pick in BALANCE {
            out.push(mean(&self.of(false, |frame| pick(&frame.balance))));
        }
        out.extend(self.rhythm(&loudness));
        out
    }

    /// Peaks of loudness a second; voiced stretches a second, mean length and deviation of voiced
    /// and unvoiced stretches in seconds; level in dB.
    fn rhythm(&self, loudness: &[f64]) -> [Option<f64>; 7] {
        let seconds = self.frames.len() as f64 * STEP_S;
        let rate = |n: usize| (seconds > 0.0).then(|| n as f64 / seconds);
        let lengths = |is_voiced: bool| -> Vec<f64> {
            runs(self.voiced.len(), |at| {
                self.voiced[at].is_some() == is_voiced
            })
            .map(|run| run.len() as f64 * STEP_S)
            .collect()
        };
        let (voiced, unvoiced) = (lengths(true), lengths(false));
        let powers: Vec<f64> = self.frames.iter().map(|frame| frame.power).collect();
        [
            rate(n_peaks(loudness)),
            rate(voiced.len()),
            mean(&voiced).or(Some(0.0)),
            deviation(&voiced).or(Some(0.0)),
            mean(&unvoiced).or(Some(0.0)),
            deviation(&unvoiced).or(Some(0.0)),
            mean(&powers).map(|power| 10.0 * power.max(1e-15).log10()),
        ]
    }

    /// Of each cepstral coefficient, over sounding frames: mean, deviation, two quantiles; size
    /// and deviation of its change.
    fn timbre(&self) -> Vec<Option<f64>> {
        let loudest = self.frames.iter().map(|f| f.loudness).fold(0.0, f64::max);
        let is_sounding = |at: usize| self.frames[at].loudness >= SOUNDING * loudest;
        let sounding: Vec<usize> = (0..self.frames.len())
            .filter(|at| is_sounding(*at))
            .collect();
        let mut out = Vec::with_capacity(N_TIMBRE);
        for i in 0..N_MFCC {
            let at = |frame: usize| self.frames[frame].mfcc[i];
            let values: Vec<f64> = sounding.iter().map(|frame| at(*frame)).collect();
            let changes: Vec<f64> = sounding
                .iter()
                .filter(|frame| **frame >= DELTA && *frame + DELTA < self.frames.len())
                .map(|frame| (at(frame + DELTA) - at(frame - DELTA)) / (2 * DELTA) as f64)
                .collect();
            let sizes: Vec<f64> = changes.iter().map(|change| change.abs()).collect();
            out.extend([mean(&values), deviation(&values)]);
            out.extend([0.2, 0.8].map(|q| quantile(&values, q)));
            out.extend([mean(&sizes), deviation(&changes)]);
        }
        out
    }

    fn all(&self, pick: impl Fn(&Frame) -> f64) -> Vec<f64> {
        let contour: Vec<_> = self.frames.iter().map(|frame| Some(pick(frame))).collect();
        smooth(&contour).into_iter().flatten().collect()
    }

    /// A contour over the voiced or the unvoiced frames; digital silence is neither.
    fn of(&self, is_voiced: bool, pick: impl Fn(&Frame) -> f64) -> Vec<f64> {
        let frames = self.frames.iter().zip(&self.voiced);
        let contour: Vec<_> = frames
            .map(|(frame, voiced)| {
                (voiced.is_some() == is_voiced && frame.power > 0.0).then(|| pick(frame))
            })
            .collect();
        smooth(&contour).into_iter().flatten().collect()
    }
}

type Pick = fn(&Balance) -> f64;
const BALANCE: [Pick; 5] = [
    |b| b.alpha_ratio_db,
    |b| b.hammarberg_db,
    |b| b.slope_0_500,
    |b| b.slope_500_1500,
    |b| b.flux,
];

/// Measures single frames.
struct Meter {
    gain: f64,
    short: Spectra,
    long: Spectra,
    bank: MelBank,
    ear: Ear,
    cepstrum: Cepstrum,
    balance: BalanceMeter,
    formants: FormantFinder,
    bands: Vec<f64>,
}

impl Meter {
    fn new(gain: f64) -> Self {
        let rate = f64::from(RATE);
        let short = Spectra::hamming(rate, SHORT_S, gain);
        let (low, high) = BAND_RANGE_HZ;
        let bank = MelBank::new(N_BANDS, low, high, short.n_bins(), short.bin_hz());
        Self {
            gain,
            long: Spectra::gaussian(rate, LONG_S, LONG_SIGMA, gain),
            ear: Ear::new(bank.centres_hz()),
            cepstrum: Cepstrum::new(N_BANDS),
            balance: BalanceMeter::new(short.bin_hz()),
            formants: FormantFinder::new(short.bin_hz()),
            bands: Vec::new(),
            bank,
            short,
        }
    }

    fn measure(&mut self, part: Part<'_>, at: &F0Frame) -> (Frame, Option<Voiced>) {
        let power = self.short.power_at(part, at.time_s);
        self.bank.sums(power, &mut self.bands);
        let frame = Frame {
            loudness: self.ear.loudness(&self.bands),
            balance: self.balance.measure(power),
            mfcc: self.cepstrum.coefficients(&mut self.bands),
            power: self.gain * self.gain * mean_square(part, at.time_s),
        };
        let voiced = at.f0_hz.map(|f0_hz| {
            let formants = self.formants.find(power);
            let bin_hz = self.long.bin_hz();
            let long = self.long.power_at(part, at.time_s);
            let found = harmonics::measure(long, bin_hz, f0_hz, &formants);
            let strength = at.strength.clamp(1e-4, 1.0 - 1e-4);
            let mut voiced: Voiced = [None; N_VOICED];
            voiced[2] = Some(10.0 * (strength / (1.0 - strength)).log10());
            (voiced[3], voiced[4]) = (found.h1_h2, found.h1_a3);
            for (i, level) in found.formant_levels.into_iter().enumerate() {
                let formant = formants.get(i);
                voiced[5 + 3 * i] = formant.map(|formant| formant.hz);
                voiced[6 + 3 * i] = formant.map(|formant| formant.bandwidth_hz);
                voiced[7 + 3 * i] = level;
            }
            voiced
        });
        (frame, voiced)
    }
}

fn mean_square(part: Part<'_>, time_s: f64) -> f64 {
    let rate = f64::from(RATE);
    let edge = |shift: f64| whole((time_s + shift * SHORT_S) * rate).min(part.n_total());
    let frame = part.at(edge(-0.5)..edge(0.5));
    let squares: f64 = frame.iter().map(|s| f64::from(*s).powi(2)).sum();
    squares / frame.len().max(1) as f64
}

/// The mean of each value and those of its two neighbours that exist.
fn smooth(contour: &[Option<f64>]) -> Vec<Option<f64>> {
    let around = |at: usize| at.saturating_sub(1)..(at + 2).min(contour.len());
    let value = |at: usize| {
        contour[at]?;
        let present = contour[around(at)].iter().flatten();
        mean(&present.copied().collect::<Vec<_>>())
    };
    (0..contour.len()).map(value).collect()
}

/// The stretches of frames for which something holds.
fn runs(n: usize, holds: impl Fn(usize) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < n && !holds(at) {
            at += 1;
        }
        let start = at;
        while at < n && holds(at) {
            at += 1;
        }
        (start < at).then_some(start..at)
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a sample or frame, saturating below zero"
)]
fn whole(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::f0;
    use crate::voice::signals::{beats, noise, sine};
    use proptest::prelude::*;

    fn describe(samples: &[f32]) -> Vec<Option<f64>> {
        measure(samples, &f0::contour(samples, RATE, |_| {}), 1.0)
    }

    fn value(values: &[Option<f64>], name: &str) -> f64 {
        let at = names().iter().position(|known| known == name).unwrap();
        values[at].unwrap()
    }

    #[test]
    fn every_descriptor_has_a_name_of_its_own() {
        let names = names();
        assert_eq!(names.len(), N_DESCRIPTORS);
        assert_eq!(
            names
                .iter()
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            N_DESCRIPTORS
        );
        assert_eq!(describe(&beats(4.0, 2.0, 0.3)).len(), N_DESCRIPTORS);
        assert_eq!(names[N_GENEVA - 1], "level.mean");
    }

    #[test]
    fn toy_speech_is_described_as_it_was_made() {
        let found = describe(&beats(4.0, 2.0, 0.3));
        let pitch = 12.0 * (150.0_f64 / 27.5).log2();
        assert!((value(&found, "f0.mean") - pitch).abs() < 0.05);
        assert!(value(&found, "jitter.mean") < 0.01);
        assert!((value(&found, "loudness.peaks") - 4.0).abs() < 0.7);
        assert!((value(&found, "h1_h2.mean") - 6.0).abs() < 1.0);
    }

    #[test]
    fn what_cannot_be_measured_is_absent_rather_than_made_up() {
        let found = describe(&noise(3, 0.2, 1.0));
        let at = |name: &str| found[names().iter().position(|known| known == name).unwrap()];
        assert_eq!(at("f0.p50"), None);
        assert_eq!(at("f1.mean"), None);
        assert!(at("unvoiced_flux.mean").is_some());
        assert!(describe(&[]).iter().filter(|v| v.is_some()).count() <= 4);
    }

    #[test]
    fn stretches_are_found_with_their_ends() {
        let found: Vec<_> = runs(6, |at| [0, 1, 4, 5].contains(&at)).collect();
        assert_eq!(found, [0..2, 4..6]);
        assert_eq!(runs(0, |_| true).count(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn whatever_the_sound_values_are_finite(bits in prop::collection::vec(-1.0_f32..1.0, 0..5_000), hz in 80.0_f64..500.0) {
            for sound in [bits, sine(hz, 0.5, 0.3)] {
                let found = describe(&sound);
                prop_assert_eq!(found.len(), N_DESCRIPTORS);
                prop_assert!(found.iter().flatten().all(|v| v.is_finite()));
            }
        }
    }
}
