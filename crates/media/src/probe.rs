//! What a file says it holds, from `ffprobe`.
//!
//! The header of a file is a claim, not a fact: a browser's recorder writes no duration, and a
//! hostile file writes any. Bounds are therefore kept while decoding, never by what is read here.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::process::{self, Outcome, Task};
use crate::source::Source;
use crate::{Limits, MediaError};

/// The containers that are opened. Playlists and scripts (`hls`, `concat`, `dash`, `sdp`), which
/// name other files or addresses, image sequences, devices and the hundreds of game and module
/// formats are not among them.
pub(crate) const FORMATS: &str = "matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,ogg,wav,w64,mp3,flac,aac,\
    avi,mpegts,mpeg,flv,live_flv,asf,aiff,caf,au,amr,amrnb,amrwb,ac3,m4v";
/// Nothing but the named file is opened: no network, no pipe, no nested protocol.
pub(crate) const PROTOCOLS: &str = "file";
const PROBE_BYTES: u64 = 1 << 20;

/// What a file says of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    /// Container, in ffmpeg's names, for example `matroska,webm`.
    pub format: String,
    /// Length in milliseconds, where the header has one.
    pub duration_ms: Option<u64>,
    /// The first sound stream.
    pub audio: Option<AudioStream>,
    /// The first stream of moving pictures; cover pictures do not count.
    pub video: Option<VideoStream>,
}

/// A sound stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioStream {
    /// For example `opus`.
    pub codec: String,
    /// In Hz.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u32,
}

/// A stream of moving pictures.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VideoStream {
    /// For example `vp8`.
    pub codec: String,
    /// Width as stored, before rotation.
    pub width: u32,
    /// Height as stored, before rotation.
    pub height: u32,
    /// Average frames a second, where known.
    pub frame_rate: Option<f64>,
    /// How far a player turns the picture, in degrees, as the file says.
    pub rotation: i32,
}

impl Probe {
    /// Whether a stream lies at the same times whichever others are read with it. ffmpeg's reading of
    /// formats whose times may jump, such as MPEG's transport stream, does not promise that; those in
    /// which most recordings come do.
    pub fn has_steady_times(&self) -> bool {
        let mut names = self.format.split(',');
        names.any(|name| name == "mp4" || name == "matroska")
    }
}

/// Looks at a file without decoding it.
///
/// # Errors
/// Any [`MediaError`] of the file, of the limits or of a missing program. A file with neither sound
/// nor pictures is not an error here.
pub fn probe(source: &Path, limits: &Limits) -> Result<Probe, MediaError> {
    probe_source(&Source::file(source, limits)?, limits)
}

pub(crate) fn probe_source(source: &Source, limits: &Limits) -> Result<Probe, MediaError> {
    let mut args: Vec<OsString> = ["-hide_banner", "-loglevel", "error"]
        .map(Into::into)
        .into();
    args.extend(["-print_format", "json", "-show_format", "-show_streams"].map(Into::into));
    args.extend(input_args(source));
    let task = Task {
        program: "ffprobe",
        args,
        stdin: source.stdin()?,
        file_bytes: 0,
    };
    let outcome = process::run(task, limits, |stdout| {
        let mut json = Vec::new();
        // A broken pipe shows as cut JSON, or in the exit status.
        let _ = stdout.take(PROBE_BYTES).read_to_end(&mut json);
        json
    })?;
    if outcome.status.success() {
        return parse_probe(&outcome.output);
    }
    Err(failure("ffprobe", &outcome, limits))
}

/// Reads what `ffprobe -print_format json -show_format -show_streams` printed.
///
/// # Errors
/// [`MediaError::UnexpectedProbe`] when it is not JSON or lacks the format or the streams. Fields
/// of a stream that are missing or absurd read as unknown or 0: files do say absurd things.
pub fn parse_probe(json: &[u8]) -> Result<Probe, MediaError> {
    let unexpected = |at| MediaError::UnexpectedProbe { at };
    let root: Value = serde_json::from_slice(json).map_err(|_| unexpected("root"))?;
    let format = root["format"]["format_name"]
        .as_str()
        .ok_or_else(|| unexpected("format.format_name"))?;
    let streams = root["streams"]
        .as_array()
        .ok_or_else(|| unexpected("streams"))?;
    Ok(Probe {
        format: format.to_owned(),
        duration_ms: duration_ms(&root["format"]["duration"]),
        audio: streams
            .iter()
            .find(|s| s["codec_type"] == "audio")
            .map(audio_stream),
        video: streams.iter().find(|s| is_moving(s)).map(video_stream),
    })
}

fn is_moving(stream: &Value) -> bool {
    let flag = |name: &str| stream["disposition"][name].as_i64() == Some(1);
    stream["codec_type"] == "video" && !flag("attached_pic") && !flag("timed_thumbnails")
}

fn audio_stream(stream: &Value) -> AudioStream {
    AudioStream {
        codec: text(&stream["codec_name"]),
        sample_rate: number(&stream["sample_rate"]),
        channels: number(&stream["channels"]),
    }
}

fn video_stream(stream: &Value) -> VideoStream {
    let turned = stream["side_data_list"]
        .as_array()
        .and_then(|list| list.iter().find_map(|data| data["rotation"].as_i64()));
    VideoStream {
        codec: text(&stream["codec_name"]),
        width: number(&stream["width"]),
        height: number(&stream["height"]),
        frame_rate: ratio(&stream["avg_frame_rate"]),
        rotation: turned
            .and_then(|turn| i32::try_from(turn).ok())
            .unwrap_or(0),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("unknown").to_owned()
}

/// ffprobe prints some numbers as numbers and some as strings.
fn number(value: &Value) -> u32 {
    let found = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    found.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

fn ratio(value: &Value) -> Option<f64> {
    let (above, below) = value.as_str()?.split_once('/')?;
    let rate = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
    (rate.is_finite() && rate > 0.0).then_some(rate)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be positive and below a hundred years"
)]
fn duration_ms(value: &Value) -> Option<u64> {
    let ms = value.as_str()?.parse::<f64>().ok()? * 1000.0;
    (ms > 0.0 && ms < 3.2e12).then(|| ms.round() as u64)
}

/// The input side of a command line. The prefix `file:` keeps a path such as `concat:a|b` a path.
pub(crate) fn input_args(source: &Source) -> Vec<OsString> {
    let mut named = OsString::from("file:");
    named.push(source.name());
    let mut args: Vec<OsString> = Vec::from(
        [
            "-protocol_whitelist",
            PROTOCOLS,
            "-format_whitelist",
            FORMATS,
            "-i",
        ]
        .map(Into::into),
    );
    args.push(named);
    args
}

/// The error behind a run that gave nothing, from its end and its complaints.
pub(crate) fn failure<T>(
    program: &'static str,
    outcome: &Outcome<T>,
    limits: &Limits,
) -> MediaError {
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| outcome.stderr.contains(phrase));
    if outcome.out_of_time() {
        MediaError::TimedOut { wall: limits.wall }
    } else if says(&[
        "Cannot allocate memory",
        "error while loading shared",
        "pthread_create",
    ]) {
        MediaError::OutOfMemory {
            limit: limits.memory_bytes,
        }
    } else if says(&["exceeds specified max pixel count", "Picture size"]) {
        MediaError::PictureTooLarge {
            limit: limits.frame_pixels,
        }
    } else if says(&["moov atom not found", "End of file"]) {
        MediaError::Damaged
    } else if says(&[
        "Format not on whitelist",
        "Invalid data found when processing input",
    ]) {
        MediaError::NotMedia
    } else if says(&["does not contain any stream", "matches no streams"]) {
        MediaError::NoStreams
    } else {
        MediaError::ToolFailed {
            program,
            code: outcome.status.code(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PHONE: &str = r#"{"streams": [
        {"codec_type": "video", "codec_name": "mjpeg", "disposition": {"attached_pic": 1}},
        {"codec_type": "video", "codec_name": "h264", "width": 1280, "height": 720,
         "avg_frame_rate": "30000/1001", "side_data_list": [{"rotation": -90}]},
        {"codec_type": "audio", "codec_name": "aac", "sample_rate": "48000", "channels": 2}],
        "format": {"format_name": "mov,mp4", "duration": "12.345600"}}"#;

    #[test]
    fn reads_a_phone_clip_and_skips_its_cover() {
        let probe = parse_probe(PHONE.as_bytes()).unwrap();
        let video = probe.video.unwrap();
        assert_eq!(
            (video.width, video.height, video.rotation),
            (1280, 720, -90)
        );
        assert!((video.frame_rate.unwrap() - 29.97).abs() < 0.01);
        let audio = probe.audio.unwrap();
        assert_eq!((audio.sample_rate, audio.channels), (48_000, 2));
        assert_eq!(probe.duration_ms, Some(12_346));
    }

    #[test]
    fn a_recorder_that_writes_no_duration_is_fine_and_absurd_numbers_are_unknown() {
        let json = r#"{"streams": [{"codec_type": "video", "width": -4, "avg_frame_rate": "0/0"}],
            "format": {"format_name": "webm", "duration": "1e99"}}"#;
        let probe = parse_probe(json.as_bytes()).unwrap();
        let video = probe.video.unwrap();
        assert_eq!((video.width, video.frame_rate), (0, None));
        assert_eq!((probe.duration_ms, probe.audio), (None, None));
    }

    #[test]
    fn names_the_field_that_is_missing() {
        let at = |json: &str| match parse_probe(json.as_bytes()).unwrap_err() {
            MediaError::UnexpectedProbe { at } => at,
            other => panic!("{other}"),
        };
        assert_eq!(at("{"), "root");
        assert_eq!(at("[]"), "format.format_name");
        assert_eq!(
            at(r#"{"format": {"format_name": "wav"}, "streams": {}}"#),
            "streams"
        );
    }

    fn json_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[-0-9./e]{0,12}".prop_map(Value::from),
            prop_oneof![Just("audio"), Just("video")].prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 48, 8, |inner| {
            let key = prop::sample::select(vec![
                "format",
                "streams",
                "format_name",
                "duration",
                "codec_type",
                "codec_name",
                "width",
                "sample_rate",
                "avg_frame_rate",
                "side_data_list",
                "rotation",
                "disposition",
            ]);
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((key, inner), 0..6).prop_map(|pairs| {
                    pairs
                        .into_iter()
                        .map(|(k, v)| (k.to_owned(), v))
                        .collect::<Value>()
                }),
            ]
        })
    }

    proptest! {
        #[test]
        fn never_panics_on_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_probe(&bytes);
        }

        #[test]
        fn any_json_is_read_or_refused_and_what_is_read_is_sane(stream in json_value(), format in json_value(), name in "[a-z]{1,5}") {
            let root = serde_json::json!({"streams": [stream, {"codec_type": "audio"}], "format": {"format_name": name, "duration": format}});
            let probe = parse_probe(root.to_string().as_bytes()).unwrap();
            prop_assert!(probe.audio.is_some());
            prop_assert!(probe.video.is_none_or(|v| v.frame_rate.is_none_or(f64::is_finite)));
        }
    }
}
