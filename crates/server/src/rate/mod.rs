//! The rating site: people compare two systems' answers blind, in the browser.
//!
//! It stands on its own (`smes rate serve`): no model is loaded, and the conversation is not there.
//! The way of an answer: the page opens with an invitation code, which is exchanged for a token that
//! lives in memory; each answer is on the disk before it is acknowledged ([`smes_rating::Store`]).
//! Codes, tokens and what was rated are in no log.

mod http;
mod refusal;
mod serve;
mod state;

pub use http::app;
pub use serve::serve;
pub use state::{RateLimits, RateState};
