//! Probing and decoding of clips through ffmpeg in a limited subprocess.
//!
//! A clip comes from a stranger's browser or from a corpus; either may be hostile. So no decoder
//! is linked into the program: `ffmpeg` and `ffprobe` run as short-lived children, bounded in
//! time, memory, files and output ([`Limits`]), with an empty environment, without network
//! protocols and with a list of plain container formats. What comes back is a [`Clip`]: mono sound
//! and small pictures, both on the clip's own clock, and sentences on what could not be read.
//!
//! ```no_run
//! use smes_media::{DecodeOptions, Limits, decode};
//! # fn main() -> Result<(), smes_media::MediaError> {
//! let clip = decode("hello.webm".as_ref(), &DecodeOptions::audio_only(), &Limits::live())?;
//! println!("{} ms of sound", clip.duration_ms);
//! # Ok(()) }
//! ```

mod arguments;
mod clip;
mod decode;
mod encode;
mod error;
mod limits;
mod live;
mod pcm;
mod ppm;
mod probe;
mod process;
mod recording;
mod source;
mod tools;
mod wav;

pub use clip::{Audio, Clip, Video, VideoFrame};
pub use decode::{DecodeOptions, NO_PICTURES, VideoOptions, Watched, decode, decode_bytes};
pub use error::MediaError;
pub use limits::{Limits, OverLong};
pub use live::{LiveClip, News};
pub use probe::{AudioStream, Probe, VideoStream, parse_probe, probe};
pub use recording::{Picture, Recording};
