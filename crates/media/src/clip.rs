//! A decoded clip: sound and pictures in memory, bounded by the decoder's limits.
//!
//! A clip shows a person, so `Debug` tells its size and never its contents.

use std::fmt;

/// Mono sound.
#[derive(Clone, PartialEq)]
pub struct Audio {
    /// Samples in `-1..=1`.
    pub samples: Vec<f32>,
    /// Samples a second; 16,000 unless asked otherwise.
    pub sample_rate: u32,
}

/// One picture.
#[derive(Clone, PartialEq, Eq)]
pub struct VideoFrame {
    /// Time from the start of the clip, in milliseconds.
    pub time_ms: u64,
    /// RGB, row by row, `width * height * 3` bytes.
    pub rgb: Vec<u8>,
}

/// Pictures of one size, in time order.
#[derive(Clone, PartialEq, Eq)]
pub struct Video {
    /// Width in pixels, after rotation.
    pub width: u32,
    /// Height in pixels, after rotation.
    pub height: u32,
    /// The frames.
    pub frames: Vec<VideoFrame>,
}

/// What was decoded of a clip.
#[derive(Clone, PartialEq)]
pub struct Clip {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// The sound, when there is any.
    pub audio: Option<Audio>,
    /// The pictures, when there are any and they were asked for.
    pub video: Option<Video>,
    /// What could not be read and why, in plain words.
    pub limits: Vec<String>,
}

impl fmt::Debug for Audio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audio")
            .field("n_samples", &self.samples.len())
            .field("sample_rate", &self.sample_rate)
            .finish()
    }
}

impl fmt::Debug for VideoFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoFrame")
            .field("time_ms", &self.time_ms)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Video {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Video")
            .field("width", &self.width)
            .field("height", &self.height)
            .field("n_frames", &self.frames.len())
            .finish()
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clip")
            .field("duration_ms", &self.duration_ms)
            .field("audio", &self.audio)
            .field("video", &self.video)
            .field("limits", &self.limits)
            .finish()
    }
}
