//! The live conversation over HTTP and WebSocket, its page, and its safety.
//!
//! Knows cues and reasoning, not training. The way of a turn: [`http`](app) or [`converse`] takes
//! it, the session checks its bounds, a worker thread runs [`Engine::run_turn`], and the events
//! go into the session's log, from which every socket of the session is served. Everything lives
//! in memory and is forgotten with its session; nothing that a person says is logged.

mod assets;
mod conversation;
mod gate;
mod history;
mod hosts;
mod http;
mod limits;
mod live;
mod log;
mod per_address;
pub mod rate;
mod reading;
mod recording;
mod refusal;
mod report;
pub mod safety;
mod serve;
mod session;
mod sessions;
mod state;
mod transcribe;
pub mod wire;
mod workers;

pub use conversation::{Conversation, Engine, TurnDone, TurnError, TurnInput};
pub use history::{HistoryBounds, HistoryError, history_from_value, parse_history};
pub use hosts::Hosts;
pub use http::app;
pub use limits::Limits;
pub use live::converse;
pub use reading::Followed;
pub use refusal::Refusal;
pub use report::{CrisisReport, Decision, TurnReport};
pub use serve::{ServeError, bind, serve};
pub use session::{NOTICE, check_text};
pub use state::AppState;
