//! The server as its page and its builders meet it: real sockets on loopback, real requests.

#![allow(clippy::unwrap_used, reason = "an unmet expectation fails the test")]

mod http;
mod live;
mod privacy;
mod rating;
#[path = "../support/study.rs"]
mod study;
mod support;
mod transcribe;
