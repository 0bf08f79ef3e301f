//! Speech to text: the words of a recording, behind one trait.
//!
//! [`Transcriber`] stands before a Whisper that runs here ([`WhisperTranscriber`]) and any server that
//! speaks `OpenAI`'s `/audio/transcriptions` ([`EndpointTranscriber`]). Sound is mono at 16 kHz, as
//! `smes-media` decodes it. What was said is private: it is in no error, no log and no `Debug` output.
//! Absent on purpose: who spoke, times of single words, sound that is still arriving.

mod endpoint;
mod error;
mod mel;
mod transcriber;
mod whisper;

pub use endpoint::EndpointTranscriber;
pub use error::SpeechError;
pub use mel::LogMel;
pub use transcriber::{Hints, SAMPLE_RATE, Span, Transcriber, Transcript};
pub use whisper::WhisperTranscriber;
