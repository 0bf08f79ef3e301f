//! The trait behind which everything that turns speech into text stands.

use std::time::Instant;

use serde::Serialize;
use smes_dialogue::Private;
use smes_media::Audio;

use crate::SpeechError;

/// Samples a second of what is transcribed.
pub const SAMPLE_RATE: u32 = 16_000;

/// Turns speech into text.
pub trait Transcriber: Send + Sync {
    /// Name and model, for example `whisper:whisper-base`.
    fn id(&self) -> String;

    /// The other machine that sounds are sent to, if they leave this one.
    fn sends_to(&self) -> Option<&str> {
        None
    }

    /// The words of a sound.
    ///
    /// A sound without speech is not an error: its text is empty.
    ///
    /// # Errors
    /// [`SpeechError::SampleRate`] for another rate than [`SAMPLE_RATE`], [`SpeechError::Language`] for
    /// one that the model does not know, [`SpeechError::TooSlow`] after the deadline, and when the
    /// transcriber itself fails.
    fn transcribe(&self, sound: &Audio, hints: &Hints) -> Result<Transcript, SpeechError>;
}

/// What is known beforehand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// The language, as ISO 639-1 has it: `en`. Where absent, the transcriber finds it.
    pub language: Option<String>,
    /// When nobody waits any longer.
    pub deadline: Option<Instant>,
}

impl Hints {
    pub(crate) fn check_time(&self) -> Result<(), SpeechError> {
        match self.deadline {
            Some(deadline) if Instant::now() > deadline => Err(SpeechError::TooSlow),
            _ => Ok(()),
        }
    }
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Transcript {
    /// All of it.
    pub text: Private<String>,
    /// The language, where the transcriber tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The parts with their times, where the transcriber tells.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
}

/// A part of what was said.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Span {
    /// Its beginning, in milliseconds.
    pub start_ms: u64,
    /// Its end, in milliseconds.
    pub end_ms: u64,
    /// The words; none where nobody spoke.
    pub text: Private<String>,
    /// Mean logarithm of the probability of its tokens: near 0 is sure, below -1 is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_log_prob: Option<f32>,
    /// How likely nobody spoke, `0..=1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_speech_prob: Option<f32>,
}

impl Transcript {
    /// Of parts in their order.
    pub(crate) fn of_spans(spans: Vec<Span>, language: Option<String>) -> Self {
        let words: Vec<&str> = spans
            .iter()
            .map(|span| span.text.expose().trim())
            .filter(|words| !words.is_empty())
            .collect();
        Self {
            text: words.join(" ").into(),
            language,
            spans,
        }
    }
}

/// Refuses sound of another rate.
pub(crate) fn check_rate(sound: &Audio) -> Result<(), SpeechError> {
    if sound.sample_rate == SAMPLE_RATE {
        return Ok(());
    }
    Err(SpeechError::SampleRate {
        found: sound.sample_rate,
    })
}
