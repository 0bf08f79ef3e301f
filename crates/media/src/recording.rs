//! A clip to be decoded, wherever it is; whole, or piece by piece.

use std::path::Path;

use crate::decode::{Sinks, Watched, decode_to, time_ms};
use crate::probe::probe_source;
use crate::source::Source;
use crate::{Clip, DecodeOptions, Limits, MediaError, Probe, decode, decode_bytes};

/// A picture while it is decoded.
#[derive(Clone, Copy)]
pub struct Picture<'p> {
    /// Width in pixels, after rotation.
    pub width: u32,
    /// Height in pixels, after rotation.
    pub height: u32,
    /// Time from the start of the clip, in milliseconds.
    pub time_ms: u64,
    /// RGB, row by row, `width * height * 3` bytes.
    pub rgb: &'p [u8],
}

/// A clip to be decoded.
#[derive(Clone, Copy)]
pub enum Recording<'r> {
    /// A file.
    File(&'r Path),
    /// What a file holds.
    Bytes(&'r [u8]),
}

impl Recording<'_> {
    fn source(&self, limits: &Limits) -> Result<Source, MediaError> {
        match self {
            Self::File(path) => Source::file(path, limits),
            Self::Bytes(bytes) => Source::bytes(bytes, limits),
        }
    }

    /// Looks at it without decoding it.
    ///
    /// # Errors
    /// As [`crate::probe()`].
    pub fn probe(&self, limits: &Limits) -> Result<Probe, MediaError> {
        probe_source(&self.source(limits)?, limits)
    }

    /// Decodes it whole: [`decode()`] or [`decode_bytes`].
    ///
    /// # Errors
    /// As these.
    pub fn decode(&self, options: &DecodeOptions, limits: &Limits) -> Result<Clip, MediaError> {
        match self {
            Self::File(path) => decode(path, options, limits),
            Self::Bytes(bytes) => decode_bytes(bytes, options, limits),
        }
    }

    /// Decodes it as [`decode()`] and [`decode_bytes`] do, but hands out each picture and each piece of
    /// the sound as it comes and keeps none: memory does not grow with the length. Pictures and sound
    /// come from threads of their own.
    ///
    /// # Errors
    /// As [`decode()`]; pictures and sound may have been handed out before.
    pub fn watch(
        &self,
        options: &DecodeOptions,
        limits: &Limits,
        mut on_picture: impl FnMut(Picture<'_>) + Send,
        mut on_sound: impl FnMut(&[f32]) + Send,
    ) -> Result<Watched, MediaError> {
        let source = self.source(limits)?;
        let mut n_pictures = 0;
        let mut picture = |(width, height), rgb: Vec<u8>| {
            if let Some(video) = options.video {
                let time_ms = time_ms(n_pictures, video);
                on_picture(Picture {
                    width,
                    height,
                    time_ms,
                    rgb: &rgb,
                });
                n_pictures += 1;
            }
        };
        let mut sinks = Sinks {
            picture: &mut picture,
            sound: &mut on_sound,
        };
        decode_to(&source, options, limits, &mut sinks)
    }
}
