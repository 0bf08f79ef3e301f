//! What a server takes, found out with something made up before the first clip.
//!
//! Some servers fail at a medium with a fault of their own (status 500), and some say yes to it and leave
//! it out: transformers' server does both. So a question is put once in words, and once with each medium;
//! where no more tokens were read with it, it was not looked at.

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

/// What to take from a server that has no time, or gives no answer, to a medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Silence {
    /// Nothing: it may have time later.
    ComeBack,
    /// It was tried often enough: the medium is too much for it.
    TakeAsNo,
}

/// The media that a server does not take; none where it does not count tokens.
///
/// # Errors
/// When it gives no answer to words, or none to a medium and is to be asked again.
pub(super) fn refused(
    client: &Client,
    native: &NativeExtractor,
    silence: Silence,
) -> Result<Media, EndpointError> {
    let clip = made_up();
    let Ok(cue) = native.extract(&clip, &mut SpeakerBaseline::default()) else {
        // What cannot be measured cannot be shown either; clips will tell.
        return Ok(Media::default());
    };
    let without = n_read(client, Vec::new())?;
    if without == 0 {
        return Ok(Media::default());
    }
    let mute = Clip {
        audio: None,
        ..clip.clone()
    };
    let unseen = Clip {
        video: None,
        ..clip
    };
    let fails = |clip: &Clip, rung: Rung| {
        let Some(mut parts) = Shown::new(clip, &cue).parts(rung) else {
            return Ok(false);
        };
        parts.retain(|part| !matches!(part, Part::Text(_)));
        match n_read(client, parts) {
            Ok(with) => Ok(with <= without),
            Err(error @ EndpointError::Budget { .. }) => Err(error),
            // The same without it was answered a moment ago.
            Err(error) if error.is_about_request() => Ok(true),
            Err(EndpointError::GaveUp { last, .. })
                if last.was_reached() && silence == Silence::TakeAsNo =>
            {
                Ok(true)
            }
            Err(error) => Err(error),
        }
    };
    Ok(Media {
        video: fails(&mute, Rung::Video)?,
        pictures: fails(&mute, Rung::Pictures)?,
        sound: fails(&unseen, Rung::Video)?,
    })
}

/// Tokens that are read of a question about these media.
fn n_read(client: &Client, mut media: Vec<Part>) -> Result<u64, EndpointError> {
    media.push(questions::observation());
    let talk = Talk {
        system: questions::SYSTEM.to_owned(),
        messages: vec![Message::Question(media)],
    };
    Ok(client.talk(&talk)?.usage.prompt_tokens)
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
