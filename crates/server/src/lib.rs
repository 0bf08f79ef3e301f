//! The live conversation over HTTP and WebSocket, its page, and its safety.
//!
//! Knows cues and reasoning, not training.

pub mod wire;
