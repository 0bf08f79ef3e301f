//! From the windows of a clip to one calibrated judgement.

use std::sync::Arc;

use smes_dialogue::EmotionSet;
use smes_nn::Params;

use super::config::VERSION;
use super::{Circumplex, HeardWindow, UsualVoice, VoiceEncoder, VoiceModelConfig, VoiceNet};
use crate::CueError;
use crate::model_folder::{read_config, read_set};
use crate::voice::VoiceReading;

/// What a voice sounded like.
#[derive(Debug, Clone, PartialEq)]
pub struct VoiceEmotion {
    /// A calibrated probability for each emotion of the set, in its order; they sum to 1.
    pub probabilities: Vec<f64>,
    /// Expected arousal, `-1..=1`; see [`Circumplex`].
    pub arousal: f64,
    /// Expected valence, `-1..=1`.
    pub valence: f64,
}

/// From this probability on an emotion is named.
const NAMED: f64 = 0.5;

impl VoiceEmotion {
    /// The likeliest emotion with its probability, where that is enough to be named.
    pub fn named<'e>(&self, emotions: &'e EmotionSet) -> Option<(&'e str, f64)> {
        let all = emotions.names().zip(self.probabilities.iter().copied());
        all.max_by(|a, b| a.1.total_cmp(&b.1))
            .filter(|(_, p)| *p >= NAMED)
    }
}

/// A voice model ready to read.
#[derive(Debug, Clone)]
pub struct EmotionReader {
    encoder: Arc<VoiceEncoder>,
    net: VoiceNet,
    emotions: EmotionSet,
    temperature: f64,
}

impl EmotionReader {
    /// A model from the bytes of its configuration and weights; `source` names them in errors.
    ///
    /// # Errors
    /// [`CueError::Model`] when they do not fit this version.
    pub fn from_parts(config: &[u8], weights: &[u8], source: &str) -> Result<Self, CueError> {
        let config: VoiceModelConfig = read_config(config, VERSION, source)?;
        let emotions = read_set(&config.emotions, source)?;
        let params = Params::from_bytes(weights, source)?;
        let net = VoiceNet::load(&params.loader(), &config, emotions.len())?;
        params.check_all_used()?;
        Self::new(net, emotions, config.temperature)
    }

    /// A network that was just trained. `temperature` divides its logits.
    ///
    /// # Errors
    /// As for [`VoiceEncoder::embedded`].
    pub fn new(net: VoiceNet, emotions: EmotionSet, temperature: f64) -> Result<Self, CueError> {
        Ok(Self {
            encoder: Arc::new(VoiceEncoder::embedded()?),
            net,
            emotions,
            temperature,
        })
    }

    /// What hears the windows that are read.
    pub(crate) fn encoder(&self) -> &VoiceEncoder {
        &self.encoder
    }

    /// See [`VoiceEncoder::listen`].
    ///
    /// # Errors
    /// As for [`VoiceEncoder::listen`].
    pub fn listen(
        &self,
        samples: &[f32],
        sample_rate: u32,
        reading: &VoiceReading,
    ) -> Result<Vec<HeardWindow>, CueError> {
        self.encoder.listen(samples, sample_rate, reading)
    }

    /// The emotions it tells apart.
    pub fn emotions(&self) -> &EmotionSet {
        &self.emotions
    }

    /// What each window sounds like, against the speaker's usual voice.
    ///
    /// # Shapes
    /// `windows`: `N`, each of `D` ([`super::N_INPUTS`]) inputs · returns `N` judgements
    ///
    /// # Errors
    /// [`CueError::Nn`] when a window has another number of inputs.
    pub fn read(
        &self,
        windows: &[HeardWindow],
        usual: &UsualVoice,
    ) -> Result<Vec<VoiceEmotion>, CueError> {
        if windows.is_empty() {
            return Ok(Vec::new());
        }
        let inputs = windows.iter().map(|window| window.inputs.as_slice());
        let logits = self.net.logits(&self.net.inputs(inputs, usual)?)?;
        let rows = logits.to_vec2::<f32>().map_err(smes_nn::NnError::from)?;
        let judge = |row: &Vec<f32>| self.judge(softmax(row, self.temperature));
        Ok(rows.iter().map(judge).collect())
    }

    /// What a clip sounds like as a whole: the mean over its windows, weighted by their seconds of voice;
    /// none without any.
    ///
    /// # Errors
    /// As for [`EmotionReader::read`].
    pub fn read_clip(
        &self,
        windows: &[HeardWindow],
        usual: &UsualVoice,
    ) -> Result<Option<VoiceEmotion>, CueError> {
        let found = self.read(windows, usual)?;
        let weights: Vec<f64> = windows.iter().map(|window| window.voiced_s).collect();
        let rows: Vec<&[f64]> = found.iter().map(|e| e.probabilities.as_slice()).collect();
        Ok(average(&rows, &weights).map(|probabilities| self.judge(probabilities)))
    }

    fn judge(&self, probabilities: Vec<f64>) -> VoiceEmotion {
        let expected = |pick: fn(Circumplex) -> f64| {
            let places = self.emotions.iter().map(Circumplex::of);
            let terms = places.zip(&probabilities);
            terms
                .filter_map(|(place, p)| Some(pick(place?) * p))
                .sum::<f64>()
        };
        VoiceEmotion {
            arousal: expected(|place| place.arousal),
            valence: expected(|place| place.valence),
            probabilities,
        }
    }
}

/// The weighted mean of some distributions; `None` without weight.
///
/// # Shapes
/// `rows`: `N` of `C` · `weights`: `N`, 0 or more · returns `C`
pub fn average(rows: &[&[f64]], weights: &[f64]) -> Option<Vec<f64>> {
    let total: f64 = weights.iter().sum();
    let mut mean = vec![0.0; rows.first().filter(|_| total > 0.0)?.len()];
    for (row, weight) in rows.iter().zip(weights) {
        for (mean, p) in mean.iter_mut().zip(*row) {
            *mean += weight / total * p;
        }
    }
    Some(mean)
}

/// Probabilities of a row of logits, divided by the temperature first, which is above 0.
///
/// # Shapes
/// `logits`: `C` · returns `C` that sum to 1
///
/// # Equation
/// `exp(x_i / t) / sum_j exp(x_j / t)` (C. Guo et al. 2017, *On calibration of modern neural networks*, ICML)
pub fn softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
    let scaled: Vec<f64> = logits.iter().map(|l| f64::from(*l) / temperature).collect();
    let peak = scaled.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let heights: Vec<f64> = scaled.iter().map(|l| (l - peak).exp()).collect();
    let total: f64 = heights.iter().sum();
    heights.into_iter().map(|height| height / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice;
    use crate::voice::signals::{RATE, beats};

    fn config() -> VoiceModelConfig {
        VoiceModelConfig {
            version: VERSION,
            emotions: "emodb-7".to_owned(),
            n_members: 2,
            hidden_size: 4,
            input_dropout: 0.5,
            dropout: 0.5,
            prior_clips: 12.0,
            temperature: 2.0,
        }
    }

    fn reader(temperature: f64) -> EmotionReader {
        let params = Params::new();
        let net = VoiceNet::load(&params.initialiser(1), &config(), 7).unwrap();
        EmotionReader::new(net, smes_dialogue::emodb_emotions(), temperature).unwrap()
    }

    #[test]
    fn probabilities_sum_to_one_and_a_high_temperature_flattens_them() {
        let sound = beats(4.0, 6.0, 0.3);
        let reading = voice::read(&sound, RATE);
        let windows = reader(1.0).listen(&sound, RATE, &reading).unwrap();
        assert!(windows.len() > 1);
        let spread = |temperature| {
            let found = reader(temperature).read_clip(&windows, &UsualVoice::default());
            let found = found.unwrap().unwrap();
            assert!((found.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            assert!(found.arousal.abs() <= 1.0 && found.valence.abs() <= 1.0);
            found.probabilities.iter().copied().fold(0.0, f64::max)
        };
        assert!(spread(1.0) > spread(100.0));
        let nothing = reader(1.0).read_clip(&[], &UsualVoice::default());
        assert!(nothing.unwrap().is_none());
    }

    #[test]
    fn the_same_voice_is_heard_otherwise_once_it_is_known_to_be_usual() {
        let sound = beats(4.0, 4.0, 0.3);
        let reader = EmotionReader::embedded().unwrap();
        let reading = voice::read(&sound, RATE);
        let windows = reader.listen(&sound, RATE, &reading).unwrap();
        let mut usual = UsualVoice::default();
        let before = reader.read_clip(&windows, &usual).unwrap().unwrap();
        for _ in 0..200 {
            usual.add(&windows);
        }
        let after = reader.read_clip(&windows, &usual).unwrap().unwrap();
        let peak = |found: &VoiceEmotion| found.probabilities.iter().copied().fold(0.0, f64::max);
        // Nothing stands out of what is always so.
        assert!(peak(&after) < peak(&before), "{before:?} {after:?}");
    }

    #[test]
    fn windows_count_by_their_voice() {
        let mean = average(&[&[1.0, 0.0], &[0.0, 1.0]], &[3.0, 1.0]).unwrap();
        assert_eq!(mean, [0.75, 0.25]);
        assert_eq!(average(&[&[1.0]], &[0.0]), None);
    }

    #[test]
    fn a_model_of_another_version_or_set_is_refused_by_name() {
        for (field, value) in [("version", "1"), ("emotions", "'no-set'")] {
            let text = toml::to_string(&config()).unwrap();
            let text: String = text
                .lines()
                .map(|line| {
                    if line.starts_with(field) {
                        format!("{field} = {value}\n")
                    } else {
                        format!("{line}\n")
                    }
                })
                .collect();
            let error = EmotionReader::from_parts(text.as_bytes(), &[], "a model").unwrap_err();
            assert!(error.to_string().contains("a model"), "{error}");
        }
    }
}
