//! What is said, written down before it is sent.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use serde_json::Value;
use smes_server::wire::ServerEvent;
use smes_server::{AppState, Limits, app};
use tower::ServiceExt;

use crate::support::{FaultyWriter, Switch, TestServer, state, state_writing, tone_writer, wav};

/// Four tones that the taught model writes down as "cafe".
const CAFE: &[u8] = include_bytes!("../../../speech/tests/golden/whisper/cafe.wav");

pub(crate) async fn transcribe(
    state: &AppState,
    clip: &[u8],
    consent: &str,
) -> (StatusCode, Value) {
    let mut body = Vec::new();
    for (head, value) in [
        ("name=\"sensing_consent\"", consent.as_bytes()),
        ("name=\"clip\"; filename=\"clip.wav\"", clip),
    ] {
        body.extend(format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n").bytes());
        body.extend(value);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    let request = Request::post("/api/v1/transcribe")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .body(Body::from(body))
        .unwrap();
    let response = app(state.clone()).oneshot(request).await.unwrap();
    let status = response.status();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap())
}

fn code(told: &Value) -> &str {
    told["error"]["code"].as_str().unwrap()
}

#[tokio::test]
async fn words_and_language_come_back_and_nothing_is_kept() {
    let state = state_writing(Limits::default(), tone_writer());
    let (status, told) = transcribe(&state, CAFE, "true").await;
    assert_eq!(status, StatusCode::OK, "{told}");
    assert_eq!(
        (&told["text"], &told["language"]),
        (&"cafe".into(), &"en".into())
    );
    assert_eq!(told["spans"][0]["start_ms"], 0);
    assert_eq!(state.n_sessions(), 0);
}

#[tokio::test]
async fn without_consent_nothing_is_written_down() {
    let state = state_writing(Limits::default(), tone_writer());
    let (status, told) = transcribe(&state, CAFE, "false").await;
    assert_eq!(
        (status, code(&told)),
        (StatusCode::FORBIDDEN, "consent_missing")
    );
}

#[tokio::test]
async fn what_cannot_be_written_down_is_told_and_the_program_goes_on() {
    let (silent, _) = state(Limits::default());
    let (status, told) = transcribe(&silent, CAFE, "true").await;
    assert_eq!(
        (status, code(&told)),
        (StatusCode::NOT_FOUND, "no_transcriber")
    );
    let state = state_writing(Limits::default(), tone_writer());
    let (status, told) = transcribe(&state, b"no recording at all", "true").await;
    assert_eq!(
        (status, code(&told)),
        (StatusCode::UNPROCESSABLE_ENTITY, "nothing_to_read")
    );
    let faulty = state_writing(Limits::default(), Arc::new(FaultyWriter));
    for n_ms in [500, 2_000] {
        let (status, told) = transcribe(&faulty, &wav(n_ms), "true").await;
        assert_eq!(
            (status, code(&told)),
            (StatusCode::BAD_GATEWAY, "not_transcribed")
        );
    }
    let small = Limits {
        clip_bytes: 1000,
        ..Limits::default()
    };
    let (status, told) = transcribe(&state_writing(small, tone_writer()), CAFE, "true").await;
    assert_eq!(
        (status, code(&told)),
        (StatusCode::PAYLOAD_TOO_LARGE, "clip_too_large")
    );
    let busy = Limits {
        turns_in_work: 0,
        ..Limits::default()
    };
    let (status, told) = transcribe(&state_writing(busy, tone_writer()), CAFE, "true").await;
    assert_eq!(
        (status, code(&told)),
        (StatusCode::SERVICE_UNAVAILABLE, "busy")
    );
}

#[tokio::test]
async fn where_recordings_go_is_told_before_anything_is_recorded() {
    for (state, expected) in [
        (state_writing(Limits::default(), tone_writer()), "[]"),
        (
            state_writing(Limits::default(), Arc::new(FaultyWriter)),
            r#"["ears.example.org"]"#,
        ),
    ] {
        let request = Request::get("/api/v1/about").body(Body::empty()).unwrap();
        let response = app(state).oneshot(request).await.unwrap();
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let told: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(told["recordings_go_to"].to_string(), expected);
    }
}

#[tokio::test]
async fn the_welcome_says_whether_anybody_writes_down() {
    for (state, expected) in [
        (state(Limits::default()).0, None),
        (
            state_writing(Limits::default(), tone_writer()),
            Some("whisper:model".to_owned()),
        ),
    ] {
        let server = TestServer::with_state((state, Arc::new(Switch::default()))).await;
        let mut client = server.connect().await;
        client.hello().await;
        let ServerEvent::Welcome { transcriber, .. } = client.next().await.event else {
            panic!("no welcome");
        };
        assert_eq!(transcriber, expected);
    }
}
