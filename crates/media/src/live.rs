//! A clip that is decoded while it is being recorded.
//!
//! One `ffmpeg` process, under the same limits as for a whole clip, reads the pieces of the recording
//! from a pipe as they come. What it has decoded so far can be taken at any time ([`LiveClip::news`]);
//! after the last piece only the rest is left to do ([`LiveClip::finish`]).

use std::io::Write;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::decode::{Sinks, Wanted, attempt, clip, finish, kept_in_memory, time_ms};
use crate::ppm::Pictures;
use crate::source::Source;
use crate::{Clip, DecodeOptions, Limits, MediaError, Video, VideoFrame, VideoOptions};

/// What was decoded since it was last asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct News {
    /// Sound at the sample rate asked for, following what was given before.
    pub samples: Vec<f32>,
    /// Pictures, following those that were given before.
    pub video: Option<Video>,
}

/// A recording that goes on.
pub struct LiveClip {
    pieces: Option<Sender<Vec<u8>>>,
    so_far: Arc<SoFar>,
    job: JoinHandle<Result<Clip, MediaError>>,
    n_bytes: u64,
    most_bytes: u64,
}

impl LiveClip {
    /// Starts the decoder. `has_sound` and `options.video` say what the recording will hold: a stream
    /// that is asked for and never comes makes [`LiveClip::finish`] fail.
    ///
    /// The recording may take as long as `limits.duration_ms` allows, on top of `limits.wall`.
    ///
    /// # Errors
    /// [`MediaError::InvalidOption`], [`MediaError::System`]. A decoder that is missing or fails is
    /// reported by [`LiveClip::finish`].
    pub fn start(
        has_sound: bool,
        options: &DecodeOptions,
        limits: &Limits,
    ) -> Result<Self, MediaError> {
        options.check()?;
        let wanted = Wanted {
            audio: has_sound,
            video: options.video,
        };
        if wanted.is_nothing() {
            return Err(MediaError::NoStreams);
        }
        let system = |source| MediaError::System {
            action: "begin to decode a recording",
            source,
        };
        let (reader, writer) = std::io::pipe().map_err(system)?;
        let (pieces, coming) = mpsc::channel::<Vec<u8>>();
        thread::Builder::new()
            .name("recording".to_owned())
            .spawn(move || pour(&coming, writer))
            .map_err(system)?;
        let so_far = Arc::new(SoFar::new(options.video));
        let (options, most_bytes) = (options.clone(), limits.input_bytes);
        let limits = Limits {
            wall: limits.wall + Duration::from_millis(limits.duration_ms),
            ..kept_in_memory(&options, limits)
        };
        let watcher = Arc::clone(&so_far);
        let work = move || {
            let source = Source::Coming(reader);
            let (mut kept, mut samples) = (Pictures::default(), Vec::new());
            let mut sinks = Sinks {
                picture: &mut |size, rgb| {
                    watcher.state().pictures.keep(size, rgb.clone());
                    kept.keep(size, rgb);
                },
                sound: &mut |piece| {
                    watcher.state().samples.extend_from_slice(piece);
                    samples.extend_from_slice(piece);
                },
            };
            let done = attempt(&source, wanted, &options, &limits, &mut sinks)?;
            if done.is_empty() {
                return Err(done.error);
            }
            let watched = finish(done, wanted, &options, &limits)?;
            Ok(clip(watched, samples, kept, &options))
        };
        let job = thread::Builder::new()
            .name("decoding".to_owned())
            .spawn(work)
            .map_err(system)?;
        Ok(Self {
            pieces: Some(pieces),
            so_far,
            job,
            n_bytes: 0,
            most_bytes,
        })
    }

    /// Hands over the next piece; it is never waited for. Pieces beyond the limit on bytes are
    /// left out, and [`LiveClip::finish`] then fails.
    pub fn feed(&mut self, piece: Vec<u8>) {
        self.n_bytes += piece.len() as u64;
        if let (Some(pieces), true) = (&self.pieces, self.n_bytes <= self.most_bytes) {
            // A decoder that has ended early reports it by itself.
            let _ = pieces.send(piece);
        }
    }

    /// Bytes handed over so far.
    pub fn n_bytes(&self) -> u64 {
        self.n_bytes
    }

    /// What was decoded since the last call.
    pub fn news(&self) -> News {
        self.so_far.take()
    }

    /// Waits for the decoder to come to the end of what was handed over.
    ///
    /// # Errors
    /// As [`crate::decode()`]. A stream that was announced and is not there is such an error: the bytes
    /// may still be decoded as a whole.
    pub fn finish(mut self) -> Result<Clip, MediaError> {
        self.pieces = None;
        if self.n_bytes > self.most_bytes {
            return Err(MediaError::TooLarge {
                found: self.n_bytes,
                limit: self.most_bytes,
            });
        }
        self.job.join().unwrap_or_else(|_| {
            Err(MediaError::System {
                action: "decode a recording",
                source: std::io::Error::other("its thread panicked"),
            })
        })
    }
}

/// Writes pieces into the pipe until there are no more, or nobody reads them.
fn pour(coming: &mpsc::Receiver<Vec<u8>>, mut pipe: std::io::PipeWriter) {
    for piece in coming {
        if pipe.write_all(&piece).is_err() {
            return;
        }
    }
}

/// What the decoder gave so far and nobody took yet.
struct SoFar {
    video: Option<VideoOptions>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    samples: Vec<f32>,
    pictures: Pictures,
    n_seen: usize,
}

impl SoFar {
    fn new(video: Option<VideoOptions>) -> Self {
        Self {
            video,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> News {
        let mut state = self.state();
        News {
            samples: std::mem::take(&mut state.samples),
            video: self.video.and_then(|video| state.take_pictures(video)),
        }
    }
}

impl State {
    fn take_pictures(&mut self, video: VideoOptions) -> Option<Video> {
        let first = self.n_seen;
        let frames: Vec<VideoFrame> = std::mem::take(&mut self.pictures.frames)
            .into_iter()
            .enumerate()
            .map(|(n, rgb)| VideoFrame {
                time_ms: time_ms(first + n, video),
                rgb,
            })
            .collect();
        self.n_seen += frames.len();
        (!frames.is_empty()).then_some(Video {
            width: self.pictures.width,
            height: self.pictures.height,
            frames,
        })
    }
}
