//! A Whisper that runs here, from a folder as Hugging Face publishes it.

mod decode;
mod prompt;
mod windows;

use std::ops::Range;
use std::path::{Path, PathBuf};

use smes_media::Audio;
use smes_nn::seq2seq::Cache;
use smes_nn::whisper::Whisper;
use smes_nn::{Device, NnError, RandomStream, Tensor};
use tokenizers::Tokenizer;

use crate::transcriber::check_rate;
use crate::{Hints, LogMel, SAMPLE_RATE, Span, SpeechError, Transcriber, Transcript};
use decode::{Attempt, Decoder, TEMPERATURES};
use prompt::{GenerationConfig, Language};
use windows::windows;

/// Samples from one frame of a spectrogram to the next.
const HOP: usize = 160;
/// Sounds shorter than this hold no word, in samples: a tenth of a second.
const LEAST: usize = SAMPLE_RATE as usize / 10;
/// Seed of what is drawn where greedy decoding went wrong.
const SEED: u64 = 1;

/// Transcribes with a Whisper.
#[derive(Debug)]
pub struct WhisperTranscriber {
    name: String,
    folder: PathBuf,
    model: Whisper,
    config: GenerationConfig,
    tokenizer: Tokenizer,
    mel: LogMel,
}

impl WhisperTranscriber {
    /// Reads a folder with `config.json`, `generation_config.json`, `tokenizer.json` and
    /// `model.safetensors` (or `pytorch_model.bin`).
    ///
    /// # Errors
    /// [`SpeechError::NoFolder`], [`SpeechError::Read`], [`SpeechError::File`],
    /// [`SpeechError::Model`] for another architecture and for weights that are cut short, missing or
    /// of no use to it.
    pub fn open(folder: &Path) -> Result<Self, SpeechError> {
        if !folder.is_dir() {
            return Err(SpeechError::NoFolder {
                folder: folder.to_owned(),
            });
        }
        let model = Whisper::open(folder).map_err(|source| SpeechError::Model {
            folder: folder.to_owned(),
            source: Box::new(source),
        })?;
        let config =
            GenerationConfig::read(&folder.join("generation_config.json"), model.config())?;
        let tokenizer = read_tokenizer(&folder.join("tokenizer.json"))?;
        let name = folder.file_name().unwrap_or(folder.as_os_str());
        Ok(Self {
            name: name.to_string_lossy().into_owned(),
            folder: folder.to_owned(),
            mel: LogMel::new(model.config().num_mel_bins),
            model,
            config,
            tokenizer,
        })
    }

    /// The same under a name of its own, where the folder has none that says much.
    #[must_use]
    pub fn named(self, name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..self
        }
    }

    /// The words of one window, with the language they are in.
    fn window(
        &self,
        samples: &[f32],
        number: u64,
        language: Option<&Language>,
        hints: &Hints,
    ) -> Result<(Attempt, Option<Language>), SpeechError> {
        hints.check_time()?;
        let fresh = self.hear(samples)?;
        let language = match language {
            Some(language) => Some(language.clone()),
            None => self.language_of(&fresh)?,
        };
        let config = self.model.config();
        let prompt = self
            .config
            .prompt(config.decoder_start_token_id, language.as_ref());
        let decoder = Decoder {
            model: &self.model,
            config: &self.config,
            prompt: &prompt,
            fresh: &fresh,
            n_tokens: (config.max_target_positions / 2)
                .min(config.max_target_positions.saturating_sub(prompt.len())),
        };
        let mut last = None;
        for (i, temperature) in (0..).zip(TEMPERATURES) {
            let chance = RandomStream::new(SEED).numbered(number).numbered(i);
            let attempt = decoder.attempt(temperature, chance, hints)?;
            let is_enough = attempt.is_good() || attempt.is_silence();
            last = Some(attempt);
            if is_enough {
                break;
            }
        }
        let attempt = last.expect("there is a temperature");
        Ok((attempt, language))
    }

    /// An empty output for a sound.
    fn hear(&self, samples: &[f32]) -> Result<Cache, NnError> {
        let config = self.model.config();
        let shape = (config.n_frames(), config.num_mel_bins);
        let log_mel = self.mel.spectrogram(samples, shape.0);
        let log_mel = Tensor::from_vec(log_mel, shape, &Device::Cpu)?;
        self.model.start(&self.model.encode(&log_mel)?)
    }

    /// The most likely language; none where the model knows one alone.
    fn language_of(&self, fresh: &Cache) -> Result<Option<Language>, NnError> {
        let languages = self.config.languages();
        if languages.is_empty() {
            return Ok(None);
        }
        let start = [self.model.config().decoder_start_token_id];
        let scores = self
            .model
            .step(&start, &mut fresh.clone())?
            .to_vec2::<f32>()?;
        let score = |language: &Language| scores[0][language.token as usize];
        Ok(languages
            .into_iter()
            .max_by(|a, b| score(a).total_cmp(&score(b))))
    }

    /// The words of tokens, without those that are no words.
    fn words(&self, tokens: &[u32]) -> Result<String, SpeechError> {
        let is_time = |token: u32| token > self.config.no_timestamps_token_id;
        let tokens: Vec<u32> = tokens.iter().copied().filter(|t| !is_time(*t)).collect();
        // The error's own words may quote a token.
        let words = self.tokenizer.decode(&tokens, true);
        let words = words.map_err(|_| SpeechError::File {
            file: self.folder.join("tokenizer.json"),
            reason: "it cannot put tokens into words".to_owned(),
        })?;
        Ok(words.trim().to_owned())
    }
}

impl Transcriber for WhisperTranscriber {
    fn id(&self) -> String {
        format!("whisper:{}", self.name)
    }

    fn transcribe(&self, sound: &Audio, hints: &Hints) -> Result<Transcript, SpeechError> {
        check_rate(sound)?;
        let named = hints.language.as_deref();
        let mut language = named.map(|code| self.config.language(code)).transpose()?;
        let longest = self.model.config().n_frames() * HOP;
        let mut spans = Vec::new();
        for (number, window) in (0..).zip(windows(&sound.samples, longest)) {
            let samples = &sound.samples[window.clone()];
            if samples.len() < LEAST || samples.iter().all(|sample| *sample == 0.0) {
                continue;
            }
            let (attempt, of_window) = self.window(samples, number, language.as_ref(), hints)?;
            let mut text = String::new();
            if !attempt.is_silence() {
                text = self.words(&attempt.tokens)?;
                // The first words decide for all: a person does not change it within a turn.
                language = language.or(of_window);
            }
            spans.push(span(window, text, &attempt));
        }
        Ok(Transcript::of_spans(spans, language.map(|it| it.code)))
    }
}

fn span(window: Range<usize>, text: String, attempt: &Attempt) -> Span {
    let ms = |at: usize| at as u64 * 1000 / u64::from(SAMPLE_RATE);
    Span {
        start_ms: ms(window.start),
        end_ms: ms(window.end),
        text: text.into(),
        mean_log_prob: Some(attempt.mean_log_prob),
        no_speech_prob: Some(attempt.no_speech_prob),
    }
}

fn read_tokenizer(file: &Path) -> Result<Tokenizer, SpeechError> {
    let json = fs_err::read(file).map_err(|source| SpeechError::Read {
        file: file.to_owned(),
        source,
    })?;
    Tokenizer::from_bytes(&json).map_err(|error| SpeechError::File {
        file: file.to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Case {
        prompt: Vec<u32>,
        outputs: Vec<Output>,
        no_speech: f32,
    }

    #[derive(Deserialize)]
    struct Output {
        barred: Vec<u32>,
        tokens: Vec<u32>,
    }

    #[test]
    fn greedy_decoding_writes_token_for_token_what_transformers_writes() {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/whisper");
        let cases = fs_err::read(golden.join("cases.json")).unwrap();
        let cases: Vec<Case> = serde_json::from_slice(&cases).unwrap();
        let file = golden.join("golden.safetensors");
        let tensors = smes_nn::checkpoint::read_file(&file).unwrap().tensors;
        for (number, case) in cases.iter().enumerate() {
            let sound = tensors[&format!("sound.{number}")]
                .to_vec1::<f32>()
                .unwrap();
            for output in &case.outputs {
                let mut it = WhisperTranscriber::open(&golden.join("model")).unwrap();
                it.config.suppress_tokens.extend(&output.barred);
                let decoder = Decoder {
                    model: &it.model,
                    config: &it.config,
                    prompt: &case.prompt,
                    fresh: &it.hear(&sound).unwrap(),
                    n_tokens: 12,
                };
                let found = decoder.attempt(0.0, RandomStream::new(0), &Hints::default());
                let found = found.unwrap();
                assert_eq!(found.tokens, output.tokens, "sound {number}");
                let far = (found.no_speech_prob - case.no_speech).abs();
                assert!(far < 1e-4, "sound {number}: {far}");
            }
        }
    }
}
