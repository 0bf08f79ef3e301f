//! Whisper beside transformers, broken model folders, and servers that transcribe.

#![allow(clippy::unwrap_used, reason = "an unmet expectation fails the test")]

mod endpoint;
mod folders;
mod support;
mod whisper;
