//! Recordings that are decoded while they go on.

use std::time::{Duration, Instant};

use smes_media::{DecodeOptions, Limits, LiveClip, MediaError, News, VideoFrame, decode_bytes};

use crate::{Clips, PICTURES, TONE, with_pictures};

const BROWSER: &str = "-c:v libvpx -deadline realtime -c:a libopus -live 1 -f webm";

/// Feeds a recording in pieces and gathers what is told of it until all news came.
fn follow(live: &mut LiveClip, bytes: &[u8], enough: impl Fn(&Gathered) -> bool) -> Gathered {
    let mut gathered = Gathered::default();
    for piece in bytes.chunks(bytes.len().div_ceil(8)) {
        live.feed(piece.to_vec());
        gathered.add(live.news());
    }
    let started = Instant::now();
    while !enough(&gathered) && started.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
        gathered.add(live.news());
    }
    gathered
}

#[derive(Default)]
struct Gathered {
    samples: Vec<f32>,
    frames: Vec<VideoFrame>,
}

impl Gathered {
    fn add(&mut self, news: News) {
        self.samples.extend(news.samples);
        self.frames
            .extend(news.video.into_iter().flat_map(|video| video.frames));
    }
}

#[test]
fn what_is_told_on_the_way_is_what_the_whole_clip_holds() {
    let clips = Clips::new();
    let path = clips.make("a.webm", &format!("{PICTURES} {TONE} {BROWSER}"));
    let bytes = fs_err::read(&path).unwrap();
    let options = with_pictures(8.0, 160);
    let mut live = LiveClip::start(true, &options, &Limits::live()).unwrap();
    // Most of it is known before the recording is said to have ended.
    let gathered = follow(&mut live, &bytes, |so_far| {
        so_far.samples.len() > 24_000 && so_far.frames.len() > 12
    });
    assert_eq!(live.n_bytes(), bytes.len() as u64);
    let clip = live.finish().unwrap();
    let audio = clip.audio.as_ref().unwrap();
    assert!(
        gathered.samples.len() > 24_000,
        "{}",
        gathered.samples.len()
    );
    assert_eq!(gathered.samples, audio.samples[..gathered.samples.len()]);
    let video = clip.video.as_ref().unwrap();
    assert!(gathered.frames.len() > 12, "{}", gathered.frames.len());
    assert!(gathered.frames == video.frames[..gathered.frames.len()]);
    assert_eq!(
        clip,
        decode_bytes(&bytes, &options, &Limits::live()).unwrap()
    );
}

#[test]
fn sound_alone_and_pictures_alone_are_followed_too() {
    let clips = Clips::new();
    let sound = clips.make("a.webm", &format!("{TONE} -c:a libopus -live 1 -f webm"));
    let bytes = fs_err::read(&sound).unwrap();
    let options = DecodeOptions::audio_only();
    let mut live = LiveClip::start(true, &options, &Limits::live()).unwrap();
    let heard = follow(&mut live, &bytes, |so_far| so_far.samples.len() > 16_000);
    assert!(heard.samples.len() > 16_000 && heard.frames.is_empty());
    let clip = live.finish().unwrap();
    assert_eq!(
        clip,
        decode_bytes(&bytes, &options, &Limits::live()).unwrap()
    );

    let pictures = clips.make("b.webm", &format!("{PICTURES} {BROWSER}"));
    let bytes = fs_err::read(&pictures).unwrap();
    let mut live = LiveClip::start(false, &with_pictures(8.0, 160), &Limits::live()).unwrap();
    let seen = follow(&mut live, &bytes, |so_far| so_far.frames.len() > 12);
    assert!(seen.frames.len() > 12 && seen.samples.is_empty());
    let clip = live.finish().unwrap();
    assert!(clip.audio.is_none() && clip.video.unwrap().frames.len() >= seen.frames.len());
}

#[test]
fn a_recording_that_breaks_off_gives_its_beginning() {
    let clips = Clips::new();
    let path = clips.make("a.webm", &format!("{PICTURES} {TONE} {BROWSER}"));
    let bytes = fs_err::read(&path).unwrap();
    let mut live = LiveClip::start(true, &with_pictures(8.0, 160), &Limits::live()).unwrap();
    live.feed(bytes[..bytes.len() * 3 / 5].to_vec());
    let clip = live.finish().unwrap();
    assert!(
        (600..2_000).contains(&clip.duration_ms),
        "{}",
        clip.duration_ms
    );
}

#[test]
fn what_cannot_be_followed_is_an_error_at_its_end_and_blocks_nothing() {
    let clips = Clips::new();
    let options = DecodeOptions::audio_only();
    let start = || LiveClip::start(true, &options, &Limits::live()).unwrap();
    // Nothing, garbage, and more of it than a pipe holds after the decoder has given up.
    assert!(start().finish().is_err());
    let mut live = start();
    for _ in 0..40 {
        live.feed(vec![0x55; 100_000]);
    }
    assert!(live.finish().is_err());
    // A stream that was announced and never comes.
    let path = clips.make("a.webm", &format!("{TONE} -c:a libopus -live 1 -f webm"));
    let bytes = fs_err::read(&path).unwrap();
    let mut live = LiveClip::start(true, &with_pictures(8.0, 160), &Limits::live()).unwrap();
    live.feed(bytes.clone());
    assert!(live.finish().is_err());
    let nothing = LiveClip::start(false, &options, &Limits::live());
    assert!(matches!(nothing.err(), Some(MediaError::NoStreams)));
    let limits = Limits {
        input_bytes: 1_000,
        ..Limits::live()
    };
    let mut live = LiveClip::start(true, &options, &limits).unwrap();
    live.feed(bytes);
    assert!(matches!(live.finish(), Err(MediaError::TooLarge { .. })));
    // Given up in the middle: the decoder ends by itself.
    let mut live = start();
    live.feed(vec![0; 10]);
    drop(live);
}
