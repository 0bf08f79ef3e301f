//! How ffmpeg is asked for the streams of a clip.

use std::ffi::OsString;
use std::path::Path;

use crate::decode::{EXTRA_FRAMES, Wanted, max_frames};
use crate::probe::input_args;
use crate::source::Source;
use crate::{DecodeOptions, Limits, VideoOptions};

/// The first stream of moving pictures, in ffmpeg's words.
pub(crate) const PICTURES: &str = "0:V:0";

/// The arguments of the one run that decodes both streams.
pub(crate) fn arguments(
    source: &Source,
    wanted: Wanted,
    sound_file: Option<&Path>,
    options: &DecodeOptions,
    limits: &Limits,
) -> Vec<OsString> {
    let mut args: Vec<OsString> = Vec::new();
    let mut push = |words: &[&str]| args.extend(words.iter().map(Into::into));
    push(&[
        "-hide_banner",
        "-nostdin",
        "-loglevel",
        "error",
        "-max_alloc",
        "268435456",
    ]);
    push(&[
        "-threads",
        "2",
        "-max_pixels",
        &limits.frame_pixels.to_string(),
    ]);
    // Longer than allowed, to know whether there was more.
    let extra_s = 0.5
        + wanted
            .video
            .map_or(0.0, |video| EXTRA_FRAMES as f64 / video.fps);
    push(&[
        "-t",
        &format!("{:.3}", limits.duration_ms as f64 / 1000.0 + extra_s),
    ]);
    args.extend(input_args(source));
    if let Some(video) = wanted.video {
        args.extend(picture_arguments(video, limits));
    }
    if wanted.audio {
        args.extend(sound_arguments(sound_file, options.sample_rate));
    }
    args
}

/// Pictures leave through standard output.
fn picture_arguments(video: VideoOptions, limits: &Limits) -> Vec<OsString> {
    let (fps, side) = (video.fps, video.max_side);
    let filter = format!(
        "fps={fps}:round=up:start_time=0,scale=w='if(gte(iw,ih),min(iw,{side}),-1)':\
         h='if(gte(iw,ih),-1,min(ih,{side}))':flags=bilinear"
    );
    let frames = (max_frames(video, limits) + EXTRA_FRAMES).to_string();
    let mut args = vec!["-map", PICTURES, "-filter:v", &filter, "-frames:v", &frames];
    args.extend([
        "-c:v",
        "ppm",
        "-pix_fmt",
        "rgb24",
        "-f",
        "image2pipe",
        "-flush_packets",
        "1",
        "pipe:1",
    ]);
    args.into_iter().map(Into::into).collect()
}

/// Sound leaves through a file in memory, or through standard output where that is free.
fn sound_arguments(file: Option<&Path>, sample_rate: u32) -> Vec<OsString> {
    let rate = sample_rate.to_string();
    // `rematrix_maxval` makes the mono mix an average, which cannot clip.
    let filter = format!("aresample={rate}:async=1:first_pts=0:rematrix_maxval=1");
    let mut args = vec![
        "-map",
        "0:a:0",
        "-filter:a",
        &filter,
        "-ac",
        "1",
        "-ar",
        &rate,
    ];
    args.extend(["-c:a", "pcm_f32le", "-f", "f32le"]);
    args.extend(["-flush_packets", "1", "-y"]);
    let mut args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    args.push(file.map_or_else(|| "pipe:1".into(), Into::into));
    args
}
