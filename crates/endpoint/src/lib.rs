//! A client of OpenAI-compatible servers (`POST {base}/chat/completions`, `/audio/transcriptions`). No
//! dialogues.
//!
//! One question, one answer: bound to a JSON schema where the server can do that ([`Client::ask`]), in
//! free words about pictures and sound ([`Client::talk`]), or what was said in a recording
//! ([`Client::transcribe`]). Requests keep a pace and a budget, are bounded in time and size, and are
//! tried again with growing pauses when that can help. What is sent and answered is private: it is in no error and no log. Why `ureq`: `docs/adr`.

mod budget;
mod client;
mod error;
mod pace;
mod protocol;
mod talk;
mod transcription;

pub use budget::{Budget, Price};
pub use client::{Answer, Client, Config};
pub use error::{EndpointError, Trouble};
pub use protocol::{Prompt, Usage, read_answer};
pub use talk::{Medium, Message, Part, Talk};
pub use transcription::{Sound, Transcription, TranscriptionSpan, read_transcription};
