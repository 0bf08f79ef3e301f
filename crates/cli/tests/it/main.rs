//! The program as it is called: what it does, what it answers to bad input, and by which exit code.

#![allow(clippy::unwrap_used, reason = "tests fail loudly")]

mod bad_input;
mod models;
mod transcribe;
