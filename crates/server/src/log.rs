//! The events of one session, kept so that a dropped socket misses nothing.
//!
//! Bounded in number and bytes; the oldest go first. Each event is serialised once. There is no
//! `Debug` here: the log holds what was said.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::wire::{Envelope, ServerEvent};

/// An event ready to be sent.
#[derive(Clone)]
pub(crate) struct Kept {
    /// Its number in the session.
    pub(crate) seq: u64,
    turn: Option<String>,
    /// The envelope as JSON.
    pub(crate) json: Arc<str>,
}

/// The kept events, oldest first.
#[derive(Default)]
pub(crate) struct EventLog {
    kept: VecDeque<Kept>,
    n_bytes: usize,
    last_seq: u64,
    /// Highest number that was dropped for want of room; erased events do not count.
    lost_to: u64,
}

impl EventLog {
    /// Numbers an event and keeps it.
    pub(crate) fn push(&mut self, event: ServerEvent, n_max: usize, max_bytes: usize) {
        self.last_seq += 1;
        let turn = turn_of(&event).map(str::to_owned);
        let json = to_json(self.last_seq, event);
        self.n_bytes += json.len();
        self.kept.push_back(Kept {
            seq: self.last_seq,
            turn,
            json,
        });
        while self.kept.len() > 1 && (self.kept.len() > n_max || self.n_bytes > max_bytes) {
            if let Some(oldest) = self.kept.pop_front() {
                self.n_bytes -= oldest.json.len();
                self.lost_to = oldest.seq;
            }
        }
    }

    /// Number of the latest event.
    pub(crate) const fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// Whether an event after `seq` was dropped for want of room.
    pub(crate) const fn has_lost_after(&self, seq: u64) -> bool {
        seq < self.lost_to
    }

    /// The kept events after `seq`.
    pub(crate) fn after(&self, seq: u64) -> Vec<Kept> {
        let first = self.kept.partition_point(|kept| kept.seq <= seq);
        self.kept.range(first..).cloned().collect()
    }

    /// The kept events of a turn.
    pub(crate) fn of_turn(&self, id: &str) -> Vec<Kept> {
        self.kept
            .iter()
            .filter(|kept| kept.turn.as_deref() == Some(id))
            .cloned()
            .collect()
    }

    /// Forgets all events; the numbers go on.
    pub(crate) fn clear(&mut self) {
        self.kept = VecDeque::new();
        self.n_bytes = 0;
        self.lost_to = 0;
    }
}

/// The envelope of an event as JSON.
pub(crate) fn to_json(seq: u64, event: ServerEvent) -> Arc<str> {
    serde_json::to_string(&Envelope { seq, event })
        .expect("events are maps with text keys and plain values")
        .into()
}

fn turn_of(event: &ServerEvent) -> Option<&str> {
    match event {
        ServerEvent::Received { id }
        | ServerEvent::Cue { id, .. }
        | ServerEvent::UserEmotion { id, .. }
        | ServerEvent::Strategy { id, .. }
        | ServerEvent::SystemEmotion { id, .. }
        | ServerEvent::ResponseDelta { id, .. }
        | ServerEvent::Response { id, .. }
        | ServerEvent::Crisis { id, .. }
        | ServerEvent::Corrected { id }
        | ServerEvent::Moment { id, .. } => Some(id),
        ServerEvent::Error { id, .. } => id.as_deref(),
        ServerEvent::Welcome { .. } | ServerEvent::Erased | ServerEvent::Notice { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(id: &str) -> ServerEvent {
        ServerEvent::Received { id: id.to_owned() }
    }

    fn seqs(kept: &[Kept]) -> Vec<u64> {
        kept.iter().map(|kept| kept.seq).collect()
    }

    #[test]
    fn gives_what_was_missed_and_nothing_else() {
        let mut log = EventLog::default();
        for id in ["a", "b", "a"] {
            log.push(received(id), 10, 10_000);
        }
        assert_eq!(seqs(&log.after(0)), [1, 2, 3]);
        assert_eq!(seqs(&log.after(2)), [3]);
        assert_eq!(seqs(&log.after(9)), [0_u64; 0]);
        assert_eq!(seqs(&log.of_turn("a")), [1, 3]);
        assert!(!log.has_lost_after(0));
    }

    #[test]
    fn stays_within_its_bounds_and_says_what_is_gone() {
        let mut log = EventLog::default();
        for _ in 0..10 {
            log.push(received("a"), 4, 10_000);
        }
        assert_eq!(seqs(&log.after(0)), [7, 8, 9, 10]);
        assert!(log.has_lost_after(5) && !log.has_lost_after(6));
        let mut log = EventLog::default();
        for _ in 0..10 {
            log.push(received("a"), 100, 100);
        }
        assert!(log.n_bytes <= 100 && !log.kept.is_empty());
    }

    #[test]
    fn numbers_go_on_after_all_is_forgotten() {
        let mut log = EventLog::default();
        log.push(received("a"), 1, 10_000);
        log.push(received("b"), 1, 10_000);
        log.clear();
        assert!(log.after(0).is_empty() && !log.has_lost_after(0));
        log.push(ServerEvent::Erased, 1, 10_000);
        assert_eq!(seqs(&log.after(0)), [3]);
    }
}
