//! A client of OpenAI-compatible servers (`POST {base}/chat/completions`). No dialogues.
//!
//! One question, one answer, bound to a JSON schema where the server can do that. Requests keep a
//! pace, are bounded in time and size, and are tried again with growing pauses when that can help.
//! What is sent and answered is private: it is in no error and no log. Why `ureq`: `docs/adr`.

mod client;
mod error;
mod pace;
mod protocol;

pub use client::{Answer, Client, Config};
pub use error::EndpointError;
pub use protocol::{Prompt, Usage};
