//! Clips of which only a part can be had.

use std::time::Duration;

use smes_media::{DecodeOptions, Limits, MediaError, OverLong, decode, decode_bytes};

use crate::{Clips, PICTURES, TONE, cut, with_pictures};

#[test]
fn a_clip_without_sound_gives_its_pictures_and_says_so() {
    let clips = Clips::new();
    let path = clips.make(
        "mute.mp4",
        &format!("{PICTURES} -c:v libx264 -preset ultrafast"),
    );
    let clip = decode(&path, &with_pictures(5.0, 160), &Limits::live()).unwrap();
    assert!(clip.audio.is_none());
    assert_eq!(clip.video.unwrap().frames.len(), 10);
    assert_eq!(clip.limits, ["the clip has no sound"]);
    let clip = decode(&path, &DecodeOptions::audio_only(), &Limits::live()).unwrap();
    assert!(clip.audio.is_none() && clip.video.is_none());
    assert_eq!(clip.limits, ["the clip has no sound"]);
    assert_eq!(clip.duration_ms, 2_000);
}

#[test]
fn a_clip_without_pictures_gives_its_sound_and_says_so_only_when_asked() {
    let clips = Clips::new();
    let path = clips.make("voice.ogg", &format!("{TONE} -c:a libopus"));
    let clip = decode(&path, &with_pictures(5.0, 160), &Limits::live()).unwrap();
    assert!(clip.audio.is_some() && clip.video.is_none());
    assert_eq!(clip.limits, ["the clip has no pictures"]);
    let clip = decode(&path, &DecodeOptions::audio_only(), &Limits::live()).unwrap();
    assert_eq!(clip.limits, [""; 0]);
}

#[test]
fn a_recording_that_breaks_off_gives_its_beginning() {
    let clips = Clips::new();
    let path = clips.make(
        "a.webm",
        &format!("{PICTURES} {TONE} -c:v libvpx -deadline realtime -c:a libopus"),
    );
    let clip = decode_bytes(&cut(&path, 0.6), &with_pictures(5.0, 160), &Limits::live()).unwrap();
    assert!(
        (600..1_900).contains(&clip.duration_ms),
        "{}",
        clip.duration_ms
    );
    assert!(clip.audio.is_some() && clip.video.is_some());
}

#[test]
fn an_mp4_cut_before_its_index_is_damaged() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mp4",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a aac"),
    );
    let error =
        decode_bytes(&cut(&path, 0.5), &with_pictures(5.0, 160), &Limits::live()).unwrap_err();
    assert!(matches!(error, MediaError::Damaged), "{error}");
}

#[test]
fn garbage_in_the_middle_is_said_and_the_rest_is_used() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mp4",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a aac -movflags faststart"),
    );
    let mut bytes = fs_err::read(&path).unwrap();
    let n = bytes.len();
    for (i, byte) in bytes[n / 2..n * 3 / 4].iter_mut().enumerate() {
        *byte = u8::try_from(i * 37 % 251).unwrap();
    }
    let clip = decode_bytes(&bytes, &with_pictures(5.0, 160), &Limits::live()).unwrap();
    assert!(clip.audio.is_some());
    assert_eq!(
        clip.limits,
        ["part of the clip is damaged: what could be read was used"]
    );
}

#[test]
fn a_long_clip_is_cut_or_refused_as_the_limits_say() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mkv",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a flac"),
    );
    let short = Limits {
        duration_ms: 500,
        ..Limits::live()
    };
    let clip = decode(&path, &with_pictures(10.0, 160), &short).unwrap();
    assert_eq!(clip.limits, ["only the first 0.5 s of the clip were read"]);
    assert_eq!(clip.audio.unwrap().samples.len(), 8_000);
    assert_eq!(clip.video.unwrap().frames.len(), 5);
    let strict = Limits {
        over_long: OverLong::Refuse,
        ..short
    };
    let error = decode(&path, &DecodeOptions::audio_only(), &strict).unwrap_err();
    assert!(
        matches!(error, MediaError::TooLong { limit_ms: 500 }),
        "{error}"
    );
}

#[test]
fn pictures_beyond_their_number_or_memory_are_left_out_and_the_sound_stays_whole() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mkv",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a flac"),
    );
    for limits in [
        Limits {
            frames: 3,
            ..Limits::live()
        },
        Limits {
            video_bytes: 3 * 3 * 160 * 160,
            ..Limits::live()
        },
    ] {
        let clip = decode(&path, &with_pictures(10.0, 160), &limits).unwrap();
        assert_eq!(clip.video.unwrap().frames.len(), 3);
        assert_eq!(clip.audio.unwrap().samples.len(), 32_000);
        assert_eq!(clip.limits, ["only the first 3 pictures were read"]);
    }
}

#[test]
fn too_large_pictures_are_left_out_and_the_sound_is_kept() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mkv",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a flac"),
    );
    let limits = Limits {
        frame_pixels: 160 * 120,
        ..Limits::live()
    };
    let clip = decode(&path, &with_pictures(5.0, 160), &limits).unwrap();
    assert!(clip.audio.is_some() && clip.video.is_none());
    assert_eq!(clip.limits, ["the pictures are too large to be read"]);
}

#[test]
fn a_tiny_wall_clock_is_kept() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mkv",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a flac"),
    );
    let limits = Limits {
        wall: Duration::from_millis(5),
        ..Limits::live()
    };
    let error = decode(&path, &with_pictures(5.0, 160), &limits).unwrap_err();
    assert!(matches!(error, MediaError::TimedOut { .. }), "{error}");
}

#[test]
fn a_decoder_without_enough_memory_is_a_typed_error() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mkv",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a flac"),
    );
    let limits = Limits {
        memory_bytes: 64 << 20,
        ..Limits::live()
    };
    let error = decode(&path, &with_pictures(5.0, 160), &limits).unwrap_err();
    assert!(matches!(error, MediaError::OutOfMemory { .. }), "{error}");
}
