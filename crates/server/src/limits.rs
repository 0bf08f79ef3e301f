//! The bounds of the live conversation, in one place.
//!
//! They keep one visitor from taking the machine from the others and bound what is held in memory.
//! The numbers are ours.

use std::time::Duration;

use crate::wire::WireLimits;

/// What one session, one address and the whole server may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest text of a turn, in characters.
    pub text_chars: usize,
    /// Largest text frame or JSON body, in bytes.
    pub frame_bytes: usize,
    /// Largest clip, in bytes.
    pub clip_bytes: u64,
    /// Largest piece in which a clip travels over a socket, in bytes. A socket holds one message
    /// before anything can be refused, so all sockets together hold `sockets` times this.
    pub clip_frame_bytes: usize,
    /// Longest clip, in milliseconds.
    pub clip_ms: u64,
    /// Turns a session may begin in any minute.
    pub turns_per_minute: usize,
    /// Turns one address may begin in any minute through `/api/v1/turn`.
    pub address_turns_per_minute: usize,
    /// Live sessions in all.
    pub sessions: usize,
    /// Live sessions of one address.
    pub sessions_per_address: usize,
    /// Open sockets in all, with or without a session.
    pub sockets: usize,
    /// A session without a message for this long is forgotten.
    pub idle: Duration,
    /// A session is forgotten this long after it began.
    pub session_time: Duration,
    /// Events kept for replay, of one session.
    pub kept_events: usize,
    /// Bytes of events kept for replay, of one session.
    pub kept_event_bytes: usize,
    /// Utterances of the history that a session or a request may hold.
    pub history_utterances: usize,
    /// Turns that may run or wait at once, in all.
    pub turns_in_work: usize,
    /// Bytes of clips that may arrive, wait or run at once, in all.
    pub clip_bytes_in_work: usize,
    /// Longest time a turn may take before it is given up.
    pub turn_time: Duration,
    /// Longest time a clip or a request's body may take to arrive.
    pub clip_time: Duration,
    /// How often "this is a program" is said again.
    pub notice_every: Duration,
    /// Time a new socket has for its `Hello`.
    pub hello_time: Duration,
    /// Frames that make no sense before a socket is closed.
    pub bad_frames: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MINUTE: Duration = Duration::from_mins(1);
        Self {
            text_chars: 4_000,
            frame_bytes: 64 * 1024,
            clip_bytes: 32 * 1024 * 1024,
            clip_frame_bytes: 256 * 1024,
            clip_ms: 90_000,
            turns_per_minute: 20,
            address_turns_per_minute: 120,
            sessions: 256,
            sessions_per_address: 64,
            sockets: 512,
            idle: 30 * MINUTE,
            session_time: 12 * 60 * MINUTE,
            kept_events: 4_000,
            kept_event_bytes: 1024 * 1024,
            history_utterances: 400,
            turns_in_work: 64,
            clip_bytes_in_work: 512 * 1024 * 1024,
            turn_time: 2 * MINUTE,
            clip_time: 2 * MINUTE,
            notice_every: 3 * 60 * MINUTE,
            hello_time: Duration::from_secs(10),
            bad_frames: 20,
        }
    }
}

impl Limits {
    /// The bounds of decoding a live clip.
    pub const fn media(&self) -> smes_media::Limits {
        let mut media = smes_media::Limits::live();
        media.input_bytes = self.clip_bytes;
        media.duration_ms = self.clip_ms;
        media
    }

    /// The part that the page keeps too.
    pub const fn wire(&self) -> WireLimits {
        WireLimits {
            text_chars: self.text_chars,
            clip_bytes: self.clip_bytes,
            clip_frame_bytes: self.clip_frame_bytes,
            clip_ms: self.clip_ms,
        }
    }
}
