//! `POST /audio/transcriptions`: a recording in a form, its words back.

use serde::Deserialize;
use smes_dialogue::Private;

/// What is to be written down.
#[derive(Debug, Clone)]
pub struct Sound<'s> {
    /// A WAV file.
    pub wav: &'s Private<Vec<u8>>,
    /// The language, as ISO 639-1 has it, where it is known.
    pub language: Option<&'s str>,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Transcription {
    /// All of it.
    pub text: Private<String>,
    /// The language, as the server names it.
    #[serde(default)]
    pub language: Option<String>,
    /// The parts with their times, where the server tells.
    #[serde(default, rename = "segments")]
    pub spans: Option<Vec<TranscriptionSpan>>,
}

/// A part of what was said.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TranscriptionSpan {
    /// Its beginning, in seconds.
    pub start: f64,
    /// Its end, in seconds.
    pub end: f64,
    /// Its words.
    pub text: Private<String>,
    /// Mean logarithm of the probability of its tokens.
    #[serde(default)]
    pub avg_logprob: Option<f32>,
    /// How likely nobody spoke.
    #[serde(default)]
    pub no_speech_prob: Option<f32>,
}

/// How much is asked for; servers differ in what they tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Language and parts with times.
    Spans,
    /// The words.
    Words,
}

impl Detail {
    pub(crate) const fn less(self) -> Option<Self> {
        match self {
            Self::Spans => Some(Self::Words),
            Self::Words => None,
        }
    }
}

/// The kind of body and the body.
pub(crate) fn request(model: &str, sound: &Sound<'_>, detail: Detail) -> (String, Vec<u8>) {
    let boundary = format!("smes-{:032x}", rand::random::<u128>());
    let format = match detail {
        Detail::Spans => "verbose_json",
        Detail::Words => "json",
    };
    let fields = [
        ("model", Some(model)),
        ("response_format", Some(format)),
        ("language", sound.language),
    ];
    let mut body = Vec::with_capacity(sound.wav.expose().len() + 1024);
    for (name, value) in fields {
        let Some(value) = value else { continue };
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend(head.bytes().chain(value.bytes()).chain(*b"\r\n"));
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"speech.wav\"\r\n\
         Content-Type: audio/wav\r\n\r\n"
    );
    body.extend(head.bytes());
    body.extend(sound.wav.expose());
    body.extend(format!("\r\n--{boundary}--\r\n").bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// The words of an answer; `None` when it is none of this protocol.
pub fn read_transcription(body: &[u8]) -> Option<Transcription> {
    serde_json::from_slice(body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_holds_every_field_once_and_the_file_last() {
        let wav = Private::new(b"RIFF\r\n--x".to_vec());
        let sound = Sound {
            wav: &wav,
            language: Some("de"),
        };
        let (kind, body) = request("m", &sound, Detail::Spans);
        let boundary = kind.split_once("boundary=").unwrap().1;
        let body = String::from_utf8(body).unwrap();
        let parts: Vec<&str> = body.split(&format!("--{boundary}")).collect();
        assert_eq!(parts.len(), 6);
        for (part, held) in parts[1..5].iter().zip([
            "name=\"model\"\r\n\r\nm\r\n",
            "name=\"response_format\"\r\n\r\nverbose_json\r\n",
            "name=\"language\"\r\n\r\nde\r\n",
            "Content-Type: audio/wav\r\n\r\nRIFF\r\n--x\r\n",
        ]) {
            assert!(part.ends_with(held), "{part}");
        }
        assert_eq!((parts[0], parts[5]), ("", "--\r\n"));
        assert!(!format!("{sound:?}").contains("RIFF"));
    }

    #[test]
    fn short_and_long_answers_are_read_and_others_are_none() {
        let short = read_transcription(br#"{"text":"Hello."}"#).unwrap();
        assert_eq!(
            (short.text.expose().as_str(), short.spans),
            ("Hello.", None)
        );
        let long = read_transcription(
            br#"{"task":"transcribe","language":"english","duration":2.5,"text":"Hello.",
            "segments":[{"id":0,"start":0.0,"end":2.5,"text":" Hello.","avg_logprob":-0.2,"tokens":[1]}]}"#,
        );
        let span = &long.unwrap().spans.unwrap()[0];
        assert_eq!((span.end, span.avg_logprob), (2.5, Some(-0.2)));
        for other in [&b"<html>"[..], b"{}", b"[]", b"{\"text\":7}"] {
            assert_eq!(read_transcription(other), None);
        }
    }
}
