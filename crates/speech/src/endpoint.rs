//! A server that transcribes: `POST /v1/audio/transcriptions`, as `OpenAI`, `vLLM` and others have it.

use smes_dialogue::Private;
use smes_endpoint::{Client, Sound, Transcription, TranscriptionSpan};
use smes_media::Audio;

use crate::transcriber::check_rate;
use crate::{Hints, Span, SpeechError, Transcriber, Transcript};

/// Transcribes by asking a server. Its time-outs, tries and pace are the client's.
#[derive(Debug)]
pub struct EndpointTranscriber {
    client: Client,
}

impl EndpointTranscriber {
    /// Asks through this client.
    pub const fn new(client: Client) -> Self {
        Self { client }
    }
}

impl Transcriber for EndpointTranscriber {
    fn id(&self) -> String {
        format!("endpoint:{}:{}", self.client.host(), self.client.model())
    }

    fn sends_to(&self) -> Option<&str> {
        (!self.client.is_local()).then(|| self.client.host())
    }

    fn transcribe(&self, sound: &Audio, hints: &Hints) -> Result<Transcript, SpeechError> {
        check_rate(sound)?;
        hints.check_time()?;
        if sound.samples.iter().all(|sample| *sample == 0.0) {
            return Ok(Transcript::default());
        }
        let answer = self.client.transcribe(&Sound {
            wav: &Private::new(sound.to_wav()),
            language: hints.language.as_deref(),
        })?;
        Ok(transcript(answer))
    }
}

fn transcript(answer: Transcription) -> Transcript {
    let spans = answer.spans.unwrap_or_default();
    Transcript {
        text: answer.text.expose().trim().into(),
        language: answer.language,
        spans: spans.iter().filter_map(span).collect(),
    }
}

/// A part, if its times are some.
fn span(span: &TranscriptionSpan) -> Option<Span> {
    if !(span.start >= 0.0 && span.end >= span.start && span.end < 1e9) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be within range"
    )]
    let ms = |seconds: f64| (seconds * 1000.0).round() as u64;
    Some(Span {
        start_ms: ms(span.start),
        end_ms: ms(span.end),
        text: span.text.expose().trim().into(),
        mean_log_prob: span.avg_logprob,
        no_speech_prob: span.no_speech_prob,
    })
}
