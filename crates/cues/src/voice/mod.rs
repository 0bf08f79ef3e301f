//! What is measured of the voice, one file a measure.
//!
//! The F0 analysis hands its spectra to the colour of the voice, the level contour serves loudness,
//! syllables and pauses: these make the features a person reads. The same frames are measured once more,
//! as [`descriptors`] of windows of the talk; that takes its own time and is asked for apart.

mod auditory;
mod balance;
pub mod defects;
pub mod descriptors;
pub mod f0;
mod formants;
mod functionals;
mod harmonics;
mod listener;
pub mod loudness;
mod mel;
mod mfcc;
pub mod music;
mod part;
mod path;
mod perturbation;
pub mod rhythm;
mod roots;
mod short;
#[cfg(test)]
pub(crate) mod signals;
pub mod spectrum;

use std::ops::Range;

use smes_dialogue::Feature;

use self::f0::F0Frame;
pub(crate) use self::listener::Listener;
use self::loudness::Levels;
pub(crate) use self::part::{Extent, Part, Pieces};
use self::rhythm::Rhythm;
use self::spectrum::SummedSpectrum;
use crate::stats::quantile;

/// Less voice than this cannot be told from a cough or a door, in seconds.
pub const MIN_VOICED_S: f64 = 0.3;
/// Less voice than this gives unsure pitch and pace, in seconds.
pub const FEW_VOICED_S: f64 = 1.0;

/// The longest stretch that is described by one list of descriptors, in seconds. Their functionals
/// depend on how long they are taken over; acted sentences last about two seconds.
pub const MAX_WINDOW_S: f64 = 2.5;
/// Silence that is kept before the first and after the last sound, in seconds.
const MARGIN_S: f64 = 0.05;
/// The level to which speech is brought before it is described, in dB re full scale (that of ITU-T
/// P.56 test signals), so that microphones do not matter.
const SPEECH_LEVEL_DB: f64 = -26.0;

/// What a sound could be read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hearing {
    /// Nothing above the noise of a microphone.
    Silent,
    /// Mostly music, from which a voice cannot be told apart.
    Music,
    /// Sound, but hardly any voice in it.
    NoVoice,
    /// A voice.
    Voice,
}

/// The measurements of one sound.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceReading {
    /// Whether there was a voice at all.
    pub hearing: Hearing,
    /// The contour of F0.
    pub f0: Vec<F0Frame>,
    /// The contour of the level.
    pub levels: Levels,
    /// Syllables and pauses.
    pub rhythm: Rhythm,
    /// Seconds of voice.
    pub voiced_s: f64,
    /// The tops of the wave are cut off.
    pub clipped: bool,
    /// The voice hardly rises above the background.
    pub noisy: bool,
    /// There may be music under the voice.
    pub over_music: bool,
    /// The measures as features, in a fixed order; empty without a voice.
    pub features: Vec<Feature>,
}

/// A stretch of the talk, no longer than [`MAX_WINDOW_S`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Window {
    /// Start in seconds.
    pub(crate) start_s: f64,
    /// End in seconds.
    pub(crate) end_s: f64,
    /// Seconds of voice in it.
    pub(crate) voiced_s: f64,
    /// Its frames in the contour of F0.
    pub(crate) frames: Range<usize>,
}

/// Measures a sound. Any sample rate from 8 kHz works; 16 kHz is what everything is tuned on.
pub fn read(samples: &[f32], sample_rate: u32) -> VoiceReading {
    let mut listener = Listener::new(&Extent::of(samples), sample_rate);
    listener.hear(Part::whole(samples));
    listener.finish()
}

/// Mean level of the talk, in dB re full scale.
pub(crate) fn talk_level_db(reading: &VoiceReading) -> f64 {
    speech_db(&reading.levels, &reading.rhythm)
}

/// Mean level of what sounds, in dB re full scale.
fn speech_db(levels: &Levels, rhythm: &Rhythm) -> f64 {
    levels
        .mean_db(|index| rhythm.sounding[index])
        .unwrap_or(loudness::FLOOR_DB)
}

/// Cuts the talk that `reading` was read from into equal windows; those without any voice are left out.
/// None without a voice, and for sound that is not at [`descriptors::RATE`].
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of windows, positive"
)]
pub(crate) fn windows(sample_rate: u32, reading: &VoiceReading) -> Vec<Window> {
    if reading.hearing != Hearing::Voice || sample_rate != descriptors::RATE {
        return Vec::new();
    }
    let sounding = &reading.rhythm.sounding;
    let (Some(first), Some(last)) = (
        sounding.iter().position(|s| *s),
        sounding.iter().rposition(|s| *s),
    ) else {
        return Vec::new();
    };
    let start = reading.levels.time_s(first) - loudness::WINDOW_S / 4.0 - MARGIN_S;
    let end = reading.levels.time_s(last) + loudness::WINDOW_S / 4.0 + MARGIN_S;
    let n = ((end - start) / MAX_WINDOW_S).ceil().max(1.0) as usize;
    let edge = |index: usize| start + (end - start) * index as f64 / n as f64;
    let window = |index: usize| {
        let (start_s, end_s) = (edge(index).max(0.0), edge(index + 1));
        let begin = reading.f0.partition_point(|frame| frame.time_s < start_s);
        let stop = reading.f0.partition_point(|frame| frame.time_s < end_s);
        let frames = &reading.f0[begin..stop];
        let voiced = frames.iter().filter(|frame| frame.f0_hz.is_some()).count();
        (voiced > 0).then_some(Window {
            start_s,
            end_s,
            voiced_s: voiced as f64 * f0::STEP_S,
            frames: begin..stop,
        })
    };
    (0..n).filter_map(window).collect()
}

impl Window {
    /// Whether all of the window, with what lies around it, is in a part or will not come any more.
    pub(crate) fn has_come(&self, part: Part<'_>) -> bool {
        part.reaches(self.end_s, f64::from(descriptors::RATE))
    }

    /// Its samples.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sample indices, positive"
    )]
    pub(crate) fn samples<'s>(&self, part: Part<'s>) -> &'s [f32] {
        let place = |time_s: f64| {
            let place = (time_s * f64::from(descriptors::RATE)) as usize;
            place.min(part.n_total())
        };
        part.at(place(self.start_s)..place(self.end_s))
    }

    /// See [`descriptors::measure`]; of the sound brought to a fixed level of speech.
    pub(crate) fn descriptors(&self, part: Part<'_>, reading: &VoiceReading) -> Vec<Option<f64>> {
        let gain = 10_f64.powf((SPEECH_LEVEL_DB - talk_level_db(reading)) / 20.0);
        descriptors::measure_part(part, &reading.f0[self.frames.clone()], gain)
    }
}

fn features(reading: &VoiceReading, speech_db: f64, spectrum: &SummedSpectrum) -> Vec<Feature> {
    let hz: Vec<f64> = reading.f0.iter().filter_map(|frame| frame.f0_hz).collect();
    let median = quantile(&hz, 0.5);
    let rhythm = &reading.rhythm;
    let sounding_db: Vec<f64> = reading
        .levels
        .db
        .iter()
        .zip(&rhythm.sounding)
        .filter_map(|(db, sounding)| sounding.then_some(*db))
        .collect();
    let measured = [
        ("voice.f0_median", median, "Hz"),
        (
            "voice.pitch_range",
            spread(&hz, 0.05).map(|(low, high)| 12.0 * (high / low).log2()),
            "st",
        ),
        ("voice.loudness", Some(speech_db), "dB"),
        (
            "voice.loudness_range",
            spread(&sounding_db, 0.1).map(|(low, high)| high - low),
            "dB",
        ),
        ("voice.speaking_rate", rhythm.speaking_rate(), "1/s"),
        ("voice.articulation_rate", rhythm.articulation_rate(), "1/s"),
        ("voice.pause_rate", rhythm.pause_rate(), "1/s"),
        ("voice.pause_share", rhythm.pause_share(), "1"),
        ("voice.voiced_share", voiced_share(reading), "1"),
        (
            "voice.spectral_tilt",
            median.and_then(|hz| spectrum.tilt_db_per_octave(hz)),
            "dB/octave",
        ),
        ("voice.alpha_ratio", spectrum.alpha_ratio_db(), "dB"),
        ("voice.harmonicity", harmonicity_db(&reading.f0), "dB"),
    ];
    measured
        .into_iter()
        .filter_map(|(name, value, unit)| {
            Some(Feature {
                name: name.to_owned(),
                value: value.filter(|value| value.is_finite())?,
                unit: unit.to_owned(),
                relative_to_baseline: None,
            })
        })
        .collect()
}

/// Voiced share of the time that sounds, `0..=1`.
fn voiced_share(reading: &VoiceReading) -> Option<f64> {
    let spoken = reading.rhythm.talk_s - reading.rhythm.paused_s();
    (spoken > 0.0).then(|| (reading.voiced_s / spoken).min(1.0))
}

/// The quantiles `q` and `1 - q`.
fn spread(values: &[f64], q: f64) -> Option<(f64, f64)> {
    Some((quantile(values, q)?, quantile(values, 1.0 - q)?))
}

/// Harmonics over noise within voiced frames, in dB (Boersma 1993, equation 4), from their median.
fn harmonicity_db(f0: &[F0Frame]) -> Option<f64> {
    let voiced = f0.iter().filter(|frame| frame.f0_hz.is_some());
    let strengths: Vec<f64> = voiced.map(|frame| frame.strength).collect();
    // A perfectly periodic sound would be infinite: 40 dB is what Praat calls perfect for speech.
    let strength = quantile(&strengths, 0.5)?.clamp(0.0001, 0.9999);
    Some(10.0 * (strength / (1.0 - strength)).log10())
}

/// Whether the frame nearest to a time, or one beside it, is voiced.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an index, saturating below zero"
)]
fn is_voiced(f0: &[F0Frame], time_s: f64) -> bool {
    let Some(first) = f0.first() else {
        return false;
    };
    let nearest = ((time_s - first.time_s) / f0::STEP_S).round() as usize;
    let around = nearest.saturating_sub(1)..(nearest + 2).min(f0.len());
    f0.get(around)
        .is_some_and(|frames| frames.iter().any(|frame| frame.f0_hz.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::signals::{RATE, beats, noise, sine};
    use proptest::prelude::*;

    fn value(reading: &VoiceReading, name: &str) -> f64 {
        reading
            .features
            .iter()
            .find(|f| f.name == name)
            .unwrap()
            .value
    }

    #[test]
    fn silence_noise_and_voice_are_told_apart() {
        assert_eq!(read(&vec![0.0; 32_000], RATE).hearing, Hearing::Silent);
        assert_eq!(read(&noise(3, 0.2, 2.0), RATE).hearing, Hearing::NoVoice);
        assert_eq!(read(&beats(4.0, 2.0, 0.3), RATE).hearing, Hearing::Voice);
        assert_eq!(read(&[], RATE).hearing, Hearing::Silent);
    }

    #[test]
    fn toy_speech_has_every_feature_with_its_unit() {
        let reading = read(&beats(4.0, 3.0, 0.5), RATE);
        let names: Vec<_> = reading
            .features
            .iter()
            .map(|f| format!("{} {}", f.name, f.unit))
            .collect();
        insta::assert_snapshot!(names.join("\n"), @r"
        voice.f0_median Hz
        voice.pitch_range st
        voice.loudness dB
        voice.loudness_range dB
        voice.speaking_rate 1/s
        voice.articulation_rate 1/s
        voice.pause_rate 1/s
        voice.pause_share 1
        voice.voiced_share 1
        voice.spectral_tilt dB/octave
        voice.alpha_ratio dB
        voice.harmonicity dB
        ");
        assert!((value(&reading, "voice.f0_median") / 150.0 - 1.0).abs() < 0.01);
        assert!(value(&reading, "voice.pitch_range") < 0.5);
    }

    fn described(sound: &[f32]) -> Vec<(Window, Vec<Option<f64>>)> {
        let reading = read(sound, RATE);
        let windows = windows(RATE, &reading).into_iter();
        windows
            .map(|window| {
                let found = window.descriptors(Part::whole(sound), &reading);
                (window, found)
            })
            .collect()
    }

    #[test]
    fn long_talk_is_described_in_windows_and_the_silence_around_it_is_not() {
        let mut sound = vec![0.0; 32_000];
        sound.extend(beats(4.0, 6.0, 0.5));
        sound.extend(vec![0.0; 32_000]);
        let windows = described(&sound);
        assert_eq!(windows.len(), 3);
        let (first, last) = (&windows[0].0, &windows[2].0);
        assert!((first.start_s - 2.0).abs() < 0.2, "{}", first.start_s);
        assert!((last.end_s - 8.0).abs() < 0.2, "{}", last.end_s);
        assert!(
            windows
                .iter()
                .all(|(w, _)| w.end_s - w.start_s <= MAX_WINDOW_S)
        );
        assert!(described(&vec![0.0; 32_000]).is_empty());
    }

    #[test]
    fn a_voice_under_noise_is_called_noisy_and_a_clean_one_is_not() {
        let voice = beats(4.0, 3.0, 0.3);
        let covered: Vec<f32> = voice
            .iter()
            .zip(noise(5, 0.15, 3.0))
            .map(|(v, n)| v + n)
            .collect();
        assert!(read(&covered, RATE).noisy);
        assert!(!read(&voice, RATE).noisy);
        assert!(!read(&sine(200.0, 0.3, 2.0), RATE).noisy);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn scaling_changes_loudness_by_its_decibels_and_nothing_else(gain_db in -30.0_f64..0.0, per_second in 2.0_f64..6.0) {
            let loud = beats(per_second, 2.0, 1.0);
            #[expect(clippy::cast_possible_truncation, reason = "samples are f32")]
            let gain = 10_f64.powf(gain_db / 20.0) as f32;
            let quiet: Vec<f32> = loud.iter().map(|s| s * gain).collect();
            let (a, b) = (read(&loud, RATE), read(&quiet, RATE));
            prop_assert_eq!((a.hearing, a.clipped, a.noisy), (b.hearing, b.clipped, b.noisy));
            prop_assert_eq!(a.features.len(), b.features.len());
            let (described_a, described_b) = (described(&loud), described(&quiet));
            prop_assert_eq!(described_a.len(), described_b.len());
            for (x, y) in described_a.iter().zip(&described_b) {
                for (x, y) in x.1.iter().flatten().zip(y.1.iter().flatten()) {
                    prop_assert!((x - y).abs() < 0.02 * x.abs().max(1.0), "{x} {y}");
                }
            }
            for (x, y) in a.features.iter().zip(&b.features) {
                let expected = if x.name == "voice.loudness" { gain_db } else { 0.0 };
                prop_assert!((y.value - x.value - expected).abs() < 0.02, "{}: {} {}", x.name, x.value, y.value);
            }
        }
    }
}
