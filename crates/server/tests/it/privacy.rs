//! Nothing that a person says reaches a log, an error or `Debug` output.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, header};
use smes_dialogue::{mesc_emotions, mesc_strategies};
use smes_server::wire::ClientMessage;
use smes_server::{Limits, app, parse_history};
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::{Client, Hears, TestServer, followed_turn, state, state_writing, turn, wav};
use crate::transcribe::transcribe;

const MARKER: &str = "quetzalcoatlus";

/// A place that all log records are written to.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Log {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Turns of every kind, with the marker wherever a person's words or secrets can stand.
async fn talk_about_the_marker(limits: Limits) -> String {
    let mut server = TestServer::start(limits).await;
    let (mut client, token) = server.hello().await;
    let mut debug = String::new();
    let crisis = format!("{MARKER}, I want to kill myself");
    let texts = ["", "please fail", "please panic", "please judge", "x"];
    for (idx, text) in texts
        .iter()
        .map(|text| format!("{MARKER} {text}"))
        .chain([crisis])
        .enumerate()
    {
        let message = turn(&idx.to_string(), &text, None);
        write!(debug, "{message:?}").unwrap();
        client.say(&message).await;
        for envelope in client.rest_of_turn().await {
            write!(debug, "{envelope:?}").unwrap();
        }
    }
    client
        .turn_with_clip("clip", MARKER, MARKER.as_bytes())
        .await;
    write!(debug, "{:?}", client.rest_of_turn().await).unwrap();
    record_the_marker(&mut client, &mut debug).await;
    let long = format!("{MARKER} {}", "x".repeat(200));
    client.turn("long", &long).await;
    client.refusal().await;
    for garbage in [
        MARKER.to_owned(),
        format!(r#"{{"type":"{MARKER}"}}"#),
        format!(r#"{{"type":"turn","id":"1","text":["{MARKER}"]}}"#),
    ] {
        client.send(Message::text(garbage)).await;
        let (code, _) = client.refusal().await;
        assert_eq!(code, "not_understood");
    }
    client.say(&ClientMessage::Erase).await;
    client.next().await;
    drop(client);
    let (mut client, _) = server.resume(&token, 0).await;
    let hello = ClientMessage::Hello {
        session: Some(token.as_str().into()),
        last_seq: 0,
        locale: None,
        sensing_consent: false,
    };
    client.say(&hello).await;
    write!(debug, "{hello:?} {:?}", client.next().await).unwrap();
    server.stop();
    assert!(!debug.contains(&token), "the token is a secret too");
    debug
}

/// A turn whose clip goes ahead of it.
async fn record_the_marker(client: &mut Client, debug: &mut String) {
    let follow = ClientMessage::Follow {
        id: "ahead".to_owned(),
        sound: true,
        picture: false,
    };
    client.say(&follow).await;
    client.send(Message::binary(MARKER.as_bytes())).await;
    let ahead = followed_turn("ahead", MARKER, MARKER.len() as u64);
    write!(debug, "{ahead:?}").unwrap();
    client.say(&ahead).await;
    write!(debug, "{:?}", client.rest_of_turn().await).unwrap();
}

/// Single turns of every kind, with the marker in them.
async fn post_the_marker(limits: Limits) {
    let requests = [
        format!(r#"{{"text":"{MARKER}"}}"#),
        format!(r#"{{"text":"{MARKER} please fail"}}"#),
        format!(r#"{{"text":"x","{MARKER}":1}}"#),
        format!(r#"{{"text":"x","history":["{MARKER}"]}}"#),
    ];
    for body in requests {
        let request = Request::post("/api/v1/turn")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body))
            .unwrap();
        app(state(limits).0).oneshot(request).await.unwrap();
    }
}

/// A recording in which the marker is heard.
async fn speak_the_marker(limits: Limits) {
    let state = state_writing(limits, Arc::new(Hears(MARKER)));
    let (status, told) = transcribe(&state, &wav(500), "true").await;
    assert!(status.is_success() && told["text"] == MARKER, "{told}");
}

#[test]
fn neither_logs_nor_debug_output_hold_what_is_said() {
    let log = Log::default();
    // Work runs on other threads, so the subscriber has to be everyone's; each test of this
    // binary is a process of its own under nextest, and elsewhere more records do no harm.
    tracing_subscriber::fmt()
        .with_env_filter("trace,hyper=trace,tungstenite=off")
        .with_writer(log.clone())
        .with_ansi(false)
        .init();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let limits = Limits {
        text_chars: 100,
        ..Limits::default()
    };
    let debug = runtime.block_on(talk_about_the_marker(limits));
    runtime.block_on(post_the_marker(limits));
    runtime.block_on(speak_the_marker(limits));
    drop(runtime);
    let logged = log.text();
    assert!(
        logged.contains("a turn failed"),
        "the log was captured: {logged}"
    );
    assert!(!logged.contains(MARKER), "{logged}");
    assert!(!debug.contains(MARKER), "{debug}");
}

#[test]
fn errors_of_a_history_do_not_repeat_it() {
    let (emotions, strategies) = (mesc_emotions(), mesc_strategies());
    let bounds = smes_server::HistoryBounds {
        emotions: &emotions,
        strategies: &strategies,
        utterances: 10,
        text_chars: 20,
    };
    let long = "quetzalcoatlus ".repeat(3);
    for history in [
        MARKER.to_owned(),
        format!(r#""{MARKER}""#),
        format!(r#"["{MARKER}"]"#),
        format!(r#"[{{"role":"seeker","text":["{MARKER}"]}}]"#),
        format!(r#"[{{"role":"seeker","text":"x","{MARKER}":"x"}}]"#),
        format!(r#"[{{"role":"seeker","text":"x","cue":"{MARKER}"}}]"#),
        format!(r#"[{{"role":"seeker","text":"{long}"}}]"#),
    ] {
        let error = parse_history(&history, &bounds).unwrap_err();
        let told = format!("{error} {error:?} {:?}", error.hint());
        assert!(!told.contains(MARKER), "{told}");
    }
}
