//! How much of the machine one clip may take.

use std::time::Duration;

/// What happens with a clip that is longer than [`Limits::duration_ms`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverLong {
    /// The beginning is kept and `Clip::limits` says so: a person who talked long is still heard.
    Cut,
    /// [`crate::MediaError::TooLong`]: a study must not analyse half a clip in silence.
    Refuse,
}

/// Bounds of one probe or decode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wall-clock time of one child process, after which it is killed.
    pub wall: Duration,
    /// Processor time of one child process, in seconds, over all its threads.
    pub cpu_seconds: u64,
    /// Address space of one child process, in bytes. ffmpeg maps about 400 MiB of libraries and
    /// thread stacks before it reads a byte, so less than 768 MiB refuses ordinary clips.
    pub memory_bytes: u64,
    /// Size of the file, in bytes.
    pub input_bytes: u64,
    /// Length of the decoded clip, in milliseconds.
    pub duration_ms: u64,
    /// What to do beyond `duration_ms`.
    pub over_long: OverLong,
    /// Number of decoded pictures.
    pub frames: usize,
    /// Pixels of one picture in the file, before scaling.
    pub frame_pixels: u64,
    /// Memory of all decoded pictures together, in bytes.
    pub video_bytes: u64,
}

impl Limits {
    /// For a clip that a person just recorded: they wait, and many may be waiting.
    pub const fn live() -> Self {
        Self {
            wall: Duration::from_secs(10),
            cpu_seconds: 20,
            memory_bytes: 1536 << 20,
            input_bytes: 64 << 20,
            duration_ms: 120_000,
            over_long: OverLong::Cut,
            frames: 1_200,
            frame_pixels: 4096 * 2304,
            video_bytes: 256 << 20,
        }
    }

    /// For the recordings of a corpus: nobody waits, and nothing may be cut in silence.
    pub const fn corpus() -> Self {
        Self {
            wall: Duration::from_mins(15),
            cpu_seconds: 1_800,
            memory_bytes: 4 << 30,
            input_bytes: 8 << 30,
            duration_ms: 2 * 3_600_000,
            over_long: OverLong::Refuse,
            frames: 60_000,
            frame_pixels: 8192 * 4320,
            video_bytes: 2 << 30,
        }
    }
}
