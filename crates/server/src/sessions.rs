//! All live sessions, by their tokens.

use std::collections::HashMap;
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smes_reasoning::Reasoner;
use tokio::time::Instant;

use crate::limits::Limits;
use crate::refusal::Refusal;
use crate::session::Session;

/// The live sessions.
pub(crate) struct Sessions {
    limits: Limits,
    reasoner: Arc<dyn Reasoner>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    by_token: HashMap<String, Arc<Session>>,
    n_opened: u64,
}

impl Sessions {
    pub(crate) fn new(limits: Limits, reasoner: Arc<dyn Reasoner>) -> Self {
        Self {
            limits,
            reasoner,
            inner: Mutex::default(),
        }
    }

    /// Opens a session.
    ///
    /// # Errors
    /// When the server or the address has as many as it may.
    pub(crate) fn open(&self, address: IpAddr) -> Result<Arc<Session>, Refusal> {
        let mut inner = self.lock();
        inner.drop_expired();
        if inner.by_token.len() >= self.limits.sessions {
            return Err(Refusal::TooManySessions);
        }
        let n_here = inner
            .by_token
            .values()
            .filter(|session| session.address == address)
            .count();
        if n_here >= self.limits.sessions_per_address {
            return Err(Refusal::TooManySessionsHere);
        }
        inner.n_opened += 1;
        let token = fresh_token();
        let session = Arc::new(Session::new(
            inner.n_opened,
            token.clone(),
            address,
            self.limits,
            Arc::clone(&self.reasoner),
        ));
        inner.by_token.insert(token, Arc::clone(&session));
        Ok(session)
    }

    /// The session of a token, if it is still live.
    pub(crate) fn get(&self, token: &str) -> Option<Arc<Session>> {
        let mut inner = self.lock();
        inner.drop_expired();
        inner.by_token.get(token).cloned()
    }

    /// Forgets a session if nothing would be lost with it.
    pub(crate) fn remove_if_blank(&self, session: &Session) {
        let mut inner = self.lock();
        if session.is_blank() {
            inner.by_token.remove(&session.token);
        }
    }

    /// Forgets the sessions that are over.
    pub(crate) fn drop_expired(&self) {
        self.lock().drop_expired();
    }

    /// Number of live sessions.
    pub(crate) fn len(&self) -> usize {
        self.lock().by_token.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn drop_expired(&mut self) {
        let now = Instant::now();
        self.by_token
            .retain(|_, session| session.expires_at() > now);
    }
}

/// 128 random bits, in hexadecimal.
fn fresh_token() -> String {
    rand::random::<[u8; 16]>()
        .iter()
        .fold(String::with_capacity(32), |mut token, byte| {
            let _ = write!(token, "{byte:02x}");
            token
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_reasoning::controls::Majority;
    use std::net::Ipv4Addr;
    use std::time::Duration;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

    #[tokio::test(start_paused = true)]
    async fn an_address_and_the_server_have_their_bounds() {
        let limits = Limits {
            sessions: 3,
            sessions_per_address: 2,
            ..Limits::default()
        };
        let sessions = Sessions::new(limits, Arc::new(Majority::new()));
        let _kept = [sessions.open(HERE).unwrap(), sessions.open(HERE).unwrap()];
        assert_eq!(
            sessions.open(HERE).err(),
            Some(Refusal::TooManySessionsHere)
        );
        sessions.open(THERE).unwrap();
        assert_eq!(sessions.open(THERE).err(), Some(Refusal::TooManySessions));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_session_is_forgotten_and_a_heard_one_is_not() {
        let sessions = Sessions::new(Limits::default(), Arc::new(Majority::new()));
        let (silent, heard) = (sessions.open(HERE).unwrap(), sessions.open(HERE).unwrap());
        tokio::time::advance(Duration::from_mins(20)).await;
        heard.hear();
        tokio::time::advance(Duration::from_mins(11)).await;
        assert!(sessions.get(&silent.token).is_none());
        assert!(sessions.get(&heard.token).is_some());
        for _ in 0..12 * 3 {
            tokio::time::advance(Duration::from_mins(20)).await;
            heard.hear();
        }
        assert!(
            sessions.get(&heard.token).is_none(),
            "12 hours are the longest"
        );
    }

    #[test]
    fn tokens_are_128_random_bits() {
        let (a, b) = (fresh_token(), fresh_token());
        assert_eq!((a.len(), b.len()), (32, 32));
        assert_ne!(a, b);
    }
}
