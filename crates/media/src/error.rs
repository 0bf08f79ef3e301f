//! Why a clip could not be read.
//!
//! No variant carries the path, the metadata or ffmpeg's own words: they may name a person. The
//! caller knows which clip it asked for and adds it where that is safe.

use std::io;
use std::time::Duration;

/// An error of [`crate::probe()`], [`crate::decode()`] or [`crate::decode_bytes`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MediaError {
    /// A program this crate calls is not installed.
    #[error("program `{program}` was not found on the path")]
    ToolMissing {
        /// `ffmpeg`, `ffprobe` or `prlimit`.
        program: &'static str,
    },
    /// The file could not be opened or looked at.
    #[error("the clip cannot be opened: {kind}")]
    Unreadable {
        /// What the system said.
        kind: io::ErrorKind,
    },
    /// A folder, device or socket.
    #[error("the clip is not a regular file")]
    NotAFile,
    /// Zero bytes.
    #[error("the clip is empty: 0 bytes")]
    Empty,
    /// More bytes than allowed.
    #[error("the clip has {found} bytes, expected at most {limit}")]
    TooLarge {
        /// Size of the file, in bytes.
        found: u64,
        /// [`crate::Limits::input_bytes`].
        limit: u64,
    },
    /// Longer than allowed, under [`crate::OverLong::Refuse`].
    #[error("the clip is longer than {limit_ms} ms")]
    TooLong {
        /// [`crate::Limits::duration_ms`].
        limit_ms: u64,
    },
    /// The pictures have more pixels than allowed and there is no sound either.
    #[error("the pictures of the clip have more than {limit} pixels")]
    PictureTooLarge {
        /// [`crate::Limits::frame_pixels`].
        limit: u64,
    },
    /// None of the allowed container formats.
    #[error("the file is not a known sound or video format")]
    NotMedia,
    /// A known format of which nothing could be decoded.
    #[error("the clip is damaged: nothing of it could be decoded")]
    Damaged,
    /// It was read more than once, and a later time there was less of it.
    #[error("the clip changed while it was read")]
    Changed,
    /// Subtitles or data only.
    #[error("the clip has neither sound nor pictures")]
    NoStreams,
    /// Reading took too long and was stopped.
    #[error("reading the clip took longer than {wall:?} or its share of processor time")]
    TimedOut {
        /// [`crate::Limits::wall`].
        wall: Duration,
    },
    /// Reading needed more memory than allowed.
    #[error("reading the clip needs more than {limit} bytes of memory")]
    OutOfMemory {
        /// [`crate::Limits::memory_bytes`].
        limit: u64,
    },
    /// The options make no sense.
    #[error("option `{option}` is `{found}`, expected {expected}")]
    InvalidOption {
        /// Name of the field.
        option: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        expected: &'static str,
    },
    /// `ffprobe` printed something else than it documents.
    #[error("`ffprobe` printed something unexpected at `{at}`")]
    UnexpectedProbe {
        /// The field.
        at: &'static str,
    },
    /// The child failed in a way this crate does not know.
    #[error("`{program}` failed with exit code {code:?}")]
    ToolFailed {
        /// Which program.
        program: &'static str,
        /// Its exit code; `None` when a signal ended it.
        code: Option<i32>,
    },
    /// The child could not be started or watched, or the private folder not be written.
    #[error("cannot {action}")]
    System {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

impl MediaError {
    /// What to do about it, when there is something to do.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::ToolMissing { program: "prlimit" } => {
                "install it: `apt install util-linux`".to_owned()
            }
            Self::ToolMissing { .. } => "install it: `apt install ffmpeg`".to_owned(),
            Self::Empty => "record again: the recorder stopped before it wrote anything".to_owned(),
            Self::TooLarge { .. } | Self::TooLong { .. } => {
                "cut the clip into shorter pieces".to_owned()
            }
            Self::PictureTooLarge { .. } => "scale the video down first".to_owned(),
            Self::NotMedia => {
                "expected WebM, MP4, MKV, Ogg, WAV, MP3, FLAC, AAC, AVI, MPEG or the like"
                    .to_owned()
            }
            Self::Changed => "is something still writing to it? read it again".to_owned(),
            Self::Damaged => "was the file copied or recorded completely?".to_owned(),
            Self::TimedOut { .. } | Self::OutOfMemory { .. } => {
                "convert the clip to a plain format first, or raise the limit".to_owned()
            }
            Self::Unreadable {
                kind: io::ErrorKind::NotFound,
            } => "is the path right?".to_owned(),
            _ => return None,
        })
    }

    pub(crate) fn unreadable(error: &io::Error) -> Self {
        Self::Unreadable { kind: error.kind() }
    }
}
