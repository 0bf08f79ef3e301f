//! Servers that transcribe, on a real socket, well-behaved and not.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{FromRequest, Multipart, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use smes_endpoint::{Client, Config};
use smes_media::{DecodeOptions, Limits, decode_bytes};
use smes_speech::{EndpointTranscriber, Hints, SpeechError, Transcriber};
use smes_testkit::EndpointServer;

use crate::support::audio;

/// What a form held.
#[derive(Debug, Clone, Default)]
struct Form {
    format: String,
    model: String,
    language: Option<String>,
    n_samples: usize,
}

type Behaviour = fn(n: usize, form: &Form) -> Response;

struct Server(EndpointServer<Form>);

impl Server {
    fn start(behaviour: Behaviour) -> Self {
        Self(EndpointServer::start("audio/transcriptions", behaviour))
    }

    fn transcriber(&self) -> EndpointTranscriber {
        let client = Client::new(Config {
            url: self.0.url().to_owned(),
            model: "whisper-1".to_owned(),
            key: None,
            timeout: Duration::from_millis(400),
            n_tries: 2,
            n_per_minute: 60_000,
            max_tokens: 10,
        });
        EndpointTranscriber::new(client.unwrap())
    }

    fn forms(&self) -> Vec<Form> {
        self.0.requests()
    }
}

impl FromRequest<()> for Form {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &()) -> Result<Self, Infallible> {
        let mut multipart = Multipart::from_request(request, state).await.unwrap();
        let mut form = Form::default();
        while let Some(field) = multipart.next_field().await.unwrap() {
            match field.name().unwrap_or_default().to_owned().as_str() {
                "file" => {
                    assert_eq!(field.content_type(), Some("audio/wav"));
                    let wav = field.bytes().await.unwrap();
                    let clip = decode_bytes(&wav, &DecodeOptions::audio_only(), &Limits::live());
                    form.n_samples = clip.unwrap().audio.unwrap().samples.len();
                }
                "model" => form.model = field.text().await.unwrap(),
                "response_format" => form.format = field.text().await.unwrap(),
                "language" => form.language = Some(field.text().await.unwrap()),
                other => panic!("field {other}"),
            }
        }
        Ok(form)
    }
}

fn answer(body: serde_json::Value) -> Response {
    axum::Json(body).into_response()
}

fn tone() -> smes_media::Audio {
    audio((0..24_000).map(|i| (i as f32 * 0.1).sin() * 0.3).collect())
}

fn german() -> Hints {
    Hints {
        language: Some("de".to_owned()),
        ..Hints::default()
    }
}

#[test]
fn the_sound_arrives_whole_and_words_language_and_times_come_back() {
    let server = Server::start(|_, _| {
        answer(json!({
            "text": " Guten Tag. ", "language": "german", "duration": 1.5,
            "segments": [{"start": 0.0, "end": 1.5, "text": " Guten Tag.", "avg_logprob": -0.25,
                "no_speech_prob": 0.01}, {"start": -4.0, "end": 1e99, "text": "nonsense"}],
        }))
    });
    let found = server.transcriber().transcribe(&tone(), &german()).unwrap();
    assert_eq!(found.text.expose(), "Guten Tag.");
    assert_eq!(found.language.as_deref(), Some("german"));
    assert_eq!(found.spans.len(), 1);
    assert_eq!(
        (found.spans[0].end_ms, found.spans[0].mean_log_prob),
        (1_500, Some(-0.25))
    );
    let form = &server.forms()[0];
    assert_eq!(form.n_samples, 24_000);
    assert_eq!(
        (form.model.as_str(), form.language.as_deref()),
        ("whisper-1", Some("de"))
    );
}

#[test]
fn a_server_that_knows_words_alone_is_asked_for_them_from_then_on() {
    let server = Server::start(|_, form| {
        if form.format == "verbose_json" {
            return StatusCode::BAD_REQUEST.into_response();
        }
        answer(json!({"text": "Hello."}))
    });
    let transcriber = server.transcriber();
    for _ in 0..2 {
        let found = transcriber.transcribe(&tone(), &Hints::default()).unwrap();
        assert_eq!(found.text.expose(), "Hello.");
    }
    let formats: Vec<String> = server.forms().into_iter().map(|form| form.format).collect();
    assert_eq!(formats, ["verbose_json", "json", "json"]);
}

#[test]
fn a_busy_server_is_asked_again_and_a_silent_one_is_given_up() {
    let busy = Server::start(|n, _| {
        if n == 0 {
            return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "0")]).into_response();
        }
        answer(json!({"text": "Hello."}))
    });
    let found = busy
        .transcriber()
        .transcribe(&tone(), &Hints::default())
        .unwrap();
    assert_eq!(
        (found.text.expose().as_str(), busy.forms().len()),
        ("Hello.", 2)
    );
    let silent = Server::start(|_, _| {
        std::thread::sleep(Duration::from_secs(2));
        answer(json!({"text": "too late"}))
    });
    let error = silent
        .transcriber()
        .transcribe(&tone(), &Hints::default())
        .unwrap_err();
    assert!(error.to_string().contains("a time-out"), "{error}");
}

#[test]
fn nonsense_is_an_error_that_repeats_nothing_of_it() {
    let server = Server::start(|_, _| "I heard: my secret".into_response());
    let error = server
        .transcriber()
        .transcribe(&tone(), &Hints::default())
        .unwrap_err();
    assert!(matches!(error, SpeechError::Endpoint(_)));
    assert!(!format!("{error} {error:?}").contains("secret"));
    let server = Server::start(|_, _| {
        (StatusCode::NOT_FOUND, "no model; you said: my secret").into_response()
    });
    let error = server
        .transcriber()
        .transcribe(&tone(), &Hints::default())
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("secret"));
    assert!(error.hint().unwrap().contains("/v1"));
}

#[test]
fn silence_is_not_sent() {
    let server = Server::start(|_, _| answer(json!({"text": "Thank you."})));
    let found = server
        .transcriber()
        .transcribe(&audio(vec![0.0; 16_000]), &Hints::default());
    assert_eq!(found.unwrap().text.expose(), "");
    assert!(server.forms().is_empty());
}
