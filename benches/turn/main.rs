//! Latency of a live turn with a clip, as a page sees it: from the last byte of the clip sent to
//! the first words of the answer, over a real WebSocket. `run.sh` beside it prepares everything.
//!
//! `turn ws://HOST:PORT/api/v1/live CLIP N_TURNS [followed]` prints one JSON document. `followed` sends
//! the clip while it is recorded, as the page does, at four times the pace of a person; without it the
//! clip comes whole with its turn.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program: it prints its figures, and any fault voids the measurement"
)]

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use smes_server::Limits;
use smes_server::wire::{ClientMessage, ClipHeader, Envelope, ServerEvent, Timings};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A session allows 20 turns a minute, so every few turns take a new one.
const TURNS_PER_SESSION: usize = 10;
/// Pieces of a clip that is recorded, and how fast they come: 10 s in 40 pieces are one every 250 ms.
const PIECES: usize = 40;
const PIECE_EVERY: Duration = Duration::from_micros(62_500);
const TEXTS: [&str; 5] = [
    "I have not been sleeping well since we moved",
    "My sister stopped answering my calls last month",
    "Work has been piling up and I am falling behind",
    "Yesterday was a little better, we went for a walk",
    "I keep wondering whether I said something wrong",
];

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    let (url, clip, n_turns, is_followed) = match args.as_slice() {
        [_, url, clip, n_turns] => (url, clip, n_turns, false),
        [_, url, clip, n_turns, how] if how == "followed" => (url, clip, n_turns, true),
        _ => {
            println!("usage: turn ws://HOST:PORT/api/v1/live CLIP N_TURNS [followed]");
            return;
        }
    };
    let clip = fs_err::read(clip).unwrap();
    let n_turns: usize = n_turns.parse().unwrap();
    let (mut first_words_ms, mut timings) = (Vec::new(), Vec::new());
    let mut socket = open(url).await;
    // The first turn loads programs and pages from disk; it is reported apart.
    let (warm_up_ms, _) = turn(&mut socket, 0, &clip, is_followed).await;
    for idx in 1..=n_turns {
        if idx % TURNS_PER_SESSION == 0 {
            leave(socket).await;
            socket = open(url).await;
        }
        let (ms, stages) = turn(&mut socket, idx, &clip, is_followed).await;
        first_words_ms.push(ms);
        timings.push(stages);
    }
    leave(socket).await;
    let stage = |of: fn(&Timings) -> f64| summary(timings.iter().map(of).collect());
    let report = json!({
        "n_turns": n_turns,
        "is_followed": is_followed,
        "clip_bytes": clip.len(),
        "warm_up_ms": warm_up_ms,
        "first_words_ms": summary(first_words_ms),
        "decode_ms": stage(|timings| timings.decode_ms),
        "cue_ms": stage(|timings| timings.cue_ms),
        "plan_ms": stage(|timings| timings.plan_ms),
        "respond_ms": stage(|timings| timings.respond_ms),
    });
    println!("{}", serde_json::to_string_pretty(&report).unwrap());
}

async fn open(url: &str) -> Socket {
    let (mut socket, _) = connect_async(url).await.unwrap();
    let hello = ClientMessage::Hello {
        session: None,
        last_seq: 0,
        locale: None,
        sensing_consent: true,
    };
    say(&mut socket, &hello).await;
    assert!(matches!(
        next(&mut socket).await,
        ServerEvent::Welcome { .. }
    ));
    socket
}

async fn leave(mut socket: Socket) {
    say(&mut socket, &ClientMessage::Erase).await;
    socket.close(None).await.unwrap();
}

/// Milliseconds to the first words, and the stages as the server timed them.
async fn turn(socket: &mut Socket, idx: usize, clip: &[u8], is_followed: bool) -> (f64, Timings) {
    if is_followed {
        record(socket, idx, clip).await;
    }
    let message = ClientMessage::Turn {
        id: idx.to_string(),
        text: TEXTS[idx % TEXTS.len()].into(),
        clip: Some(ClipHeader {
            bytes: clip.len() as u64,
            media_type: "video/webm".to_owned(),
            followed: is_followed,
        }),
    };
    say(socket, &message).await;
    if !is_followed {
        for piece in clip.chunks(Limits::default().clip_frame_bytes) {
            socket.send(Message::binary(piece.to_vec())).await.unwrap();
        }
    }
    let sent = Instant::now();
    let mut first_words: Option<Duration> = None;
    loop {
        match next(socket).await {
            ServerEvent::Cue { cue, notes, .. } => assert!(cue.is_some(), "no cue: {notes:?}"),
            ServerEvent::ResponseDelta { .. } => {
                first_words.get_or_insert_with(|| sent.elapsed());
            }
            ServerEvent::Response { timings, .. } => {
                let first_words = first_words.unwrap_or_else(|| sent.elapsed());
                return (first_words.as_secs_f64() * 1e3, timings);
            }
            ServerEvent::Error { code, .. } => panic!("refused: {code}"),
            ServerEvent::Crisis { .. } => panic!("a harmless text was taken for a crisis"),
            _ => {}
        }
    }
}

/// Sends a clip in pieces, as a recorder gives them.
async fn record(socket: &mut Socket, idx: usize, clip: &[u8]) {
    let follow = ClientMessage::Follow {
        id: idx.to_string(),
        sound: true,
        picture: true,
    };
    say(socket, &follow).await;
    for piece in clip.chunks(clip.len().div_ceil(PIECES)) {
        socket.send(Message::binary(piece.to_vec())).await.unwrap();
        tokio::time::sleep(PIECE_EVERY).await;
    }
}

async fn say(socket: &mut Socket, message: &ClientMessage) {
    let json = serde_json::to_string(message).unwrap();
    socket.send(Message::text(json)).await.unwrap();
}

async fn next(socket: &mut Socket) -> ServerEvent {
    loop {
        if let Message::Text(json) = socket.next().await.unwrap().unwrap() {
            return serde_json::from_str::<Envelope>(&json).unwrap().event;
        }
    }
}

/// Median, 95th percentile (nearest rank) and largest value, in milliseconds.
fn summary(mut values: Vec<f64>) -> serde_json::Value {
    values.sort_by(f64::total_cmp);
    let rank = |percent: usize| {
        let idx = (values.len() * percent).div_ceil(100).max(1) - 1;
        (values[idx] * 10.0).round() / 10.0
    };
    json!({"p50": rank(50), "p95": rank(95), "max": rank(100)})
}
