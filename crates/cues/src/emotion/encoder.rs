//! A recurrent network that has heard thousands of speakers, and what its states say of a voice.
//!
//! The recurrent part of the GE2E speaker encoder (L. Wan et al. 2018, *Generalized end-to-end loss for
//! speaker verification*, ICASSP) as trained by Resemblyzer 0.1.4: three layers of 256 units over the
//! powers of 40 mel bands. Mean and deviation over time of the states of its upper two layers are the
//! *impression* of a window. The projection that makes an identity of the states is not part of this
//! program, and an impression is kept no longer than the conversation it was heard in.

use std::fmt;

use smes_nn::layers::Lstm;
use smes_nn::mel::{FRAME, MelSpectrogram, SAMPLE_RATE};
use smes_nn::{Device, NnError, ParamLoader, Params, Precision, Tensor};

use crate::CueError;
use crate::voice::{self, VoiceReading, Window, descriptors::N_DESCRIPTORS};

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
/// Windows that are read together: bounds memory.
const BATCH: usize = 32;

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
        let windows = voice::windows(samples, sample_rate, reading);
        let gain = 10_f64.powf((LEVEL_DB - voice::talk_level_db(reading)) / 20.0);
        let mut heard = Vec::with_capacity(windows.len());
        for batch in windows.chunks(BATCH) {
            let impressions = self.impressions(samples, gain, batch, Precision::Bf16)?;
            heard.extend(batch.iter().zip(impressions).map(|(window, impression)| {
                let numbers = impression.into_iter().map(f64::from).map(Some);
                HeardWindow {
                    start_s: window.start_s,
                    end_s: window.end_s,
                    voiced_s: window.voiced_s,
                    inputs: window.descriptors.iter().copied().chain(numbers).collect(),
                }
            }));
        }
        Ok(heard)
    }

    /// The impression of each window of sound times `gain`.
    fn impressions(
        &self,
        samples: &[f32],
        gain: f64,
        windows: &[Window],
        precision: Precision,
    ) -> Result<Vec<Vec<f32>>, NnError> {
        let parts: Vec<&[f32]> = windows.iter().map(|window| part(samples, window)).collect();
        let lengths: Vec<usize> = parts
            .iter()
            .map(|part| MelSpectrogram::n_frames(part.len()))
            .collect();
        let mut x = self.spectra(&parts, gain, lengths.iter().copied().max().unwrap_or(0))?;
        let mut impressions = vec![Vec::with_capacity(N_IMPRESSION); windows.len()];
        for (index, layer) in self.layers.iter().enumerate() {
            x = layer.forward(&x, precision)?;
            if SUMMED_UP.contains(&index) {
                let states = x.flatten_all()?.to_vec1::<f32>()?;
                for (at, impression) in impressions.iter_mut().enumerate() {
                    sum_up(&states, at, windows.len(), lengths[at], impression);
                }
            }
        }
        Ok(impressions)
    }

    /// Powers of some sounds as `[T, B, 40]`; those that end sooner are followed by zeros.
    fn spectra(&self, parts: &[&[f32]], gain: f64, length: usize) -> Result<Tensor, NnError> {
        let mut numbers = vec![0.0_f32; length * parts.len() * N_BANDS];
        let power_gain = gain * gain;
        for (at, part) in parts.iter().enumerate() {
            let sample = |place: usize| {
                let at = place.checked_sub(FRAME / 2);
                at.and_then(|at| part.get(at))
                    .map_or(0.0, |s| f64::from(*s))
            };
            let powers = self
                .mel
                .powers(MelSpectrogram::n_frames(part.len()), sample);
            for (t, powers) in powers.chunks_exact(N_BANDS).enumerate() {
                let row = &mut numbers[(t * parts.len() + at) * N_BANDS..][..N_BANDS];
                for (to, power) in row.iter_mut().zip(powers) {
                    #[expect(clippy::cast_possible_truncation, reason = "networks read f32")]
                    let power = (power * power_gain) as f32;
                    *to = power;
                }
            }
        }
        Ok(Tensor::from_vec(
            numbers,
            (length, parts.len(), N_BANDS),
            &Device::Cpu,
        )?)
    }
}

/// The samples of a window.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sample indices, positive"
)]
fn part<'s>(samples: &'s [f32], window: &Window) -> &'s [f32] {
    let at = |time_s: f64| ((time_s * f64::from(SAMPLE_RATE)) as usize).min(samples.len());
    &samples[at(window.start_s)..at(window.end_s)]
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
    use crate::voice::signals::{RATE, beats};

    fn window(start_s: f64, end_s: f64) -> Window {
        Window {
            start_s,
            end_s,
            voiced_s: 1.0,
            descriptors: Vec::new(),
        }
    }

    /// `goldens/cues/voice_encoder`: librosa and torch, with the shipped weights.
    #[test]
    fn the_impression_of_two_sounds_read_together_is_that_of_the_reference() {
        let golden = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/golden/voice_encoder/golden.safetensors"
        );
        let golden = smes_nn::checkpoint::read_file(golden.as_ref()).unwrap();
        let get = |name: &str| golden.tensors[name].to_vec1::<f32>().unwrap();
        let (first, second) = (get("0.samples"), get("1.samples"));
        let seconds = |n: usize| n as f64 / f64::from(SAMPLE_RATE);
        let edge = seconds(first.len());
        let windows = [
            window(0.0, edge),
            window(
                edge,
                edge + seconds(second.len()) + 0.5 / f64::from(SAMPLE_RATE),
            ),
        ];
        let samples = [first, second].concat();
        let encoder = VoiceEncoder::embedded().unwrap();
        for (precision, tolerance) in [(Precision::F32, 1e-4), (Precision::Bf16, 0.03)] {
            let found = encoder
                .impressions(&samples, 1.0, &windows, precision)
                .unwrap();
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
