//! One live session: its conversation, its events, its bounds.
//!
//! A session outlives its sockets: a turn goes on while nobody is connected, and whoever holds the
//! token takes up the events where they stopped. At most one turn runs; its place is a [`Ticket`],
//! so that what a forgotten turn still says falls on deaf ears. There is no `Debug` here.

use std::collections::{HashSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smes_dialogue::{DialogueContext, Emotion};
use smes_reasoning::Reasoner;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::conversation::{Conversation, TurnDone};
use crate::limits::Limits;
use crate::log::{EventLog, Kept};
use crate::refusal::Refusal;
use crate::wire::ServerEvent;

/// "This is a program", shown at the start and again at intervals.
pub const NOTICE: &str = "You are talking with a program, not with a person and not with a therapist. \
It can misread you. Nothing of this conversation is kept after it ends. \
If you or someone else is in danger, please call your local emergency number.";

const LONGEST_TURN_ID: usize = 64;

/// One live session.
pub(crate) struct Session {
    /// Number for logs, told to nobody else.
    pub(crate) number: u64,
    /// The secret that lets a page take the session up again.
    pub(crate) token: String,
    /// Where it was opened from.
    pub(crate) address: IpAddr,
    limits: Limits,
    /// Told when words are no longer part of the conversation.
    reasoner: Arc<dyn Reasoner>,
    inner: Mutex<Inner>,
    changed: watch::Sender<()>,
}

struct Inner {
    conversation: Conversation,
    log: EventLog,
    /// Turns that were begun, so that none runs twice.
    known_turns: HashSet<String>,
    running: Option<Running>,
    n_tickets: u64,
    recent_turns: VecDeque<Instant>,
    sensing_consent: bool,
    locale: Option<String>,
    started: Instant,
    last_heard: Instant,
    last_notice: Instant,
    socket: u64,
    is_attached: bool,
}

struct Running {
    ticket: Ticket,
    id: String,
    /// The turn's last event, held back until its conversation is taken over: who sees the answer
    /// may send the next turn at once.
    last: Option<ServerEvent>,
}

/// The right of a turn to speak in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ticket(u64);

/// What becomes of a turn that a page sends.
pub(crate) enum Begun {
    /// It runs now, from this conversation.
    New {
        ticket: Ticket,
        conversation: Box<Conversation>,
        locale: Option<String>,
    },
    /// It ran before: these are its events.
    Repeated(Vec<Kept>),
}

impl Session {
    pub(crate) fn new(
        number: u64,
        token: String,
        address: IpAddr,
        limits: Limits,
        reasoner: Arc<dyn Reasoner>,
    ) -> Self {
        let now = Instant::now();
        Self {
            number,
            token,
            address,
            limits,
            reasoner,
            inner: Mutex::new(Inner {
                conversation: Conversation::default(),
                log: EventLog::default(),
                known_turns: HashSet::new(),
                running: None,
                n_tickets: 0,
                recent_turns: VecDeque::new(),
                sensing_consent: false,
                locale: None,
                started: now,
                last_heard: now,
                last_notice: now,
                socket: 0,
                is_attached: false,
            }),
            changed: watch::Sender::new(()),
        }
    }

    /// Binds a socket to the session; an earlier socket loses it. Gives the socket's number and
    /// a signal of everything new.
    pub(crate) fn attach(
        &self,
        sensing_consent: bool,
        locale: Option<String>,
    ) -> (u64, watch::Receiver<()>) {
        let mut inner = self.lock();
        inner.socket += 1;
        inner.is_attached = true;
        inner.locale = locale.filter(|locale| locale.len() <= LONGEST_TURN_ID);
        inner.set_consent(sensing_consent);
        inner.last_heard = Instant::now();
        let signal = self.changed.subscribe();
        self.changed.send_replace(());
        (inner.socket, signal)
    }

    /// Unbinds a socket, unless a newer one has the session.
    pub(crate) fn detach(&self, socket: u64) {
        let mut inner = self.lock();
        if inner.socket == socket {
            inner.is_attached = false;
        }
    }

    /// Whether the session belongs to this socket.
    pub(crate) fn belongs_to(&self, socket: u64) -> bool {
        self.lock().socket == socket
    }

    /// Whether nothing would be lost with it: nobody is connected and nothing was said.
    pub(crate) fn is_blank(&self) -> bool {
        let inner = self.lock();
        !inner.is_attached && inner.running.is_none() && inner.known_turns.is_empty()
    }

    /// Notes that the person did something.
    pub(crate) fn hear(&self) {
        self.lock().last_heard = Instant::now();
    }

    /// When the session is over if nothing is heard until then.
    pub(crate) fn expires_at(&self) -> Instant {
        let inner = self.lock();
        (inner.last_heard + self.limits.idle).min(inner.started + self.limits.session_time)
    }

    /// When "this is a program" is due again.
    pub(crate) fn next_notice_at(&self) -> Instant {
        self.lock().last_notice + self.limits.notice_every
    }

    /// Says "this is a program" if it is due.
    pub(crate) fn give_notice_if_due(&self) {
        let mut inner = self.lock();
        let now = Instant::now();
        if now >= inner.last_notice + self.limits.notice_every {
            inner.last_notice = now;
            let text = NOTICE.to_owned();
            self.push(&mut inner, ServerEvent::Notice { text });
        }
    }

    /// Events after `seq`, and whether others after it are gone.
    pub(crate) fn events_after(&self, seq: u64) -> (Vec<Kept>, bool) {
        let inner = self.lock();
        (inner.log.after(seq), inner.log.has_lost_after(seq))
    }

    /// Number of the latest event.
    pub(crate) fn last_seq(&self) -> u64 {
        self.lock().log.last_seq()
    }

    pub(crate) fn set_consent(&self, sensing: bool) {
        self.lock().set_consent(sensing);
    }

    /// Checks what can be known of a turn before its clip arrives.
    ///
    /// # Errors
    /// The refusal. A turn that was begun before is not refused here.
    pub(crate) fn check_turn(
        &self,
        id: &str,
        text: &str,
        clip_bytes: Option<u64>,
    ) -> Result<(), Refusal> {
        check_text(text, clip_bytes.is_some(), &self.limits)?;
        if id.is_empty() || id.len() > LONGEST_TURN_ID {
            return Err(Refusal::BadTurnId);
        }
        let Some(n_bytes) = clip_bytes else {
            return Ok(());
        };
        if !self.lock().sensing_consent {
            return Err(Refusal::ConsentMissing);
        }
        if n_bytes > self.limits.clip_bytes {
            return Err(Refusal::ClipTooLarge {
                limit: self.limits.clip_bytes,
            });
        }
        if n_bytes == 0 {
            return Err(Refusal::ClipMismatch);
        }
        Ok(())
    }

    /// The events of a turn that was begun before; `None` for a new one.
    ///
    /// # Errors
    /// [`Refusal::AnswerGone`] when it is done and its events are no longer kept.
    pub(crate) fn repeated(&self, id: &str) -> Result<Option<Vec<Kept>>, Refusal> {
        self.lock().repeated(id)
    }

    /// Begins a turn that passed [`Session::check_turn`].
    ///
    /// # Errors
    /// [`Refusal::TurnInProgress`], [`Refusal::TooFast`], [`Refusal::AnswerGone`].
    pub(crate) fn begin_turn(&self, id: &str) -> Result<Begun, Refusal> {
        let mut inner = self.lock();
        if let Some(events) = inner.repeated(id)? {
            return Ok(Begun::Repeated(events));
        }
        if inner.running.is_some() {
            return Err(Refusal::TurnInProgress);
        }
        if !take_turn(&mut inner.recent_turns, self.limits.turns_per_minute) {
            return Err(Refusal::TooFast);
        }
        inner.n_tickets += 1;
        let ticket = Ticket(inner.n_tickets);
        inner.known_turns.insert(id.to_owned());
        inner.running = Some(Running {
            ticket,
            id: id.to_owned(),
            last: None,
        });
        Ok(Begun::New {
            ticket,
            conversation: Box::new(inner.conversation.clone()),
            locale: inner.locale.clone(),
        })
    }

    /// Keeps an event of the running turn; dropped when the turn is not wanted any more.
    pub(crate) fn tell(&self, ticket: Ticket, event: ServerEvent) {
        let mut inner = self.lock();
        let Some(running) = inner.running_as(ticket) else {
            return;
        };
        if matches!(
            event,
            ServerEvent::Response { .. } | ServerEvent::Crisis { .. }
        ) {
            running.last = Some(event);
        } else {
            self.push(&mut inner, event);
        }
    }

    /// Makes the reasoner forget what a turn was answered from, when the turn is not wanted any
    /// more: it may have been erased while the turn ran.
    pub(crate) fn forget_if_over(&self, ticket: Ticket, context: &DialogueContext) {
        if self.lock().running_as(ticket).is_none() {
            self.reasoner.forget(context);
        }
    }

    /// Ends the running turn: its result becomes history, or its refusal is told. `context` is
    /// what the turn was answered from.
    pub(crate) fn finish(
        &self,
        ticket: Ticket,
        context: &DialogueContext,
        result: Result<TurnDone, Refusal>,
    ) {
        let mut inner = self.lock();
        if inner.running_as(ticket).is_none() {
            self.reasoner.forget(context);
            return;
        }
        let Some(Running { id, last, .. }) = inner.running.take() else {
            return;
        };
        match result {
            Ok(done) => {
                let too_old = inner.conversation.add(done, self.limits.history_utterances);
                self.reasoner.forget(&too_old);
                if !inner.sensing_consent {
                    inner.conversation.forget_voice();
                }
                if let Some(event) = last {
                    self.push(&mut inner, event);
                }
            }
            Err(refusal) => {
                self.reasoner.forget(context);
                self.push(&mut inner, refusal.event(Some(&id)));
            }
        }
    }

    /// Takes over what the person says a turn's emotion was.
    ///
    /// # Errors
    /// [`Refusal::UnknownTurn`].
    pub(crate) fn correct(&self, id: &str, emotion: &Emotion) -> Result<(), Refusal> {
        let mut inner = self.lock();
        if !inner.conversation.correct(id, emotion) {
            return Err(Refusal::UnknownTurn);
        }
        let id = id.to_owned();
        self.push(&mut inner, ServerEvent::Corrected { id });
        Ok(())
    }

    /// Forgets everything that was said, at once; a running turn is forgotten with it.
    pub(crate) fn erase(&self) {
        let mut inner = self.lock();
        let said = std::mem::take(&mut inner.conversation);
        self.reasoner.forget(said.context());
        inner.log.clear();
        inner.known_turns = HashSet::new();
        inner.running = None;
        self.push(&mut inner, ServerEvent::Erased);
    }

    fn push(&self, inner: &mut Inner, event: ServerEvent) {
        inner
            .log
            .push(event, self.limits.kept_events, self.limits.kept_event_bytes);
        self.changed.send_replace(());
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing below panics halfway through a change; a poisoned lock is still whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.reasoner.forget(self.lock().conversation.context());
    }
}

impl Inner {
    fn set_consent(&mut self, sensing: bool) {
        self.sensing_consent = sensing;
        if !sensing {
            self.conversation.forget_voice();
        }
    }

    fn running_as(&mut self, ticket: Ticket) -> Option<&mut Running> {
        self.running
            .as_mut()
            .filter(|running| running.ticket == ticket)
    }

    fn repeated(&self, id: &str) -> Result<Option<Vec<Kept>>, Refusal> {
        if !self.known_turns.contains(id) {
            return Ok(None);
        }
        let is_running = self.running.as_ref().is_some_and(|turn| turn.id == id);
        let events = self.log.of_turn(id);
        if events.is_empty() && !is_running {
            return Err(Refusal::AnswerGone);
        }
        Ok(Some(events))
    }
}

/// Checks the words of a turn.
///
/// # Errors
/// [`Refusal::TextTooLong`], [`Refusal::EmptyTurn`].
pub fn check_text(text: &str, has_clip: bool, limits: &Limits) -> Result<(), Refusal> {
    if text.chars().count() > limits.text_chars {
        return Err(Refusal::TextTooLong {
            limit: limits.text_chars,
        });
    }
    if text.trim().is_empty() && !has_clip {
        return Err(Refusal::EmptyTurn);
    }
    Ok(())
}

/// Counts a turn against a bound per minute; `false`, and not counted, when it is reached.
pub(crate) fn take_turn(recent: &mut VecDeque<Instant>, n_per_minute: usize) -> bool {
    let now = Instant::now();
    while recent
        .front()
        .is_some_and(|begun| now.duration_since(*begun) >= Duration::from_mins(1))
    {
        recent.pop_front();
    }
    let is_free = recent.len() < n_per_minute;
    if is_free {
        recent.push_back(now);
    }
    is_free
}
