//! The trait behind which everything that reads voice or face stands.

use std::sync::Arc;

use smes_dialogue::{Cue, Extractor};
use smes_media::Clip;

use crate::{Follower, SpeakerBaseline};

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

    /// Begins to read a recording that goes on, where it can.
    fn follow(self: Arc<Self>) -> Option<Box<dyn Follower>> {
        None
    }
}

/// An error of an extractor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CueError {
    /// The sound has a sample rate at which the measures mean nothing.
    #[error("sample rate is `{found}` Hz, expected 8000 to 192000")]
    UnsupportedSampleRate {
        /// In Hz.
        found: u32,
    },
    /// A model that does not fit this version of the program.
    #[error("model `{model}`: {reason}")]
    Model {
        /// Where it comes from.
        model: String,
        /// What does not fit.
        reason: String,
    },
    /// A tensor operation or a checkpoint failed.
    #[error(transparent)]
    Nn(#[from] smes_nn::NnError),
}

impl CueError {
    /// What to do about it, when there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnsupportedSampleRate { .. } => Some("decode the clip at 16000 Hz".to_owned()),
            Self::Model { .. } => {
                Some("`smes train` with the recipes in recipes/ makes such models".to_owned())
            }
            Self::Nn(error) => error.hint(),
        }
    }
}
