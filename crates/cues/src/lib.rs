//! From a clip to a cue: what was heard and seen, in words and features.
//!
//! Knows media, not corpora. Extractors stand behind [`CueExtractor`], one file (or folder) each.

mod baseline;
mod extractor;

pub use baseline::SpeakerBaseline;
pub use extractor::{CueError, CueExtractor};
