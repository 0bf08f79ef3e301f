//! The running picture of how a speaker usually sounds.

/// Running statistics of a speaker's features over the clips heard so far.
#[derive(Debug, Clone, Default)]
pub struct SpeakerBaseline {}
