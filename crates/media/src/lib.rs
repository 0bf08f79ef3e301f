//! Probing and decoding of clips through ffmpeg in a limited subprocess.

mod clip;

pub use clip::{Audio, Clip, Video, VideoFrame};
