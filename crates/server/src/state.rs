//! What all requests share.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::conversation::{Engine, TurnInput};
use crate::hosts::Hosts;
use crate::limits::Limits;
use crate::log::Kept;
use crate::per_address::PerAddress;
use crate::refusal::Refusal;
use crate::session::{Begun, Session};
use crate::sessions::Sessions;
use crate::workers::{ClipRoom, Workers};

/// The shared state of the server; a clone is the same state.
#[derive(Clone)]
pub struct AppState {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Arc<Engine>,
    limits: Limits,
    sessions: Sessions,
    workers: Workers,
    sockets: Arc<Semaphore>,
    address_turns: PerAddress,
    closing: watch::Sender<bool>,
    hosts: Hosts,
}

impl AppState {
    /// The state of a server around an engine, which answers requests to these hosts.
    pub fn new(engine: Engine, limits: Limits, hosts: Hosts) -> Self {
        Self {
            shared: Arc::new(Shared {
                sessions: Sessions::new(limits, engine.shared_reasoner()),
                engine: Arc::new(engine),
                limits,
                workers: Workers::new(&limits),
                sockets: Arc::new(Semaphore::new(limits.sockets)),
                address_turns: PerAddress::new(limits.address_turns_per_minute),
                closing: watch::Sender::new(false),
                hosts,
            }),
        }
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// What runs the turns.
    pub fn engine(&self) -> &Arc<Engine> {
        &self.shared.engine
    }

    /// Number of live sessions.
    pub fn n_sessions(&self) -> usize {
        self.shared.sessions.len()
    }

    /// Forgets the sessions that are over; call it now and then.
    pub fn drop_expired_sessions(&self) {
        self.shared.sessions.drop_expired();
    }

    /// Tells every socket that the program is being closed.
    pub fn close(&self) {
        self.shared.closing.send_replace(true);
    }

    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.shared.closing.subscribe()
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.shared.sessions
    }

    pub(crate) fn workers(&self) -> &Workers {
        &self.shared.workers
    }

    pub(crate) fn hosts(&self) -> &Hosts {
        &self.shared.hosts
    }

    /// A place for one more socket, if there is one.
    pub(crate) fn take_socket(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.shared.sockets).try_acquire_owned().ok()
    }

    /// Counts a turn of an address that has no session.
    ///
    /// # Errors
    /// [`Refusal::TooFast`].
    pub(crate) fn take_address_turn(&self, address: IpAddr) -> Result<(), Refusal> {
        if self.shared.address_turns.take(address) {
            return Ok(());
        }
        Err(Refusal::TooFast)
    }

    /// Starts a turn of a session on a thread of its own; it goes on whether or not a socket is
    /// there to hear it. The input's locale is the session's. Gives the events of a turn that
    /// was begun before. `room` is what its clip takes.
    ///
    /// # Errors
    /// The refusal, when nothing was begun.
    pub(crate) fn start_turn(
        &self,
        session: &Arc<Session>,
        mut input: TurnInput,
        room: Option<ClipRoom>,
    ) -> Result<Vec<Kept>, Refusal> {
        if let Some(events) = session.repeated(&input.id)? {
            return Ok(events);
        }
        let place = self.workers().reserve(room)?;
        let (ticket, conversation) = match session.begin_turn(&input.id)? {
            Begun::Repeated(events) => return Ok(events),
            Begun::New {
                ticket,
                conversation,
                locale,
            } => {
                input.locale = locale;
                (ticket, conversation)
            }
        };
        let engine = Arc::clone(self.engine());
        let session = Arc::clone(session);
        let turn_time = self.limits().turn_time;
        let context = Arc::new(conversation.context_with(&input.text));
        tokio::spawn(async move {
            let (listener, answered_from) = (Arc::clone(&session), Arc::clone(&context));
            let work = place.run(move || {
                let result = engine.run_turn(&conversation, input, &mut |event| {
                    listener.tell(ticket, event);
                });
                listener.forget_if_over(ticket, &answered_from);
                result
            });
            let result = match tokio::time::timeout(turn_time, work).await {
                Ok(Some(result)) => result.map_err(|error| {
                    let cause: &(dyn std::error::Error + 'static) = &error;
                    tracing::warn!(session = session.number, error = cause, "a turn failed");
                    error.refusal()
                }),
                Ok(None) => {
                    tracing::error!(session = session.number, "a turn panicked");
                    Err(Refusal::ReasonerFailed)
                }
                Err(_) => {
                    tracing::warn!(session = session.number, "a turn took too long");
                    Err(Refusal::TooSlow)
                }
            };
            tracing::debug!(
                session = session.number,
                is_answered = result.is_ok(),
                "a turn ended"
            );
            session.finish(ticket, &context, result);
        });
        Ok(Vec::new())
    }
}
