//! Clips that are what they say.

use smes_media::{
    DecodeOptions, Limits, MediaError, Picture, Recording, decode, decode_bytes, probe,
};

use crate::{Clips, PICTURES, TONE, tone_hz, with_pictures};

#[test]
fn sound_and_pictures_of_a_recording_share_one_clock() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mp4",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a aac"),
    );
    let clip = decode(&path, &with_pictures(5.0, 160), &Limits::live()).unwrap();
    assert!(
        (1_980..=2_100).contains(&clip.duration_ms),
        "{}",
        clip.duration_ms
    );
    assert!(
        (tone_hz(&clip) / 440.0 - 1.0).abs() < 0.02,
        "{}",
        tone_hz(&clip)
    );
    let video = clip.video.unwrap();
    assert_eq!((video.width, video.height), (160, 120));
    let times: Vec<_> = video.frames.iter().map(|frame| frame.time_ms).collect();
    assert_eq!(
        times,
        [0, 200, 400, 600, 800, 1_000, 1_200, 1_400, 1_600, 1_800]
    );
    assert!(
        video
            .frames
            .iter()
            .all(|frame| frame.rgb.len() == 160 * 120 * 3)
    );
    assert_eq!(clip.limits, [""; 0]);
}

#[test]
fn a_browser_recording_without_a_duration_in_its_header_decodes_from_memory() {
    let clips = Clips::new();
    let live =
        format!("{PICTURES} {TONE} -c:v libvpx -deadline realtime -c:a libopus -live 1 -f webm");
    let path = clips.make("a.webm", &live);
    assert_eq!(probe(&path, &Limits::live()).unwrap().duration_ms, None);
    let bytes = fs_err::read(&path).unwrap();
    let clip = decode_bytes(&bytes, &with_pictures(4.0, 160), &Limits::live()).unwrap();
    assert!(
        (1_900..=2_100).contains(&clip.duration_ms),
        "{}",
        clip.duration_ms
    );
    // The last picture lies at two seconds or just before, by the rounding of its end.
    assert!((8..=9).contains(&clip.video.unwrap().frames.len()));
    assert_eq!(clip.limits, [""; 0]);
}

#[test]
fn the_probe_tells_streams_size_and_length() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mp4",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -ac 2 -c:a aac"),
    );
    let found = probe(&path, &Limits::live()).unwrap();
    let (audio, video) = (found.audio.unwrap(), found.video.unwrap());
    assert_eq!(
        (audio.codec.as_str(), audio.sample_rate, audio.channels),
        ("aac", 48_000, 2)
    );
    assert_eq!(
        (video.codec.as_str(), video.width, video.height),
        ("h264", 320, 240)
    );
    assert_eq!(video.frame_rate, Some(25.0));
    assert!(
        found
            .duration_ms
            .is_some_and(|ms| (1_990..2_100).contains(&ms))
    );
}

#[test]
fn a_turned_phone_gives_upright_pictures() {
    let clips = Clips::new();
    let flat = clips.make(
        "flat.mp4",
        &format!("{PICTURES} -c:v libx264 -preset ultrafast"),
    );
    let turned = clips.path("turned.mp4");
    let copy = format!("-i {} -c copy", flat.display());
    // Newer versions turn by an option, older ones by a tag.
    if !clips.try_make("turned.mp4", &format!("-display_rotation 90 {copy}")) {
        clips.make("turned.mp4", &format!("{copy} -metadata:s:v rotate=90"));
    }
    assert_eq!(
        probe(&turned, &Limits::live())
            .unwrap()
            .video
            .unwrap()
            .rotation
            .abs(),
        90
    );
    let video = decode(&turned, &with_pictures(2.0, 120), &Limits::live())
        .unwrap()
        .video
        .unwrap();
    assert_eq!((video.width, video.height), (90, 120));
}

#[test]
fn pictures_of_a_varying_frame_rate_are_picked_by_their_time() {
    let clips = Clips::new();
    // Grey level 0, 50, 100, 150 by half seconds; in the second half most frames are dropped.
    let source = "-f lavfi -i color=black:size=64x64:rate=20:duration=2,geq=lum=50*floor(T*2):cb=128:cr=128,select=lt(t\\,1)+not(mod(n\\,10)) -fps_mode vfr -c:v ffv1";
    let path = clips.make("vfr.mkv", source);
    let video = decode(&path, &with_pictures(2.0, 64), &Limits::live())
        .unwrap()
        .video
        .unwrap();
    let levels: Vec<_> = video.frames.iter().map(|frame| frame.rgb[0]).collect();
    assert_eq!(levels.len(), 4, "{levels:?}");
    assert!(levels.is_sorted_by(|a, b| a < b), "{levels:?}");
}

#[test]
fn sound_that_begins_late_is_filled_with_silence_up_to_its_time() {
    let clips = Clips::new();
    let path = clips.make(
        "late.mkv",
        &format!("{PICTURES} -itsoffset 1 {TONE} -c:v libx264 -preset ultrafast -c:a pcm_s16le"),
    );
    let samples = decode(&path, &DecodeOptions::audio_only(), &Limits::live())
        .unwrap()
        .audio
        .unwrap()
        .samples;
    assert!(
        (47_000..=49_000).contains(&samples.len()),
        "{}",
        samples.len()
    );
    assert!(samples[..15_000].iter().all(|s| s.abs() < 1e-3));
    assert!(samples[17_000..].iter().any(|s| s.abs() > 0.05));
}

#[test]
fn opposite_stereo_channels_cancel_and_equal_ones_do_not_clip() {
    let clips = Clips::new();
    let stereo = |name, right| {
        let source = format!(
            "-f lavfi -i aevalsrc=0.9*sin(2764*t)|{right}*sin(2764*t):duration=1 -c:a pcm_f32le"
        );
        let path = clips.make(name, &source);
        let clip = decode(&path, &DecodeOptions::audio_only(), &Limits::live()).unwrap();
        clip.audio
            .unwrap()
            .samples
            .iter()
            .fold(0.0_f32, |peak, s| s.abs().max(peak))
    };
    assert!(stereo("opposite.wav", "-0.9") < 0.01);
    assert!((stereo("equal.wav", "0.9") - 0.9).abs() < 0.02);
}

#[test]
fn what_is_watched_is_what_would_be_kept() {
    let clips = Clips::new();
    let path = clips.make(
        "a.mkv",
        &format!("{PICTURES} {TONE} -c:v libx264 -preset ultrafast -c:a aac"),
    );
    let options = with_pictures(5.0, 160);
    let kept = decode(&path, &options, &Limits::live()).unwrap();
    let pictures = kept.video.as_ref().unwrap();
    let bytes = fs_err::read(&path).unwrap();
    // Memory for one picture is enough where none is kept.
    let limits = Limits {
        video_bytes: 160 * 160 * 3,
        ..Limits::live()
    };
    for recording in [Recording::File(&path), Recording::Bytes(&bytes)] {
        let (mut watched, mut heard) = (Vec::new(), Vec::new());
        let on_picture = |picture: Picture<'_>| {
            assert_eq!(
                (picture.width, picture.height),
                (pictures.width, pictures.height)
            );
            watched.push((picture.time_ms, picture.rgb.to_vec()));
        };
        let on_sound = |piece: &[f32]| heard.extend_from_slice(piece);
        let clip = recording
            .watch(&options, &limits, on_picture, on_sound)
            .unwrap();
        let expected = pictures.frames.iter().map(|f| (f.time_ms, f.rgb.clone()));
        assert!(watched.into_iter().eq(expected));
        assert_eq!(
            Some(&heard),
            kept.audio.as_ref().map(|audio| &audio.samples)
        );
        // The sound can be heard again without the pictures.
        let mut again = Vec::new();
        let (alone, on_sound) = (DecodeOptions::audio_only(), |piece: &[f32]| {
            again.extend_from_slice(piece);
        });
        recording.watch(&alone, &limits, |_| (), on_sound).unwrap();
        assert!(again == heard);
        assert_eq!(
            (clip.duration_ms, &clip.limits),
            (kept.duration_ms, &kept.limits)
        );
    }
}

#[test]
fn silence_is_sound() {
    let clips = Clips::new();
    let path = clips.make("silent.wav", "-f lavfi -i anullsrc=r=44100:cl=mono -t 1");
    let clip = decode(&path, &DecodeOptions::audio_only(), &Limits::live()).unwrap();
    assert_eq!(clip.duration_ms, 1_000);
    assert!(clip.audio.unwrap().samples.iter().all(|s| *s == 0.0));
    assert_eq!(clip.limits, [""; 0]);
}

#[test]
fn absurd_options_are_named() {
    let clips = Clips::new();
    let path = clips.write("a", b"x");
    for options in [
        DecodeOptions {
            sample_rate: 1,
            video: None,
        },
        with_pictures(f64::NAN, 100),
        with_pictures(5.0, 1),
    ] {
        let error = decode(&path, &options, &Limits::live()).unwrap_err();
        assert!(matches!(error, MediaError::InvalidOption { .. }), "{error}");
    }
}

#[test]
fn every_real_clip_decodes_and_two_have_no_sound() {
    let Some(folder) = smes_testkit::shared_data("clips") else {
        return;
    };
    let mut without_sound = 0;
    for entry in fs_err::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let clip = decode(&path, &with_pictures(2.0, 320), &Limits::live()).unwrap();
        let found = probe(&path, &Limits::live()).unwrap();
        let declared = found.duration_ms.unwrap();
        assert!(
            clip.duration_ms.abs_diff(declared) < 700,
            "{} for {declared}",
            clip.duration_ms
        );
        assert!(clip.video.is_some());
        assert_eq!(
            clip.audio.is_none(),
            clip.limits.iter().any(|l| l == "the clip has no sound")
        );
        without_sound += usize::from(clip.audio.is_none());
    }
    assert_eq!(without_sound, 2);
}
