//! The measures of a sound that is heard in parts.

use super::defects::{self, Tops};
use super::f0::{self, PitchTracker};
use super::loudness::LevelMeter;
use super::music::{Musicality, ToneMeter};
use super::part::{Extent, Part};
use super::spectrum::SummedSpectrum;
use super::{Hearing, MIN_VOICED_S, VoiceReading, features, harmonicity_db, is_voiced, rhythm};
use super::{loudness::Levels, speech_db};

/// Measures a sound part by part: what [`super::read`] does with one part that is all of it.
pub(crate) struct Listener {
    sample_rate: u32,
    levels: LevelMeter,
    pitch: PitchTracker,
    spectrum: SummedSpectrum,
    tones: ToneMeter,
    tops: Tops,
}

impl Listener {
    /// Of a sound of which the extent is known.
    pub(crate) fn new(extent: &Extent, sample_rate: u32) -> Self {
        Self {
            sample_rate,
            levels: LevelMeter::new(extent.n_samples, sample_rate),
            pitch: PitchTracker::new(extent, sample_rate),
            spectrum: SummedSpectrum::new(),
            tones: ToneMeter::new(extent.n_samples, sample_rate),
            tops: Tops::new(extent),
        }
    }

    /// Measures what lies in a part and was not measured yet.
    pub(crate) fn hear(&mut self, part: Part<'_>) {
        let (pitch, spectrum) = (&mut self.pitch, &mut self.spectrum);
        let (levels, tones, tops) = (&mut self.levels, &mut self.tones, &mut self.tops);
        let add = |power: &[f64]| spectrum.add(power, self.sample_rate);
        let rest = || {
            levels.hear(part);
            tones.hear(part);
            tops.hear(part);
        };
        rayon::join(|| pitch.hear(part, add), rest);
    }

    /// What was measured, once all parts were heard.
    pub(crate) fn finish(self) -> VoiceReading {
        let (levels, f0) = (self.levels.finish(), self.pitch.finish());
        let rhythm = rhythm::measure(&levels, |time_s| is_voiced(&f0, time_s));
        let n_voiced = f0.iter().filter(|frame| frame.f0_hz.is_some()).count();
        let voiced_s = n_voiced as f64 * f0::STEP_S;
        let music = self.tones.musicality();
        let hearing = hearing(&levels, music, voiced_s);
        let speech_db = speech_db(&levels, &rhythm);
        let mut reading = VoiceReading {
            hearing,
            clipped: self.tops.are_clipped(),
            over_music: music == Musicality::Maybe,
            noisy: defects::is_noisy(&levels, speech_db, harmonicity_db(&f0).unwrap_or(0.0)),
            f0,
            levels,
            rhythm,
            voiced_s,
            features: Vec::new(),
        };
        if hearing == Hearing::Voice {
            reading.features = features(&reading, speech_db, &self.spectrum);
        }
        reading
    }
}

fn hearing(levels: &Levels, music: Musicality, voiced_s: f64) -> Hearing {
    if defects::is_silent(levels) {
        return Hearing::Silent;
    }
    match music {
        Musicality::Music => Hearing::Music,
        _ if voiced_s >= MIN_VOICED_S => Hearing::Voice,
        Musicality::Maybe => Hearing::Music,
        Musicality::None => Hearing::NoVoice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::part::Pieces;
    use crate::voice::read;
    use crate::voice::signals::{RATE, beats, harmonics, noise};
    use proptest::prelude::*;

    /// Talk, a hiss and a tune, too long for one part.
    fn sound() -> Vec<f32> {
        let mut sound = beats(4.0, 9.0, 0.4);
        sound.extend(vec![0.0; 20_000]);
        sound.extend(beats(3.0, 7.0, 0.7));
        sound.extend(noise(7, 0.1, 4.0));
        sound.extend(harmonics(330.0, &[0.2, 0.2, 0.1], 3.0));
        sound.extend(beats(5.0, 8.3, 0.3));
        sound
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        #[test]
        fn a_sound_measures_the_same_whole_and_in_parts(step in 1_000_usize..90_000, n_cut in 0_usize..3_000, rate in prop::sample::select(vec![RATE, 11_025, 48_000])) {
            let mut sound = sound();
            sound.truncate(sound.len() - n_cut);
            let whole = read(&sound, rate);
            let mut listener = Listener::new(&Extent::of(&sound), rate);
            let mut pieces = Pieces::new(sound.len(), rate);
            let mut n_parts = 0;
            for piece in sound.chunks(step) {
                pieces.add(piece, |part| {
                    n_parts += 1;
                    listener.hear(part);
                });
            }
            prop_assert!(pieces.is_complete() && (n_parts > 1 || rate > RATE));
            prop_assert!(whole.voiced_s > 1.0);
            prop_assert_eq!(listener.finish(), whole);
        }
    }
}
