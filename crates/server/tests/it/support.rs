//! A server around a small deterministic reasoner, and a client of it.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use smes_cues::{CueError, CueExtractor, NativeExtractor, SpeakerBaseline};
use smes_dialogue::{
    Cue, DialogueContext, Distribution, EmotionSet, Extractor, Plan, Reply, Role, StrategySet,
    UnknownLabel, mesc_emotions, mesc_strategies,
};
use smes_media::{Audio, Clip};
use smes_reasoning::{Reasoner, ReasoningError};
use smes_server::safety::CrisisDetector;
use smes_server::wire::{ClientMessage, ClipHeader, Envelope, ServerEvent};
use smes_server::{AppState, Engine, Hosts, Limits};
use smes_speech::{Hints, SpeechError, Transcriber, Transcript, WhisperTranscriber};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Repeats all that the seeker said, so that a word in the wrong session shows. What the last
/// message asks for, it does: fail, panic, wait for [`Switch::let_go`], say something forbidden.
pub(crate) struct Parrot {
    emotions: EmotionSet,
    strategies: StrategySet,
    switch: Arc<Switch>,
}

/// What tests see of the reasoner, and how they hold it.
#[derive(Default)]
pub(crate) struct Switch {
    is_let_go: Mutex<bool>,
    changed: Condvar,
    n_plans: AtomicUsize,
    remembered: Mutex<BTreeSet<String>>,
}

impl Switch {
    pub(crate) fn let_go(&self) {
        *self.is_let_go.lock().unwrap() = true;
        self.changed.notify_all();
    }

    pub(crate) fn n_plans(&self) -> usize {
        self.n_plans.load(Ordering::SeqCst)
    }

    /// The words that the reasoner has not been told to forget.
    pub(crate) fn remembered(&self) -> Vec<String> {
        self.remembered.lock().unwrap().iter().cloned().collect()
    }

    fn wait(&self) {
        let held = self.is_let_go.lock().unwrap();
        let limit = Duration::from_secs(10);
        let _held = self
            .changed
            .wait_timeout_while(held, limit, |is_let_go| !*is_let_go)
            .unwrap();
    }
}

impl Reasoner for Parrot {
    fn id(&self) -> String {
        "parrot@1".to_owned()
    }

    fn emotions(&self) -> &EmotionSet {
        &self.emotions
    }

    fn strategies(&self) -> &StrategySet {
        &self.strategies
    }

    fn plan(&self, context: &DialogueContext) -> Result<Plan, ReasoningError> {
        self.switch.n_plans.fetch_add(1, Ordering::SeqCst);
        let asked = context.last_seeker().unwrap().text.expose().clone();
        let words = context.utterances.iter().map(|one| one.text.expose());
        let remember = || {
            let mut remembered = self.switch.remembered.lock().unwrap();
            remembered.extend(words.clone().cloned());
        };
        remember();
        if asked.contains("please wait") {
            self.switch.wait();
            remember();
        }
        assert!(!asked.contains("please panic"), "asked to");
        if asked.contains("please fail") {
            return Err(ReasoningError::UnknownLabel {
                utterance_idx: 0,
                source: UnknownLabel {
                    kind: "emotion",
                    raw: "mist".to_owned(),
                    set: "mesc-7".to_owned(),
                    nearest: None,
                    expected: vec![],
                },
            });
        }
        let corrected = context
            .utterances
            .iter()
            .rev()
            .find_map(|utterance| utterance.corrected_emotion.clone());
        let (neutral, fear) = (
            self.emotions.parse("neutral").unwrap(),
            self.emotions.parse("fear").unwrap(),
        );
        let user_emotion = corrected.map_or_else(
            || Distribution::try_new(vec![(neutral.clone(), 0.25), (fear, 0.75)]).unwrap(),
            Distribution::certain,
        );
        Ok(Plan {
            user_emotion,
            strategy: Distribution::certain(self.strategies.parse("Restatement").unwrap()),
            system_emotion: Distribution::certain(neutral),
        })
    }

    fn respond(
        &self,
        context: &DialogueContext,
        plan: &Plan,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError> {
        let said: Vec<&str> = context
            .utterances
            .iter()
            .filter(|utterance| utterance.role == Role::Seeker)
            .map(|utterance| utterance.text.expose().as_str())
            .collect();
        let text = if said.last().unwrap().contains("please judge") {
            "You have depression. You should stop taking your medication.".to_owned()
        } else {
            format!("So far: {}. Go on.", said.join(" / "))
        };
        for piece in text.split_inclusive(' ') {
            on_text(piece);
        }
        Ok(Reply {
            text: text.into(),
            strategy: plan.strategy.top().clone(),
            source: "parrot".to_owned(),
        })
    }

    fn forget(&self, context: &DialogueContext) {
        let mut remembered = self.switch.remembered.lock().unwrap();
        for utterance in &context.utterances {
            remembered.remove(utterance.text.expose());
        }
    }
}

/// Reads no clip without a fault.
struct Faulty;

impl CueExtractor for Faulty {
    fn id(&self) -> Extractor {
        Extractor {
            name: "faulty".to_owned(),
            version: "1".to_owned(),
        }
    }

    fn extract(&self, _clip: &Clip, _baseline: &mut SpeakerBaseline) -> Result<Cue, CueError> {
        panic!("a fault in a signal path");
    }
}

/// State around a parrot that reads clips with the native extractor.
pub(crate) fn state(limits: Limits) -> (AppState, Arc<Switch>) {
    state_with(limits, Arc::new(NativeExtractor::embedded().unwrap()))
}

/// The tiny Whisper that writes down tones as letters (`goldens/speech`).
pub(crate) fn tone_writer() -> Arc<dyn Transcriber> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../speech/tests/golden/whisper/model"
    );
    Arc::new(WhisperTranscriber::open(folder.as_ref()).unwrap())
}

/// Hears the same in every sound.
pub(crate) struct Hears(pub(crate) &'static str);

impl Transcriber for Hears {
    fn id(&self) -> String {
        "hears".to_owned()
    }

    fn transcribe(&self, _sound: &Audio, _hints: &Hints) -> Result<Transcript, SpeechError> {
        Ok(Transcript {
            text: self.0.into(),
            ..Transcript::default()
        })
    }
}

/// Writes nothing down without a fault.
pub(crate) struct FaultyWriter;

impl Transcriber for FaultyWriter {
    fn id(&self) -> String {
        "faulty".to_owned()
    }

    fn sends_to(&self) -> Option<&str> {
        Some("ears.example.org")
    }

    fn transcribe(&self, sound: &Audio, _hints: &Hints) -> Result<Transcript, SpeechError> {
        assert!(sound.samples.len() < 16_000, "a fault in a model");
        Err(SpeechError::TooSlow)
    }
}

/// State around a parrot with somebody who writes down what is said.
pub(crate) fn state_writing(limits: Limits, writer: Arc<dyn Transcriber>) -> AppState {
    let switch = Arc::new(Switch::default());
    let engine = engine(
        limits,
        Arc::new(NativeExtractor::embedded().unwrap()),
        &switch,
    );
    AppState::new(
        engine.with_transcriber(Some(writer)),
        limits,
        Hosts::loopback(),
    )
}

/// State around a parrot whose extractor panics.
pub(crate) fn faulty_state(limits: Limits) -> (AppState, Arc<Switch>) {
    state_with(limits, Arc::new(Faulty))
}

fn state_with(limits: Limits, cues: Arc<dyn CueExtractor>) -> (AppState, Arc<Switch>) {
    let switch = Arc::new(Switch::default());
    let engine = engine(limits, cues, &switch);
    (AppState::new(engine, limits, Hosts::loopback()), switch)
}

fn engine(limits: Limits, cues: Arc<dyn CueExtractor>, switch: &Arc<Switch>) -> Engine {
    let parrot = Parrot {
        emotions: mesc_emotions(),
        strategies: mesc_strategies(),
        switch: Arc::clone(switch),
    };
    Engine::new(
        Arc::new(parrot),
        Some(cues),
        CrisisDetector::embedded(),
        limits.media(),
    )
}

/// A server on a free port of loopback, stopped when dropped.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    pub(crate) switch: Arc<Switch>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
}

impl TestServer {
    pub(crate) async fn start(limits: Limits) -> Self {
        Self::with_state(state(limits)).await
    }

    pub(crate) async fn with_state((state, switch): (AppState, Arc<Switch>)) -> Self {
        let listener = smes_server::bind("127.0.0.1", 0).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        tokio::spawn(smes_server::serve(listener, state, async move {
            let _ = stopped.await;
        }));
        Self {
            address,
            switch,
            stop: Some(stop),
        }
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// A socket that has said nothing yet.
    pub(crate) async fn connect(&self) -> Client {
        let url = format!("ws://{}/api/v1/live", self.address);
        let (socket, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        Client { socket }
    }

    /// A socket with a new session, and the session's token.
    pub(crate) async fn hello(&self) -> (Client, String) {
        self.hello_with(true).await
    }

    pub(crate) async fn hello_with(&self, sensing_consent: bool) -> (Client, String) {
        let mut client = self.connect().await;
        client
            .say(&ClientMessage::Hello {
                session: None,
                last_seq: 0,
                locale: Some("en-GB".to_owned()),
                sensing_consent,
            })
            .await;
        let welcome = client.next().await;
        let ServerEvent::Welcome {
            session, resumed, ..
        } = welcome.event
        else {
            panic!("the first event is no welcome");
        };
        assert!(!resumed && welcome.seq == 0);
        (client, session.into_inner())
    }

    /// A socket that takes a session up, and whether it was known.
    pub(crate) async fn resume(&self, session: &str, last_seq: u64) -> (Client, bool) {
        let mut client = self.connect().await;
        client
            .say(&ClientMessage::Hello {
                session: Some(session.into()),
                last_seq,
                locale: None,
                sensing_consent: true,
            })
            .await;
        let ServerEvent::Welcome { resumed, .. } = client.next().await.event else {
            panic!("the first event is no welcome");
        };
        (client, resumed)
    }
}

/// One socket's other end.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub(crate) async fn say(&mut self, message: &ClientMessage) {
        let json = serde_json::to_string(message).unwrap();
        self.send(Message::text(json)).await;
    }

    pub(crate) async fn send(&mut self, frame: Message) {
        self.socket.send(frame).await.unwrap();
    }

    /// Introduces itself.
    pub(crate) async fn hello(&mut self) {
        self.say(&ClientMessage::Hello {
            session: None,
            last_seq: 0,
            locale: Some("en-GB".to_owned()),
            sensing_consent: false,
        })
        .await;
    }

    /// A turn without a clip.
    pub(crate) async fn turn(&mut self, id: &str, text: &str) {
        self.say(&turn(id, text, None)).await;
    }

    /// A turn with a clip behind it.
    pub(crate) async fn turn_with_clip(&mut self, id: &str, text: &str, clip: &[u8]) {
        self.say(&turn(id, text, Some(clip.len() as u64))).await;
        for piece in clip.chunks(Limits::default().clip_frame_bytes) {
            self.send(Message::binary(piece.to_vec())).await;
        }
    }

    /// The next event; `None` when the socket was closed.
    pub(crate) async fn try_next(&mut self) -> Option<Envelope> {
        loop {
            let frame = tokio::time::timeout(Duration::from_secs(20), self.socket.next())
                .await
                .expect("the server says something within 20 s");
            match frame {
                Some(Ok(Message::Text(json))) => {
                    return Some(serde_json::from_str(&json).unwrap());
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                _ => return None,
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Envelope {
        self.try_next().await.expect("the socket is open")
    }

    /// The code of the next event beside moments, which must be an error, and the turn it belongs to.
    pub(crate) async fn refusal(&mut self) -> (String, Option<String>) {
        loop {
            match self.next().await.event {
                ServerEvent::Moment { .. } => {}
                ServerEvent::Error { code, id, .. } => return (code, id),
                other => panic!("expected an error, found `{}`", kind(&other)),
            }
        }
    }

    /// The events of the running turn, to its end.
    pub(crate) async fn rest_of_turn(&mut self) -> Vec<Envelope> {
        let mut events = Vec::new();
        loop {
            let envelope = self.next().await;
            let is_last = matches!(
                envelope.event,
                ServerEvent::Response { .. }
                    | ServerEvent::Crisis { .. }
                    | ServerEvent::Error { .. }
            );
            events.push(envelope);
            if is_last {
                return events;
            }
        }
    }

    /// Says something and gives the answer's words.
    pub(crate) async fn ask(&mut self, id: &str, text: &str) -> String {
        self.turn(id, text).await;
        answer(&self.rest_of_turn().await)
    }
}

pub(crate) fn turn(id: &str, text: &str, n_clip_bytes: Option<u64>) -> ClientMessage {
    ClientMessage::Turn {
        id: id.to_owned(),
        text: text.into(),
        clip: n_clip_bytes.map(|bytes| ClipHeader {
            bytes,
            media_type: "audio/wav".to_owned(),
            followed: false,
        }),
    }
}

/// A turn whose clip went ahead of it.
pub(crate) fn followed_turn(id: &str, text: &str, n_clip_bytes: u64) -> ClientMessage {
    ClientMessage::Turn {
        id: id.to_owned(),
        text: text.into(),
        clip: Some(ClipHeader {
            bytes: n_clip_bytes,
            media_type: "audio/wav".to_owned(),
            followed: true,
        }),
    }
}

/// The words of a turn's answer.
pub(crate) fn answer(events: &[Envelope]) -> String {
    match &events.last().unwrap().event {
        ServerEvent::Response { text, .. } | ServerEvent::Crisis { text, .. } => {
            text.expose().clone()
        }
        other => panic!("expected an answer, found `{}`", kind(other)),
    }
}

/// The `type` of an event on the wire.
pub(crate) fn kind(event: &ServerEvent) -> String {
    let json = serde_json::to_value(event).unwrap();
    json["type"].as_str().unwrap().to_owned()
}

pub(crate) fn kinds(events: &[Envelope]) -> Vec<String> {
    events
        .iter()
        .map(|envelope| kind(&envelope.event))
        .collect()
}

/// A WAV file: `n_ms` of a voice-like tone with overtones that glides between 90 and 190 Hz twice a
/// second; one that stood still would be music.
pub(crate) fn wav(n_ms: u32) -> Vec<u8> {
    const RATE: u32 = 16_000;
    const TAU: f64 = std::f64::consts::TAU;
    let n_samples = RATE * n_ms / 1000;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + 2 * n_samples).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(RATE.to_le_bytes());
    wav.extend((2 * RATE).to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend((2 * n_samples).to_le_bytes());
    for idx in 0..n_samples {
        let time_s = f64::from(idx) / f64::from(RATE);
        let phase = TAU * 140.0 * time_s - 25.0 * (TAU * 2.0 * time_s).cos();
        let tone: f64 = (1..=8_u8)
            .map(|k| (phase * f64::from(k)).sin() / f64::from(k))
            .sum();
        #[expect(clippy::cast_possible_truncation, reason = "within i16 by its factor")]
        let sample = (tone * 6_000.0) as i16;
        wav.extend(sample.to_le_bytes());
    }
    wav
}
