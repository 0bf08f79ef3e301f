//! Files that are not what they say.

use std::io::ErrorKind;
use std::net::TcpListener;
use std::path::Path;

use smes_media::{Limits, MediaError, decode, decode_bytes, probe};

use crate::{Clips, TONE, with_pictures};

fn refusal(path: &Path) -> MediaError {
    let error = decode(path, &with_pictures(5.0, 160), &Limits::live()).unwrap_err();
    let probed = probe(path, &Limits::live()).unwrap_err();
    assert_eq!(
        error.to_string(),
        probed.to_string(),
        "decode and probe disagree"
    );
    error
}

#[test]
fn text_and_random_bytes_under_a_media_name_are_no_media() {
    let clips = Clips::new();
    let noise: Vec<u8> = (0..20_000_u32)
        .map(|i| (i.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0])
        .collect();
    for (name, bytes) in [
        ("a.mp4", b"Dear diary, nothing happened today.\n".repeat(50)),
        ("a.webm", noise),
        ("a.wav", b"RIFF".to_vec()),
        ("a.txt", b"plain text\n".repeat(100)),
    ] {
        let error = refusal(&clips.write(name, &bytes));
        assert!(
            matches!(error, MediaError::NotMedia | MediaError::Damaged),
            "{name}: {error}"
        );
    }
}

#[test]
fn an_empty_file_a_folder_and_a_missing_file_are_told_apart() {
    let clips = Clips::new();
    assert!(matches!(
        refusal(&clips.write("empty.webm", b"")),
        MediaError::Empty
    ));
    assert!(matches!(refusal(clips.0.path()), MediaError::NotAFile));
    let missing = refusal(&clips.path("missing.webm"));
    assert!(
        matches!(
            missing,
            MediaError::Unreadable {
                kind: ErrorKind::NotFound
            }
        ),
        "{missing}"
    );
    let error = decode_bytes(b"", &with_pictures(5.0, 160), &Limits::live()).unwrap_err();
    assert!(matches!(error, MediaError::Empty));
}

#[test]
fn a_file_above_the_size_limit_is_refused_before_it_is_read() {
    let clips = Clips::new();
    let path = clips.write("big.mp4", &[0; 1_001]);
    let limits = Limits {
        input_bytes: 1_000,
        ..Limits::live()
    };
    let error = decode(&path, &with_pictures(5.0, 160), &limits).unwrap_err();
    assert!(
        matches!(
            error,
            MediaError::TooLarge {
                found: 1_001,
                limit: 1_000
            }
        ),
        "{error}"
    );
}

#[test]
fn playlists_that_name_another_file_are_not_followed() {
    let clips = Clips::new();
    let secret = clips.make("secret.wav", TONE);
    let secret = secret.display();
    for (name, text) in [
        ("list.mp4", format!("ffconcat version 1.0\nfile '{secret}'\n")),
        ("list.webm", format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{secret}\n#EXT-X-ENDLIST\n")),
        ("list.m3u8", format!("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n")),
        ("list.mpd", format!("<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\"><Period><AdaptationSet><Representation><BaseURL>{secret}</BaseURL></Representation></AdaptationSet></Period></MPD>")),
        ("list.sdp", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 4000 RTP/AVP 0\n".to_owned()),
    ] {
        let error = refusal(&clips.write(name, text.as_bytes()));
        assert!(matches!(error, MediaError::NotMedia), "{name}: {error}");
    }
}

#[test]
fn a_playlist_that_names_an_address_opens_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    let clips = Clips::new();
    let text = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://{address}/a.ts\n#EXT-X-ENDLIST\n"
    );
    assert!(matches!(
        refusal(&clips.write("a.m3u8", text.as_bytes())),
        MediaError::NotMedia
    ));
    assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_path_that_looks_like_a_protocol_or_an_option_is_only_a_path() {
    let clips = Clips::new();
    let source = fs_err::read(clips.make("tone.wav", TONE)).unwrap();
    for name in [
        "concat:a|b.wav",
        "-i.wav",
        "http:x.wav",
        "%03d.wav",
        "voilà ☺.wav",
    ] {
        let path = clips.write(name, &source);
        let clip = decode(
            &path,
            &smes_media::DecodeOptions::audio_only(),
            &Limits::live(),
        )
        .unwrap();
        assert_eq!(clip.duration_ms, 2_000, "{name}");
    }
}

#[test]
fn a_huge_declared_length_is_not_believed() {
    let clips = Clips::new();
    let mut bytes = fs_err::read(clips.make("tone.mkv", &format!("{TONE} -c:a flac"))).unwrap();
    // The element `Duration` of Matroska: identifier, size 8, milliseconds as a float.
    let at = bytes
        .windows(3)
        .position(|w| w == [0x44, 0x89, 0x88])
        .unwrap()
        + 3;
    bytes[at..at + 8].copy_from_slice(&1e9_f64.to_be_bytes());
    let path = clips.write("long.mkv", &bytes);
    assert_eq!(
        probe(&path, &Limits::live()).unwrap().duration_ms,
        Some(1_000_000_000)
    );
    let clip = decode(
        &path,
        &smes_media::DecodeOptions::audio_only(),
        &Limits::live(),
    )
    .unwrap();
    assert_eq!(clip.duration_ms, 2_000);
}

#[test]
fn errors_tell_nothing_of_the_file() {
    let clips = Clips::new();
    let path = clips.write(
        "marker-of-a-person.mp4",
        b"marker-of-a-person ".repeat(100).as_slice(),
    );
    let error = refusal(&path);
    assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("marker"));
    let missing = refusal(&clips.path("marker-missing.mp4"));
    assert!(!format!("{missing} {missing:?}").contains("marker"));
}
