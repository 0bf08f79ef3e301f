//! The trait behind which everything that reads voice or face stands.

use std::sync::Arc;

use smes_dialogue::{Cue, Extractor};
use smes_media::{Clip, DecodeOptions};

use crate::{Follower, SpeakerBaseline};

/// Derives a cue from a clip.
pub trait CueExtractor: Send + Sync {
    /// Name and version, as written into cues.
    fn id(&self) -> Extractor;

    /// The other machine that clips are sent to, if they leave this one.
    fn sends_to(&self) -> Option<&str> {
        None
    }

    /// What it reads of a clip, to be decoded for it.
    fn wants(&self) -> DecodeOptions {
        DecodeOptions::audio_only()
    }

    /// Reads the clip. `baseline` is the running picture of this speaker's usual voice; it is
    /// read to describe the clip relative to it and then updated with the clip.
    ///
    /// A clip in which little can be read (silence, no sound track) is not an error: the cue says
    /// in `limits` what is missing.
    ///
    /// # Errors
    /// When the extractor itself fails.
    fn extract(&self, clip: &Clip, baseline: &mut SpeakerBaseline) -> Result<Cue, CueError>;

    /// Updates `baseline` with the clip as [`CueExtractor::extract`] does, where the cue is known
    /// already.
    ///
    /// # Errors
    /// As for [`CueExtractor::extract`].
    fn remember(&self, clip: &Clip, baseline: &mut SpeakerBaseline) -> Result<(), CueError> {
        self.extract(clip, baseline).map(drop)
    }

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
    /// A server that sees or hears gave no answer.
    #[error(transparent)]
    Endpoint(#[from] smes_endpoint::EndpointError),
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
            Self::Endpoint(error) => error.hint(),
            Self::Nn(error) => error.hint(),
        }
    }
}
