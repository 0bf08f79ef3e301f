//! The WebSocket of the live conversation.
//!
//! [`converse`] is generic over the two directions of the socket, so that tests can drive it with
//! channels. Sending is one rule: everything of the session's log after what was sent goes out;
//! resuming after a drop is the same rule with an older starting point.

mod clips;

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message};
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use smes_dialogue::{Emotion, Label, Private};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use self::clips::{Announced, Expecting};
use crate::conversation::TurnInput;
use crate::log::to_json;
use crate::refusal::Refusal;
use crate::session::{NOTICE, Session};
use crate::state::AppState;
use crate::wire::{ClientMessage, ClipHeader, ServerEvent};
use crate::workers::ClipRoom;

/// A ping goes out this often, and a socket that said nothing for three of them is dead.
const PING_EVERY: Duration = Duration::from_secs(30);

/// Talks over one socket until it closes. The session stays for the next socket.
pub async fn converse<S, R, E>(state: &AppState, address: IpAddr, outgoing: S, mut incoming: R)
where
    S: Sink<Message> + Unpin,
    R: Stream<Item = Result<Message, E>> + Unpin,
{
    let mut talk = Talk::new(state, address, outgoing);
    let mut closing = state.closing();
    let mut ping = tokio::time::interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    loop {
        let deadline = talk.deadline();
        let flow = tokio::select! {
            frame = incoming.next() => match frame {
                Some(Ok(frame)) => talk.take(frame).await,
                Some(Err(_)) => talk.end(Refusal::MessageTooLarge).await,
                None => ControlFlow::Break(()),
            },
            () = news(&mut talk.news) => talk.send_news().await,
            () = sleep_until(deadline) => talk.on_deadline().await,
            _ = ping.tick() => talk.ping().await,
            () = closed(&mut closing) => talk.end(Refusal::Closing).await,
        };
        if flow.is_break() {
            break;
        }
    }
    talk.leave();
}

/// Waits for the session to have something new; for ever while there is no session.
async fn news(signal: &mut Option<watch::Receiver<()>>) {
    if let Some(signal) = signal
        && signal.changed().await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// Waits until the program is being closed.
async fn closed(closing: &mut watch::Receiver<bool>) {
    // An error means that the state is gone, which ends the conversation as well.
    let _ = closing.wait_for(|is_closing| *is_closing).await;
}

/// One socket's side of the conversation.
struct Talk<'s, S> {
    state: &'s AppState,
    address: IpAddr,
    outgoing: S,
    session: Option<Arc<Session>>,
    news: Option<watch::Receiver<()>>,
    socket: u64,
    sent_seq: u64,
    expecting: Expecting,
    n_bad_frames: usize,
    opened: Instant,
    last_frame: Instant,
}

type Flow = ControlFlow<()>;
const GO_ON: Flow = ControlFlow::Continue(());

impl<'s, S: Sink<Message> + Unpin> Talk<'s, S> {
    fn new(state: &'s AppState, address: IpAddr, outgoing: S) -> Self {
        let now = Instant::now();
        Self {
            state,
            address,
            outgoing,
            session: None,
            news: None,
            socket: 0,
            sent_seq: 0,
            expecting: Expecting::Nothing,
            n_bad_frames: 0,
            opened: now,
            last_frame: now,
        }
    }

    async fn take(&mut self, frame: Message) -> Flow {
        self.last_frame = Instant::now();
        match frame {
            Message::Text(text) => {
                let flow = self.drop_missing_clip().await;
                if flow.is_break() {
                    return flow;
                }
                if text.len() > self.state.limits().frame_bytes {
                    return self.bad_frame(Refusal::MessageTooLarge).await;
                }
                match serde_json::from_str(&text) {
                    Ok(message) => self.answer(message).await,
                    // The parser's own words may repeat what was sent.
                    Err(_) => self.bad_frame(Refusal::NotUnderstood).await,
                }
            }
            Message::Binary(clip) => self.take_clip(clip).await,
            Message::Ping(_) | Message::Pong(_) => GO_ON,
            Message::Close(_) => ControlFlow::Break(()),
        }
    }

    async fn answer(&mut self, message: ClientMessage) -> Flow {
        if let ClientMessage::Hello {
            session,
            last_seq,
            locale,
            sensing_consent,
        } = message
        {
            return self.hello(session, last_seq, locale, sensing_consent).await;
        }
        let Some(session) = self.session.clone() else {
            return self.bad_frame(Refusal::HelloFirst).await;
        };
        if session.expires_at() <= Instant::now() {
            return self.end(Refusal::SessionExpired).await;
        }
        session.hear();
        match message {
            ClientMessage::Hello { .. } => GO_ON,
            ClientMessage::Consent { sensing } => {
                session.set_consent(sensing);
                if !sensing {
                    self.give_up_recording(None);
                }
                GO_ON
            }
            ClientMessage::Follow { id, sound, picture } => {
                self.follow(&session, id, (sound, picture)).await
            }
            ClientMessage::Unfollow { id } => {
                self.give_up_recording(Some(&id));
                GO_ON
            }
            ClientMessage::Turn { id, text, clip } => self.turn(&session, id, text, clip).await,
            ClientMessage::Correct { id, user_emotion } => {
                match self.correct(&session, &id, &user_emotion) {
                    Ok(()) => GO_ON,
                    Err(refusal) => self.refuse(refusal, Some(&id)).await,
                }
            }
            ClientMessage::Erase => {
                self.give_up_recording(None);
                session.erase();
                GO_ON
            }
        }
    }

    async fn hello(
        &mut self,
        token: Option<Private<String>>,
        last_seq: u64,
        locale: Option<String>,
        sensing_consent: bool,
    ) -> Flow {
        self.leave();
        let known = token.and_then(|token| self.state.sessions().get(token.expose()));
        let resumed = known.is_some();
        let session = match known.map_or_else(|| self.state.sessions().open(self.address), Ok) {
            Ok(session) => session,
            Err(refusal) => return self.end(refusal).await,
        };
        let (socket, news) = session.attach(sensing_consent, locale);
        tracing::debug!(session = session.number, resumed, "a socket has a session");
        self.socket = socket;
        self.news = Some(news);
        self.sent_seq = if resumed {
            last_seq.min(session.last_seq())
        } else {
            0
        };
        let welcome = self.welcome(&session, resumed);
        self.session = Some(Arc::clone(&session));
        let flow = self.send(0, welcome).await;
        if flow.is_break() {
            return flow;
        }
        if session.events_after(self.sent_seq).1 {
            let flow = self.refuse(Refusal::EventsGone, None).await;
            if flow.is_break() {
                return flow;
            }
        }
        session.give_notice_if_due();
        self.send_news().await
    }

    fn welcome(&self, session: &Session, resumed: bool) -> ServerEvent {
        let engine = self.state.engine();
        ServerEvent::Welcome {
            session: Private::new(session.token.clone()),
            resumed,
            reasoner: engine.reasoner().id(),
            cues: engine.cues_name(),
            transcriber: engine.transcriber().map(smes_speech::Transcriber::id),
            emotions: engine
                .reasoner()
                .emotions()
                .names()
                .map(str::to_owned)
                .collect(),
            strategies: engine.strategies(),
            limits: self.state.limits().wire(),
            notice: NOTICE.to_owned(),
        }
    }

    async fn turn(
        &mut self,
        session: &Arc<Session>,
        id: String,
        text: Private<String>,
        clip: Option<ClipHeader>,
    ) -> Flow {
        let is_followed = clip.as_ref().is_some_and(|clip| clip.followed);
        let n_bytes = clip.map(|clip| clip.bytes);
        let recording = n_bytes.and_then(|n_bytes| self.take_recording(&id, n_bytes));
        if let (Some(n_bytes), false) = (n_bytes, is_followed) {
            self.expecting = Expecting::Discard(n_bytes);
        }
        match session.repeated(&id) {
            Ok(None) => {}
            Ok(Some(events)) => return self.send_again(&events).await,
            Err(refusal) => return self.refuse(refusal, Some(&id)).await,
        }
        if let Err(refusal) = session.check_turn(&id, text.expose(), n_bytes) {
            return self.refuse(refusal, Some(&id)).await;
        }
        let Some(n_bytes) = n_bytes else {
            return self.start(session, TurnInput::text(id, text), None).await;
        };
        if is_followed {
            let Some(recording) = recording else {
                return self.refuse(Refusal::ClipMissing, Some(&id)).await;
            };
            let (bytes, followed, room) = recording.finish();
            let input = TurnInput {
                clip: Some(bytes),
                followed,
                ..TurnInput::text(id, text)
            };
            return self.start(session, input, Some(room)).await;
        }
        // Nothing is kept of a clip before there is room for all of it.
        let room = match self.state.workers().make_room(n_bytes) {
            Ok(room) => room,
            Err(refusal) => return self.refuse(refusal, Some(&id)).await,
        };
        self.expecting = Expecting::Clip(Announced {
            id,
            text,
            n_bytes,
            clip: Private::new(Vec::new()),
            room,
            due: Instant::now() + self.state.limits().clip_time,
        });
        GO_ON
    }

    async fn start(
        &mut self,
        session: &Arc<Session>,
        input: TurnInput,
        room: Option<ClipRoom>,
    ) -> Flow {
        let id = input.id.clone();
        match self.state.start_turn(session, input, room) {
            Ok(events) => self.send_again(&events).await,
            Err(refusal) => self.refuse(refusal, Some(&id)).await,
        }
    }

    fn correct(&self, session: &Session, id: &str, emotion: &Emotion) -> Result<(), Refusal> {
        let emotions = self.state.engine().reasoner().emotions();
        let emotion = emotions
            .parse(emotion.name())
            .map_err(|_| Refusal::UnknownEmotion)?;
        session.correct(id, &emotion)
    }

    /// Sends everything new of the session.
    async fn send_news(&mut self) -> Flow {
        let Some(session) = self.session.clone() else {
            return GO_ON;
        };
        if !session.belongs_to(self.socket) {
            return self.end(Refusal::TakenOver).await;
        }
        let (events, _) = session.events_after(self.sent_seq);
        for event in events {
            self.sent_seq = event.seq;
            let flow = self.send_text(&event.json).await;
            if flow.is_break() {
                return flow;
            }
        }
        GO_ON
    }

    /// Sends events of a repeated turn that went out before; newer ones come with the news.
    async fn send_again(&mut self, events: &[crate::log::Kept]) -> Flow {
        let sent_seq = self.sent_seq;
        for event in events.iter().filter(|event| event.seq <= sent_seq) {
            let flow = self.send_text(&event.json).await;
            if flow.is_break() {
                return flow;
            }
        }
        GO_ON
    }

    /// When something is to be done without being asked.
    fn deadline(&self) -> Instant {
        let due = match &self.session {
            Some(session) => session.expires_at().min(session.next_notice_at()),
            None => self.opened + self.state.limits().hello_time,
        };
        match &self.expecting {
            Expecting::Clip(turn) => due.min(turn.due),
            Expecting::Recording(recording) => due.min(recording.wakes_at()),
            Expecting::Nothing | Expecting::Discard(_) => due,
        }
    }

    async fn on_deadline(&mut self) -> Flow {
        let Some(session) = self.session.clone() else {
            return self.end(Refusal::HelloFirst).await;
        };
        if session.expires_at() <= Instant::now() {
            return self.end(Refusal::SessionExpired).await;
        }
        session.give_notice_if_due();
        match &self.expecting {
            Expecting::Clip(turn) if turn.due <= Instant::now() => {
                let n_left = turn.n_bytes - turn.clip.expose().len() as u64;
                let flow = self.drop_missing_clip().await;
                self.expecting = Expecting::Discard(n_left);
                flow
            }
            Expecting::Recording(recording) if recording.due() <= Instant::now() => {
                let id = recording.id().to_owned();
                self.give_up_recording(None);
                self.refuse(Refusal::ClipMissing, Some(&id)).await
            }
            Expecting::Recording(_) => self.tell_moment().await,
            _ => GO_ON,
        }
    }

    async fn ping(&mut self) -> Flow {
        if self.last_frame.elapsed() > 3 * PING_EVERY {
            return ControlFlow::Break(());
        }
        self.send_frame(Message::Ping(Bytes::new())).await
    }

    async fn bad_frame(&mut self, refusal: Refusal) -> Flow {
        self.n_bad_frames += 1;
        if self.n_bad_frames > self.state.limits().bad_frames {
            return self.end(Refusal::TooManyBadFrames).await;
        }
        self.refuse(refusal, None).await
    }

    async fn refuse(&mut self, refusal: Refusal, id: Option<&str>) -> Flow {
        tracing::debug!(
            session = self.session.as_ref().map(|session| session.number),
            code = refusal.code(),
            "refused"
        );
        self.send(0, refusal.event(id)).await
    }

    /// Says why and closes the socket.
    async fn end(&mut self, refusal: Refusal) -> Flow {
        // The socket may be the reason; then nobody hears this.
        let _ = self.refuse(refusal, None).await;
        let close = CloseFrame {
            code: 1000,
            reason: refusal.code().into(),
        };
        let _ = self.send_frame(Message::Close(Some(close))).await;
        ControlFlow::Break(())
    }

    async fn send(&mut self, seq: u64, event: ServerEvent) -> Flow {
        let json = to_json(seq, event);
        self.send_text(&json).await
    }

    async fn send_text(&mut self, json: &str) -> Flow {
        self.send_frame(Message::Text(json.into())).await
    }

    async fn send_frame(&mut self, frame: Message) -> Flow {
        match self.outgoing.send(frame).await {
            Ok(()) => GO_ON,
            Err(_) => ControlFlow::Break(()),
        }
    }

    /// Lets go of the session.
    fn leave(&mut self) {
        self.give_up_recording(None);
        self.news = None;
        if let Some(session) = self.session.take() {
            session.detach(self.socket);
            self.state.sessions().remove_if_blank(&session);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hosts::Hosts;
    use std::convert::Infallible;
    use std::net::Ipv4Addr;

    use futures_util::{sink, stream};
    use tokio::sync::mpsc;

    use crate::safety::CrisisDetector;
    use crate::wire::Envelope;
    use crate::{Engine, Limits};

    /// A socket made of channels: what the page sends goes in, what it is told comes out.
    struct Socket {
        page: mpsc::UnboundedSender<Message>,
        told: mpsc::UnboundedReceiver<Message>,
    }

    fn socket() -> Socket {
        let limits = Limits::default();
        let reasoner = smes_reasoning::open("majority").unwrap();
        let engine = Engine::new(
            reasoner.into(),
            None,
            CrisisDetector::embedded(),
            limits.media(),
        );
        let state = AppState::new(engine, limits, Hosts::loopback());
        let (page, incoming) = mpsc::unbounded_channel();
        let (outgoing, told) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            let outgoing = Box::pin(sink::unfold(outgoing, |outgoing, frame| async move {
                outgoing.send(frame).map(|()| outgoing)
            }));
            let incoming = Box::pin(stream::unfold(incoming, |mut incoming| async move {
                let frame: Option<Message> = incoming.recv().await;
                frame.map(|frame| (Ok::<_, Infallible>(frame), incoming))
            }));
            converse(&state, Ipv4Addr::LOCALHOST.into(), outgoing, incoming).await;
        });
        Socket { page, told }
    }

    impl Socket {
        fn hello(&self) {
            let hello = r#"{"type":"hello"}"#;
            self.page.send(Message::text(hello)).unwrap();
        }

        async fn event(&mut self) -> ServerEvent {
            loop {
                match self.told.recv().await {
                    Some(Message::Text(json)) => {
                        return serde_json::from_str::<Envelope>(&json).unwrap().event;
                    }
                    Some(Message::Ping(_)) => {}
                    other => panic!("expected an event, found {other:?}"),
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_socket_that_never_says_hello_is_closed() {
        let mut socket = socket();
        let begun = Instant::now();
        let ServerEvent::Error { code, .. } = socket.event().await else {
            panic!("no error");
        };
        assert_eq!(code, "hello_first");
        assert_eq!(begun.elapsed(), Limits::default().hello_time);
        assert!(matches!(socket.told.recv().await, Some(Message::Close(_))));
        assert_eq!(socket.told.recv().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_socket_is_dropped_after_three_pings() {
        let mut socket = socket();
        socket.hello();
        assert!(matches!(socket.event().await, ServerEvent::Welcome { .. }));
        let begun = Instant::now();
        let mut n_pings = 0;
        while let Some(frame) = socket.told.recv().await {
            assert!(matches!(frame, Message::Ping(_)), "{frame:?}");
            n_pings += 1;
        }
        assert!((3..=4).contains(&n_pings), "{n_pings}");
        assert!(begun.elapsed() <= 5 * PING_EVERY);
    }

    #[tokio::test(start_paused = true)]
    async fn the_notice_comes_again_after_three_hours_of_talk() {
        let mut socket = socket();
        socket.hello();
        assert!(matches!(socket.event().await, ServerEvent::Welcome { .. }));
        let begun = Instant::now();
        for _ in 0..9 {
            // The page answers pings and the person changes something every 20 minutes.
            for _ in 0..20 {
                tokio::time::sleep(Duration::from_mins(1)).await;
                let _ = socket.page.send(Message::Pong(Bytes::new()));
            }
            let consent = r#"{"type":"consent","sensing":false}"#;
            socket.page.send(Message::text(consent)).unwrap();
        }
        assert!(matches!(socket.event().await, ServerEvent::Notice { .. }));
        assert!(begun.elapsed() >= Limits::default().notice_every);
    }
}
