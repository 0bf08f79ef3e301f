//! What a server takes, found out with something made up before the first clip.
//!
//! Some servers fail at a medium with a fault of their own (status 500), and some say yes to it and leave
//! it out: transformers' server does both. So each medium is shown once, and the same question once
//! without it; where no more tokens were read with it, it was not looked at.

use smes_endpoint::{Client, EndpointError, Message, Part, Talk};
use smes_media::{Audio, Clip, Video, VideoFrame};

use super::ladder::{Media, Rung};
use super::parts::Shown;
use super::{SAMPLE_RATE, questions};
use crate::{CueExtractor, NativeExtractor, SpeakerBaseline};

/// Length of what is shown.
const SECONDS: u32 = 4;
const WIDTH: u32 = 320;
const HEIGHT: u32 = 240;

/// The media that a server does not take; none where it does not count tokens.
///
/// # Errors
/// When it gives no answer to words.
pub(super) fn refused(client: &Client, native: &NativeExtractor) -> Result<Media, EndpointError> {
    let clip = made_up();
    let Ok(cue) = native.extract(&clip, &mut SpeakerBaseline::default()) else {
        // What cannot be measured cannot be shown either; clips will tell.
        return Ok(Media::default());
    };
    let mute = Clip {
        audio: None,
        ..clip.clone()
    };
    let unseen = Clip {
        video: None,
        ..clip
    };
    let fails = |clip: &Clip, rung: Rung| {
        let parts = Shown::new(clip, &cue).parts(rung);
        parts.map_or(Ok(false), |parts| is_refused(client, parts))
    };
    Ok(Media {
        video: fails(&mute, Rung::Video)?,
        pictures: fails(&mute, Rung::Pictures)?,
        sound: fails(&unseen, Rung::Video)?,
    })
}

fn is_refused(client: &Client, parts: Vec<Part>) -> Result<bool, EndpointError> {
    let is_words = |part: &&Part| matches!(part, Part::Text(_));
    let words = parts.iter().filter(is_words).cloned().collect();
    let n_read = |parts| {
        let talk = Talk {
            system: questions::SYSTEM.to_owned(),
            messages: vec![Message::Question(parts)],
        };
        client.talk(&talk).map(|answer| answer.usage.prompt_tokens)
    };
    let without = n_read(words)?;
    if without == 0 {
        return Ok(false);
    }
    match n_read(parts) {
        Ok(with) => Ok(with <= without),
        Err(error @ EndpointError::Budget { .. }) => Err(error),
        // The words alone were understood a moment ago.
        Err(_) => Ok(true),
    }
}

/// A tone before a light that wanders.
fn made_up() -> Clip {
    let n_samples = SECONDS * SAMPLE_RATE;
    let sample =
        |i: u32| (i as f32 / SAMPLE_RATE as f32 * 220.0 * std::f32::consts::TAU).sin() * 0.3;
    let frame = |n: u32| {
        let bright = |x: u32, y: u32| (x + 2 * y + 40 * n).to_le_bytes()[0];
        let pixels = (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| bright(x, y)));
        VideoFrame {
            time_ms: u64::from(n) * 500,
            rgb: pixels.flat_map(|pixel| [pixel; 3]).collect(),
        }
    };
    Clip {
        duration_ms: u64::from(SECONDS) * 1000,
        audio: Some(Audio {
            samples: (0..n_samples).map(sample).collect(),
            sample_rate: SAMPLE_RATE,
        }),
        video: Some(Video {
            width: WIDTH,
            height: HEIGHT,
            frames: (0..2 * SECONDS).map(frame).collect(),
        }),
        limits: Vec::new(),
    }
}
