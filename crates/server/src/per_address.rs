//! A bound on how often one address may do something in a minute.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::time::Instant;

use crate::session::take_turn;

/// How many addresses are remembered at once.
const ADDRESSES_REMEMBERED: usize = 10_000;

/// Counts by address over the last minute.
pub(crate) struct PerAddress {
    n_per_minute: usize,
    recent: Mutex<HashMap<IpAddr, VecDeque<Instant>>>,
}

impl PerAddress {
    pub(crate) fn new(n_per_minute: usize) -> Self {
        Self {
            n_per_minute,
            recent: Mutex::default(),
        }
    }

    /// Counts once; `false`, and not counted, when the bound is reached.
    pub(crate) fn take(&self, address: IpAddr) -> bool {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() >= ADDRESSES_REMEMBERED && !recent.contains_key(&address) {
            recent.clear();
        }
        take_turn(recent.entry(address).or_default(), self.n_per_minute)
    }
}
