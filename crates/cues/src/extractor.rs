//! The trait behind which everything that reads voice or face stands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use smes_dialogue::{Cue, Extractor};
use smes_media::{Clip, DecodeOptions, Limits, MediaError, Recording};

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

    /// Reads the clip. `baseline` is the running picture of this speaker's usual voice and face; it is
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

    /// Decodes a recording and reads it. An extractor that can watch the pictures as they come does so
    /// here, so that memory does not grow with their number.
    ///
    /// # Errors
    /// [`CueError::Media`] when nothing can be decoded, and as for [`CueExtractor::extract`].
    fn read(
        &self,
        recording: Recording<'_>,
        limits: &Limits,
        baseline: &mut SpeakerBaseline,
    ) -> Result<ReadClip, CueError> {
        let started = Instant::now();
        let clip = recording.decode(&self.wants(), limits)?;
        let decoding = started.elapsed();
        Ok(ReadClip {
            cue: self.extract(&clip, baseline)?,
            duration_ms: clip.duration_ms,
            limits: clip.limits,
            decoding,
        })
    }

    /// Begins to read a recording that goes on, where it can.
    fn follow(self: Arc<Self>) -> Option<Box<dyn Follower>> {
        None
    }
}

/// What came of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadClip {
    /// What was heard and seen.
    pub cue: Cue,
    /// Length of what was decoded, in milliseconds.
    pub duration_ms: u64,
    /// What could not be decoded and why, in plain words.
    pub limits: Vec<String>,
    /// How long decoding took, with what was done meanwhile.
    pub decoding: Duration,
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
    /// Nothing could be decoded.
    #[error(transparent)]
    Media(#[from] MediaError),
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
            Self::Media(error) => error.hint(),
            Self::Nn(error) => error.hint(),
        }
    }
}
