//! A decoded clip: sound and pictures in memory, bounded by the decoder's limits.

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
