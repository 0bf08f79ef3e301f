//! A study from outside: a model as judge, asked over a socket.

#![allow(clippy::unwrap_used, reason = "an unmet expectation fails the test")]

mod endpoint;
mod judge;
