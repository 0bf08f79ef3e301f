//! From a file to sound and pictures in memory.
//!
//! One `ffmpeg` process decodes both streams in one pass: pictures leave through its standard
//! output as PPM, sound through a pipe (through the output when no pictures are asked for). Both
//! are handed out as they come, so that whoever watches need not keep them. Both keep the clip's clock, whose zero is the earliest time stamp of the file:
//! sound that begins late or has holes is filled with silence, and pictures are picked by the
//! `fps` filter at fixed instants, so that picture `n` is what a player shows at
//! `n / fps` seconds, whatever the frame rate of the file and however it varies.
//! Rotation is applied by ffmpeg itself.

use std::io::{self, BufReader};
use std::panic::resume_unwind;
use std::path::Path;
use std::process::ChildStdout;
use std::thread;

use crate::arguments::{PICTURES, arguments};
use crate::pcm::read_samples;
use crate::ppm::{Pictures, read_pictures};
use crate::probe::{failure, probe_source};
use crate::process::{self, Outcome, Task};
use crate::source::{Funnel, Source};
use crate::{Audio, Clip, Limits, MediaError, OverLong, Video, VideoFrame};

/// Pictures asked for beyond the limit, to know whether there were more: a clip that ends just at
/// the limit may give one by rounding, so two tell.
pub(crate) const EXTRA_FRAMES: usize = 2;
/// What a clip without pictures says where they were wanted.
pub const NO_PICTURES: &str = "the clip has no pictures";

/// What to decode.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodeOptions {
    /// Samples a second of the sound, `8_000..=48_000`.
    pub sample_rate: u32,
    /// Pictures, when they are wanted.
    pub video: Option<VideoOptions>,
}

/// Which pictures to decode.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VideoOptions {
    /// Pictures a second, `0.1..=60`.
    pub fps: f64,
    /// Longest side in pixels, `16..=4096`; larger pictures are scaled down, smaller ones kept.
    pub max_side: u32,
}

impl DecodeOptions {
    /// 16 kHz sound and no pictures.
    pub const fn audio_only() -> Self {
        Self {
            sample_rate: 16_000,
            video: None,
        }
    }

    pub(crate) fn check(&self) -> Result<(), MediaError> {
        let invalid = |option, found: String, expected| {
            Err(MediaError::InvalidOption {
                option,
                found,
                expected,
            })
        };
        if !(8_000..=48_000).contains(&self.sample_rate) {
            return invalid("sample_rate", self.sample_rate.to_string(), "8000 to 48000");
        }
        match self.video {
            Some(video) if !(0.1..=60.0).contains(&video.fps) => {
                invalid("fps", video.fps.to_string(), "0.1 to 60")
            }
            Some(video) if !(16..=4096).contains(&video.max_side) => {
                invalid("max_side", video.max_side.to_string(), "16 to 4096")
            }
            _ => Ok(()),
        }
    }
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self::audio_only()
    }
}

/// Decodes a file.
///
/// A clip without sound or without pictures, a damaged one and (under [`OverLong::Cut`]) a long one
/// give what there is, with a sentence each in [`Clip::limits`].
///
/// # Errors
/// Any [`MediaError`], when nothing at all can be given.
pub fn decode(source: &Path, options: &DecodeOptions, limits: &Limits) -> Result<Clip, MediaError> {
    decode_source(&Source::file(source, limits)?, options, limits)
}

/// Decodes a clip held in memory, for example one that a browser recorded; it is not written to a
/// disk.
///
/// # Errors
/// As [`decode`].
pub fn decode_bytes(
    bytes: &[u8],
    options: &DecodeOptions,
    limits: &Limits,
) -> Result<Clip, MediaError> {
    decode_source(&Source::bytes(bytes, limits)?, options, limits)
}

/// Decodes and keeps what comes; of the pictures as many as fit in memory.
fn decode_source(
    source: &Source,
    options: &DecodeOptions,
    limits: &Limits,
) -> Result<Clip, MediaError> {
    let (mut pictures, mut samples) = (Pictures::default(), Vec::new());
    let bounded = kept_in_memory(options, limits);
    let mut sinks = Sinks {
        picture: &mut |size, rgb| pictures.keep(size, rgb),
        sound: &mut |piece| samples.extend_from_slice(piece),
    };
    let watched = decode_to(source, options, &bounded, &mut sinks)?;
    Ok(clip(watched, samples, pictures, options))
}

/// What was decoded, and what was kept of it.
pub(crate) fn clip(
    watched: Watched,
    samples: Vec<f32>,
    pictures: Pictures,
    options: &DecodeOptions,
) -> Clip {
    Clip {
        duration_ms: watched.duration_ms,
        audio: (!samples.is_empty()).then_some(Audio {
            samples,
            sample_rate: options.sample_rate,
        }),
        video: options
            .video
            .and_then(|video| on_the_clock(pictures, video)),
        limits: watched.limits,
    }
}

/// The limits where all pictures are kept: as many as fit in the memory that is allowed.
pub(crate) fn kept_in_memory(options: &DecodeOptions, limits: &Limits) -> Limits {
    let by_memory = |video: VideoOptions| {
        let largest = u64::from(video.max_side).pow(2) * 3;
        usize::try_from(limits.video_bytes / largest).unwrap_or(usize::MAX)
    };
    Limits {
        frames: limits.frames.min(options.video.map_or(0, by_memory)),
        ..limits.clone()
    }
}

/// Where goes what is decoded, as it comes.
pub(crate) struct Sinks<'s> {
    /// Pictures: their width and height, and their bytes.
    pub(crate) picture: &'s mut (dyn FnMut((u32, u32), Vec<u8>) + Send),
    /// Pieces of the sound.
    pub(crate) sound: &'s mut (dyn FnMut(&[f32]) + Send),
}

/// What was decoded of a clip while it was watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    /// Length in milliseconds.
    pub duration_ms: u64,
    /// What could not be read and why, in plain words.
    pub limits: Vec<String>,
}

pub(crate) fn decode_to(
    source: &Source,
    options: &DecodeOptions,
    limits: &Limits,
    sinks: &mut Sinks<'_>,
) -> Result<Watched, MediaError> {
    options.check()?;
    let wanted = Wanted {
        audio: true,
        video: options.video,
    };
    let first = attempt(source, wanted, options, limits, sinks)?;
    if !first.is_empty() {
        return finish(first, wanted, options, limits);
    }
    if first.lacks_pictures {
        return sound_alone(source, options, limits, sinks);
    }
    // Nothing came. Often one of the streams is absent, which ffmpeg refuses as a whole: ask what
    // there is and decode that alone.
    let error = first.error;
    let found = match error {
        MediaError::NoStreams | MediaError::PictureTooLarge { .. } => probe_source(source, limits)?,
        error => return Err(error),
    };
    let too_large = matches!(error, MediaError::PictureTooLarge { .. });
    let narrower = Wanted {
        audio: found.audio.is_some(),
        video: options
            .video
            .filter(|_| found.video.is_some() && !too_large),
    };
    if narrower.is_nothing() && found.video.is_some() && !too_large {
        // Pictures exist but were not asked for.
        return Ok(pictures_only(&found));
    }
    if narrower.is_nothing() {
        return Err(error);
    }
    let mut second = attempt(source, narrower, options, limits, sinks)?;
    if second.is_empty() {
        return Err(second.error);
    }
    if too_large {
        second
            .says
            .push("the pictures are too large to be read".to_owned());
    } else if options.video.is_some() && found.video.is_none() {
        second.says.push(NO_PICTURES.to_owned());
    }
    if found.audio.is_none() {
        second.says.push("the clip has no sound".to_owned());
    }
    finish(second, narrower, options, limits)
}

/// The sound of a clip that has no pictures though they were wanted: what most voice messages are, so
/// they are not probed first. (An ffmpeg that words it otherwise costs a probe.)
fn sound_alone(
    source: &Source,
    options: &DecodeOptions,
    limits: &Limits,
    sinks: &mut Sinks<'_>,
) -> Result<Watched, MediaError> {
    let wanted = Wanted {
        audio: true,
        video: None,
    };
    let mut second = attempt(source, wanted, options, limits, sinks)?;
    if second.is_empty() {
        return Err(second.error);
    }
    second.says.push(NO_PICTURES.to_owned());
    finish(second, wanted, options, limits)
}

/// Which streams to ask for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) audio: bool,
    pub(crate) video: Option<VideoOptions>,
}

impl Wanted {
    pub(crate) fn is_nothing(self) -> bool {
        !self.audio && self.video.is_none()
    }
}

/// What one run of ffmpeg gave.
pub(crate) struct Attempt {
    /// Samples there were, one more than allowed at most.
    n_samples: usize,
    /// Pictures there were, [`EXTRA_FRAMES`] more than allowed at most.
    n_pictures: usize,
    says: Vec<String>,
    /// Whether ffmpeg refused because pictures were asked for and there are none.
    lacks_pictures: bool,
    /// The error to report should this be all.
    pub(crate) error: MediaError,
}

impl Attempt {
    pub(crate) fn is_empty(&self) -> bool {
        self.n_samples == 0 && self.n_pictures == 0
    }
}

/// Runs ffmpeg once and hands out what it decodes.
pub(crate) fn attempt(
    source: &Source,
    wanted: Wanted,
    options: &DecodeOptions,
    limits: &Limits,
    sinks: &mut Sinks<'_>,
) -> Result<Attempt, MediaError> {
    let most = max_samples(options, limits);
    let task = |sound: Option<&Funnel>| {
        let name = sound.map(Funnel::name);
        Ok(Task {
            program: "ffmpeg",
            args: arguments(source, wanted, name.as_deref(), options, limits),
            stdin: source.stdin()?,
            file_bytes: 0,
        })
    };
    let outcome = match wanted.video {
        None => process::run(task(None)?, limits, |stdout| {
            (read_samples(stdout, most, &mut sinks.sound), 0)
        })?,
        Some(video) => {
            let (funnel, mut sound) = Funnel::new()?;
            let (task, on_sound) = (task(Some(&funnel))?, &mut sinks.sound);
            thread::scope(|scope| {
                let listening = scope.spawn(move || {
                    let n_samples = read_samples(&mut sound, most, on_sound);
                    // What is too long is read too, or ffmpeg would wait. A pipe that breaks ends it.
                    let _ = io::copy(&mut sound, &mut io::sink());
                    n_samples
                });
                let outcome = process::run(task, limits, |stdout| {
                    hand_out_pictures(stdout, video, limits, sinks.picture)
                });
                drop(funnel);
                // What is heard may be listened to by others' code.
                let n_samples = listening
                    .join()
                    .unwrap_or_else(|fault| resume_unwind(fault));
                Ok(outcome?.with(|n_pictures| (n_samples, n_pictures)))
            })?
        }
    };
    let (n_samples, n_pictures) = outcome.output;
    Ok(Attempt {
        n_samples,
        n_pictures,
        says: complaints(&outcome),
        lacks_pictures: outcome
            .stderr
            .contains(&format!("'{PICTURES}' matches no streams")),
        error: failure("ffmpeg", &outcome, limits),
    })
}

/// Hands out as many pictures as are allowed; of those beyond, reads as many as it takes to know that
/// there were more. Returns how many there were.
fn hand_out_pictures(
    stdout: &mut ChildStdout,
    video: VideoOptions,
    limits: &Limits,
    on_picture: &mut (dyn FnMut((u32, u32), Vec<u8>) + Send),
) -> usize {
    let (most, mut n_handed) = (max_frames(video, limits), 0);
    let mut buffered = BufReader::with_capacity(256 << 10, stdout);
    let hand_out = |size, rgb| {
        if n_handed < most {
            n_handed += 1;
            on_picture(size, rgb);
        }
    };
    read_pictures(
        &mut buffered,
        most + EXTRA_FRAMES,
        limits.video_bytes,
        hand_out,
    )
}

fn complaints<T>(outcome: &Outcome<T>) -> Vec<String> {
    let says = if outcome.out_of_time() {
        "reading took too long and was stopped: the end of the clip is missing"
    } else if !outcome.status.success() || outcome.stderr.contains("nvalid data") {
        "part of the clip is damaged: what could be read was used"
    } else {
        return Vec::new();
    };
    vec![says.to_owned()]
}

/// Bounds what was read, and says what there was.
pub(crate) fn finish(
    attempt: Attempt,
    wanted: Wanted,
    options: &DecodeOptions,
    limits: &Limits,
) -> Result<Watched, MediaError> {
    let most_samples = max_samples(options, limits);
    let allowed = wanted.video.map_or(0, |video| max_frames(video, limits));
    let by_time = wanted
        .video
        .map_or(0, |video| frames_in(limits.duration_ms, video));
    let mut says = attempt.says;
    let frames = attempt.n_pictures;
    if attempt.n_samples > most_samples || frames > by_time + 1 {
        if limits.over_long == OverLong::Refuse {
            return Err(MediaError::TooLong {
                limit_ms: limits.duration_ms,
            });
        }
        let seconds = limits.duration_ms as f64 / 1000.0;
        says.push(format!("only the first {seconds} s of the clip were read"));
    } else if frames > allowed && allowed < by_time {
        says.push(format!("only the first {allowed} pictures were read"));
    }
    let n_samples = attempt.n_samples.min(most_samples);
    let n_pictures = attempt.n_pictures.min(allowed);
    if wanted.audio && n_samples == 0 {
        says.push("the sound of the clip could not be read".to_owned());
    }
    if wanted.video.is_some() && n_pictures == 0 {
        says.push("the pictures of the clip could not be read".to_owned());
    }
    let audio_ms = n_samples as u64 * 1000 / u64::from(options.sample_rate);
    // The last picture lasts until the sound ends, or for one step where there is no sound.
    let n_shown = n_pictures.saturating_sub(usize::from(n_samples > 0));
    let video_ms = wanted.video.map_or(0, |video| time_ms(n_shown, video));
    Ok(Watched {
        duration_ms: audio_ms.max(video_ms),
        limits: says,
    })
}

pub(crate) fn on_the_clock(pictures: Pictures, video: VideoOptions) -> Option<Video> {
    let frames: Vec<_> = pictures
        .frames
        .into_iter()
        .enumerate()
        .map(|(n, rgb)| VideoFrame {
            time_ms: time_ms(n, video),
            rgb,
        })
        .collect();
    (!frames.is_empty()).then_some(Video {
        width: pictures.width,
        height: pictures.height,
        frames,
    })
}

/// A clip of which only pictures could be read, and they were not wanted.
fn pictures_only(found: &crate::Probe) -> Watched {
    Watched {
        duration_ms: found.duration_ms.unwrap_or(0),
        limits: vec!["the clip has no sound".to_owned()],
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a frame number over a frame rate of at least 0.1 is positive and small"
)]
pub(crate) fn time_ms(frame: usize, video: VideoOptions) -> u64 {
    (frame as f64 * 1000.0 / video.fps).round() as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a duration times a frame rate of at most 60 is positive and small"
)]
fn frames_in(duration_ms: u64, video: VideoOptions) -> usize {
    (duration_ms as f64 / 1000.0 * video.fps).ceil() as usize
}

fn max_samples(options: &DecodeOptions, limits: &Limits) -> usize {
    let samples = limits
        .duration_ms
        .saturating_mul(u64::from(options.sample_rate))
        / 1000;
    usize::try_from(samples).unwrap_or(usize::MAX)
}

/// As many pictures as the limits on time and number allow.
pub(crate) fn max_frames(video: VideoOptions, limits: &Limits) -> usize {
    limits.frames.min(frames_in(limits.duration_ms, video))
}
