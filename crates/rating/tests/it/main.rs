//! A study from outside: a model as judge, asked over a socket.

#![allow(clippy::unwrap_used, reason = "an unmet expectation fails the test")]
#![allow(clippy::print_stderr, reason = "a test that cannot run here says why")]

mod endpoint;
mod judge;
