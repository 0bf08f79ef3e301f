//! A recurrent network that has heard thousands of speakers, and what its states say of a voice.
//!
//! The recurrent part of the GE2E speaker encoder (L. Wan et al. 2018, *Generalized end-to-end loss for
//! speaker verification*, ICASSP) as trained by Resemblyzer 0.1.4: three layers of 256 units over the
//! powers of 40 mel bands. Mean and deviation over time of the states of its upper two layers are the
//! *impression* of a window. The projection that makes an identity of the states is not part of this
//! program, and an impression is kept no longer than the conversation it was heard in.

use std::collections::VecDeque;
use std::fmt;

use rayon::prelude::*;
use smes_nn::layers::Lstm;
use smes_nn::mel::{FRAME, MelSpectrogram};
use smes_nn::{Device, NnError, ParamLoader, Params, Precision, Tensor};

use crate::CueError;
use crate::voice::{self, Part, VoiceReading, Window, descriptors::N_DESCRIPTORS};

const N_BANDS: usize = 40;
const N_HIDDEN: usize = 256;
/// Layers whose states are summed up.
const SUMMED_UP: [usize; 2] = [1, 2];
/// Numbers in an impression.
pub const N_IMPRESSION: usize = SUMMED_UP.len() * 2 * N_HIDDEN;
/// Numbers that a voice network reads of a window: descriptors, then the impression.
pub const N_INPUTS: usize = N_DESCRIPTORS + N_IMPRESSION;
/// The level of speech it was trained at, in dB re full scale.
const LEVEL_DB: f64 = -30.0;
/// Windows that are read together: more are no faster and take more memory.
const BATCH: usize = 4;

/// A window of a clip and what the networks read of it, of which `Debug` shows nothing.
#[derive(Clone, PartialEq)]
pub struct HeardWindow {
    /// Start in seconds.
    pub start_s: f64,
    /// End in seconds.
    pub end_s: f64,
    /// Seconds of voice in it.
    pub voiced_s: f64,
    /// [`N_INPUTS`] numbers: descriptors ([`voice::descriptors`] has their units), absent where they could
    /// not be measured, and the impression, which has none.
    pub inputs: Vec<Option<f64>>,
}

impl fmt::Debug for HeardWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeardWindow")
            .field("start_s", &self.start_s)
            .field("end_s", &self.end_s)
            .field("voiced_s", &self.voiced_s)
            .finish_non_exhaustive()
    }
}

/// The encoder, ready to read.
#[derive(Debug)]
pub struct VoiceEncoder {
    mel: MelSpectrogram,
    layers: Vec<Lstm>,
}

impl VoiceEncoder {
    /// From the bytes of its weights; `source` names them in errors.
    ///
    /// # Errors
    /// [`CueError::Nn`] when they are not those of such an encoder.
    pub fn from_bytes(weights: &[u8], source: &str) -> Result<Self, CueError> {
        let params = Params::from_bytes(weights, source)?;
        params.freeze(|_| true);
        let encoder = Self::load(&params.loader())?;
        params.check_all_used()?;
        Ok(encoder)
    }

    fn load(loader: &ParamLoader<'_>) -> Result<Self, NnError> {
        let lstm = loader.part("lstm");
        let layer = |index: usize| {
            let n_in = if index == 0 { N_BANDS } else { N_HIDDEN };
            Lstm::load(&lstm, &format!("_l{index}"), n_in, N_HIDDEN)
        };
        Ok(Self {
            mel: MelSpectrogram::new(N_BANDS),
            layers: (0..3).map(layer).collect::<Result<_, _>>()?,
        })
    }

    /// The windows of the talk that `reading` was read from, each described and heard. None without a
    /// voice.
    ///
    /// # Shapes
    /// `samples`: one channel, `-1..=1`, `sample_rate` a second (Hz) · returns windows of at most
    /// [`voice::MAX_WINDOW_S`] seconds, each of [`N_INPUTS`] inputs
    ///
    /// # Errors
    /// [`CueError::Nn`] when a tensor operation fails.
    pub fn listen(
        &self,
        samples: &[f32],
        sample_rate: u32,
        reading: &VoiceReading,
    ) -> Result<Vec<HeardWindow>, CueError> {
        let mut listening = self.begin(sample_rate, reading);
        listening.hear(Part::whole(samples))?;
        Ok(listening.finish())
    }

    /// Begins to listen to a sound that comes in parts.
    pub(crate) fn begin<'e>(
        &'e self,
        sample_rate: u32,
        reading: &'e VoiceReading,
    ) -> Listening<'e> {
        Listening {
            encoder: self,
            reading,
            gain: 10_f64.powf((LEVEL_DB - voice::talk_level_db(reading)) / 20.0),
            windows: voice::windows(sample_rate, reading).into(),
            heard: Vec::new(),
        }
    }

    /// The impression of each of some sounds, of which the powers in bands are known.
    fn impressions(
        &self,
        sounds: &[Vec<f32>],
        precision: Precision,
    ) -> Result<Vec<Vec<f32>>, NnError> {
        let lengths: Vec<usize> = sounds.iter().map(|powers| powers.len() / N_BANDS).collect();
        let mut x = together(sounds, lengths.iter().copied().max().unwrap_or(0))?;
        let mut impressions = vec![Vec::with_capacity(N_IMPRESSION); sounds.len()];
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, precision)?;
            if SUMMED_UP.contains(&index) {
                let states = x.flatten_all()?.to_vec1::<f32>()?;
                for (at, impression) in impressions.iter_mut().enumerate() {
                    sum_up(&states, at, sounds.len(), lengths[at], impression);
                }
            }
        }
        Ok(impressions)
    }

    /// The powers of the bands of a sound times `gain`, a row a frame. Around it is silence.
    fn powers(&self, sound: &[f32], gain: f64) -> Vec<f32> {
        let sample = |place: usize| {
            let at = place.checked_sub(FRAME / 2);
            at.and_then(|at| sound.get(at))
                .map_or(0.0, |s| f64::from(*s))
        };
        let power_gain = gain * gain;
        let n_frames = MelSpectrogram::n_frames(sound.len());
        let powers = self.mel.powers(n_frames, sample);
        #[expect(clippy::cast_possible_truncation, reason = "networks read f32")]
        powers
            .iter()
            .map(|power| (power * power_gain) as f32)
            .collect()
    }
}

/// Listens to the windows of a talk as they come.
pub(crate) struct Listening<'e> {
    encoder: &'e VoiceEncoder,
    reading: &'e VoiceReading,
    gain: f64,
    /// Those that are still to come.
    windows: VecDeque<Window>,
    heard: Vec<HeardWindow>,
}

impl Listening<'_> {
    /// Describes and hears the windows that have come whole and were not heard yet, on all cores.
    pub(crate) fn hear(&mut self, part: Part<'_>) -> Result<(), CueError> {
        let mut come = Vec::new();
        while let Some(window) = self.windows.pop_front_if(|window| window.has_come(part)) {
            come.push(window);
        }
        // What a window sounds like does not depend on those it is heard with.
        let share = come.len().div_ceil(rayon::current_num_threads());
        let batches = come.par_chunks(share.clamp(1, BATCH));
        let heard = batches.map(|windows| self.hear_together(part, windows));
        let heard = heard.collect::<Result<Vec<_>, _>>()?;
        self.heard.extend(heard.into_iter().flatten());
        Ok(())
    }

    /// All windows, once every part has come.
    pub(crate) fn finish(self) -> Vec<HeardWindow> {
        self.heard
    }

    fn hear_together(
        &self,
        part: Part<'_>,
        windows: &[Window],
    ) -> Result<Vec<HeardWindow>, CueError> {
        let powers = |window: &Window| self.encoder.powers(window.samples(part), self.gain);
        let sounds: Vec<Vec<f32>> = windows.iter().map(powers).collect();
        let impressions = self.encoder.impressions(&sounds, Precision::Bf16)?;
        let heard = |(window, impression): (&Window, Vec<f32>)| {
            let mut inputs = window.descriptors(part, self.reading);
            inputs.extend(impression.into_iter().map(f64::from).map(Some));
            HeardWindow {
                start_s: window.start_s,
                end_s: window.end_s,
                voiced_s: window.voiced_s,
                inputs,
            }
        };
        Ok(windows.iter().zip(impressions).map(heard).collect())
    }
}

/// Powers of some sounds as `[T, B, 40]`; those that end sooner are followed by zeros.
fn together(sounds: &[Vec<f32>], length: usize) -> Result<Tensor, NnError> {
    let mut numbers = vec![0.0_f32; length * sounds.len() * N_BANDS];
    for (at, powers) in sounds.iter().enumerate() {
        for (t, powers) in powers.chunks_exact(N_BANDS).enumerate() {
            numbers[(t * sounds.len() + at) * N_BANDS..][..N_BANDS].copy_from_slice(powers);
        }
    }
    let shape = (length, sounds.len(), N_BANDS);
    Ok(Tensor::from_vec(numbers, shape, &Device::Cpu)?)
}

/// Appends mean and deviation over time of the states of one sequence out of `[T, B, H]`.
fn sum_up(states: &[f32], at: usize, n_sequences: usize, length: usize, out: &mut Vec<f32>) {
    let mut sums = vec![(0.0_f64, 0.0_f64); N_HIDDEN];
    for t in 0..length {
        let row = &states[(t * n_sequences + at) * N_HIDDEN..][..N_HIDDEN];
        for ((sum, squares), state) in sums.iter_mut().zip(row) {
            *sum += f64::from(*state);
            *squares += f64::from(*state).powi(2);
        }
    }
    let n = length as f64;
    #[expect(clippy::cast_possible_truncation, reason = "networks read f32")]
    let deviation =
        |(sum, squares): &(f64, f64)| (squares / n - (sum / n).powi(2)).max(0.0).sqrt() as f32;
    #[expect(clippy::cast_possible_truncation, reason = "networks read f32")]
    out.extend(sums.iter().map(|(sum, _)| (sum / n) as f32));
    out.extend(sums.iter().map(deviation));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::Pieces;
    use crate::voice::signals::{RATE, beats};

    /// `goldens/cues/voice_encoder`: librosa and torch, with the shipped weights.
    #[test]
    fn the_impression_of_two_sounds_read_together_is_that_of_the_reference() {
        let golden = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/golden/voice_encoder/golden.safetensors"
        );
        let golden = smes_nn::checkpoint::read_file(golden.as_ref()).unwrap();
        let get = |name: &str| golden.tensors[name].to_vec1::<f32>().unwrap();
        let encoder = VoiceEncoder::embedded().unwrap();
        let powers = ["0.samples", "1.samples"].map(|name| encoder.powers(&get(name), 1.0));
        for (precision, tolerance) in [(Precision::F32, 1e-4), (Precision::Bf16, 0.03)] {
            let found = encoder.impressions(&powers, precision).unwrap();
            for (case, found) in found.iter().enumerate() {
                let expected = get(&format!("{case}.impression"));
                assert_eq!(found.len(), N_IMPRESSION);
                let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
                let worst = off.fold(0.0, f32::max);
                assert!(worst < tolerance, "sound {case} in {precision:?}: {worst}");
            }
        }
    }

    #[test]
    fn how_loud_the_microphone_is_does_not_matter() {
        let loud = beats(4.0, 3.0, 0.5);
        let faint: Vec<f32> = loud.iter().map(|sample| 0.1 * sample).collect();
        let encoder = VoiceEncoder::embedded().unwrap();
        let hear = |sound: &[f32]| {
            let reading = voice::read(sound, RATE);
            encoder.listen(sound, RATE, &reading).unwrap()
        };
        let (loud, faint) = (hear(&loud), hear(&faint));
        assert_eq!(loud.len(), 2);
        for (loud, faint) in loud.iter().zip(&faint) {
            assert_eq!(loud.inputs.len(), N_INPUTS);
            let pairs = loud.inputs.iter().zip(&faint.inputs).skip(N_DESCRIPTORS);
            for (loud, faint) in pairs {
                let (loud, faint) = (loud.unwrap(), faint.unwrap());
                assert!((loud - faint).abs() < 0.02, "{loud} {faint}");
            }
        }
    }

    #[test]
    fn windows_that_come_in_parts_are_heard_as_in_the_whole() {
        let mut sound = beats(4.0, 17.0, 0.5);
        sound.extend(vec![0.0; 90_000]);
        sound.extend(beats(3.0, 9.0, 0.2));
        let reading = voice::read(&sound, RATE);
        let encoder = VoiceEncoder::embedded().unwrap();
        let mut listening = encoder.begin(RATE, &reading);
        let mut pieces = Pieces::new(sound.len(), RATE);
        for piece in sound.chunks(5_001) {
            pieces.add(piece, |part| listening.hear(part).unwrap());
        }
        let heard = listening.finish();
        assert!(heard.len() > 2 * BATCH);
        assert!(heard == encoder.listen(&sound, RATE, &reading).unwrap());
    }

    #[test]
    fn debug_shows_nothing_that_a_voice_could_be_recognised_by() {
        let sound = beats(4.0, 2.0, 0.5);
        let reading = voice::read(&sound, RATE);
        let encoder = VoiceEncoder::embedded().unwrap();
        let heard = encoder.listen(&sound, RATE, &reading).unwrap();
        let mut usual = crate::emotion::UsualVoice::default();
        usual.add(&heard);
        let shown = format!("{heard:?} {usual:?}");
        assert!(shown.len() < 250, "{shown}");
    }

    #[test]
    fn weights_of_something_else_are_refused_by_name() {
        let error = VoiceEncoder::from_bytes(&[0; 40], "a file").unwrap_err();
        assert!(error.to_string().contains("a file"), "{error}");
    }
}
