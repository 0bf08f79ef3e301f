//! From a clip to a cue: what was heard and seen, in words and features.
//!
//! Knows media, not corpora. Extractors stand behind [`CueExtractor`], one file (or folder) each.
//! [`NativeExtractor`] measures the voice ([`voice`]) and watches the face ([`face`]), compares both
//! with the speaker's own [`SpeakerBaseline`] and puts the difference into a sentence each.

mod baseline;
mod describe;
pub mod emotion;
mod endpoint;
mod extractor;
pub mod face;
mod follow;
mod model_folder;
mod native;
mod stats;
pub mod voice;

pub use baseline::{MIN_CLIPS, SpeakerBaseline};
pub use describe::describe;
pub use endpoint::EndpointExtractor;
pub use extractor::{CueError, CueExtractor, ReadClip};
pub use follow::{FaceNow, Follower, Moment};
pub use model_folder::{CONFIG_FILE, WEIGHTS_FILE};
pub use native::{Heard, NativeExtractor, Perceived, Seen};
