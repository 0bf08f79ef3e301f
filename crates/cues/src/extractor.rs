//! The trait behind which everything that reads voice or face stands.

use smes_dialogue::{Cue, Extractor};
use smes_media::Clip;

use crate::SpeakerBaseline;

/// Derives a cue from a clip.
pub trait CueExtractor: Send + Sync {
    /// Name and version, as written into cues.
    fn id(&self) -> Extractor;

    /// Reads the clip. `baseline` is the running picture of this speaker's usual voice; it is
    /// read to describe the clip relative to it and then updated with the clip.
    ///
    /// A clip in which little can be read (silence, no sound track) is not an error: the cue says
    /// in `limits` what is missing.
    ///
    /// # Errors
    /// When the extractor itself fails.
    fn extract(&self, clip: &Clip, baseline: &mut SpeakerBaseline) -> Result<Cue, CueError>;
}

/// An error of an extractor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CueError {}
