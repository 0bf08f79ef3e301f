//! What all requests of the rating site share.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};
use smes_rating::{Code, RaterId, RatingError, Store};
use tokio::sync::Semaphore;

use crate::per_address::PerAddress;

/// The bounds of the rating site. The numbers are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// Codes that one address may try in a minute.
    pub tries_per_minute: usize,
    /// Codes that are tried at the same time; each takes 19 MiB.
    pub tries_at_once: usize,
    /// Largest body of a request, in bytes.
    pub body_bytes: usize,
    /// Pages that one rater may have open.
    pub pages_per_rater: usize,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            tries_per_minute: 20,
            tries_at_once: 2,
            body_bytes: 4 * 1024,
            pages_per_rater: 16,
        }
    }
}

/// What opens a rater's place for one page. Only its hash is kept.
type TokenHash = [u8; 32];

/// The shared state of the rating site; a clone is the same state.
#[derive(Clone)]
pub struct RateState {
    shared: Arc<Shared>,
}

struct Shared {
    store: Store,
    limits: RateLimits,
    tries: PerAddress,
    trying: Semaphore,
    /// Oldest first.
    pages: Mutex<Vec<(TokenHash, RaterId)>>,
    loopback_only: bool,
}

impl RateState {
    /// The state of a site over a study. With `loopback_only`, requests must name this machine as
    /// their host, so that no other site's name can be pointed at it.
    pub fn new(store: Store, limits: RateLimits, loopback_only: bool) -> Self {
        Self {
            shared: Arc::new(Shared {
                store,
                limits,
                tries: PerAddress::new(limits.tries_per_minute),
                trying: Semaphore::new(limits.tries_at_once),
                pages: Mutex::default(),
                loopback_only,
            }),
        }
    }

    /// The study.
    pub fn store(&self) -> &Store {
        &self.shared.store
    }

    pub(crate) fn limits(&self) -> &RateLimits {
        &self.shared.limits
    }

    pub(crate) fn is_loopback_only(&self) -> bool {
        self.shared.loopback_only
    }

    /// Counts a try of an address.
    pub(crate) fn may_try(&self, address: IpAddr) -> bool {
        self.shared.tries.take(address)
    }

    /// Tries a code; gives its rater and a token for the page, or nothing when it opens nothing.
    pub(crate) async fn enter(&self, code: Code) -> Result<Option<(RaterId, String)>, RatingError> {
        let _place = self.shared.trying.acquire().await;
        let state = self.clone();
        let tried = tokio::task::spawn_blocking(move || state.store().enter(&code)).await;
        let Some(rater) = tried.unwrap_or(Ok(None))? else {
            return Ok(None);
        };
        let token = format!(
            "{:032x}{:032x}",
            rand::random::<u128>(),
            rand::random::<u128>()
        );
        let mut pages = self.pages();
        pages.push((hash(&token), rater));
        let n_open = pages.iter().filter(|(_, other)| *other == rater).count();
        if n_open > self.limits().pages_per_rater
            && let Some(oldest) = pages.iter().position(|(_, other)| *other == rater)
        {
            pages.remove(oldest);
        }
        Ok(Some((rater, token)))
    }

    /// Whose token it is.
    pub(crate) fn rater(&self, token: &str) -> Option<RaterId> {
        // Hashes are compared: how long that takes tells nothing about a token.
        let hash = hash(token);
        let pages = self.pages();
        let found = pages.iter().find(|(known, _)| *known == hash)?;
        Some(found.1)
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, Vec<(TokenHash, RaterId)>> {
        self.shared
            .pages
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(token: &str) -> TokenHash {
    Sha256::digest(token.as_bytes()).into()
}
