//! The first arrow of a turn: clip -> cue, or why there is none.
//!
//! A clip that cannot be read never ends the turn: what is missing is said and the words go on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use std::sync::Arc;

use smes_cues::{CueExtractor, Follower, Moment, SpeakerBaseline};
use smes_dialogue::{Cue, Private};
use smes_media::{Clip, LiveClip, MediaError};

use crate::conversation::ms_since;
use crate::wire::Timings;

/// What was read from a clip, or why nothing was.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) cue: Option<Cue>,
    /// What the person is told about the clip.
    pub(crate) notes: Vec<String>,
    /// The speaker's baseline with this clip in it.
    pub(crate) baseline: Option<SpeakerBaseline>,
}

impl Reading {
    fn without_cue(note: &str) -> Self {
        Self {
            notes: vec![note.to_owned()],
            ..Self::default()
        }
    }
}

/// A recording that is decoded and read while it goes on.
pub struct Followed {
    live: LiveClip,
    follower: Box<dyn Follower>,
}

impl Followed {
    /// `None` where the extractor cannot follow, or the decoder cannot begin: the clip is then read as
    /// a whole.
    pub(crate) fn begin(
        extractor: Arc<dyn CueExtractor>,
        sound: bool,
        limits: &smes_media::Limits,
    ) -> Option<Self> {
        Some(Self {
            live: LiveClip::start(sound, &extractor.wants(), limits).ok()?,
            follower: extractor.follow()?,
        })
    }

    /// Hands over the next piece.
    pub(crate) fn feed(&mut self, piece: Vec<u8>) {
        self.live.feed(piece);
    }

    /// What is heard now. It takes a few milliseconds of work.
    pub(crate) fn moment(&mut self) -> Option<Moment> {
        self.follower.follow(&self.live.news())
    }
}

/// Decodes what is left of a clip, or all of it.
fn decode(
    clip: &Private<Vec<u8>>,
    followed: Option<Followed>,
    extractor: &dyn CueExtractor,
    limits: &smes_media::Limits,
) -> (Result<Clip, MediaError>, Option<Box<dyn Follower>>) {
    if let Some(Followed { live, follower }) = followed
        && let Ok(clip) = live.finish()
    {
        return (Ok(clip), Some(follower));
    }
    let whole = smes_media::decode_bytes(clip.expose(), &extractor.wants(), limits);
    (whole, None)
}

/// Decodes a clip and describes it against the speaker's baseline; writes how long both took.
pub(crate) fn read_clip(
    cues: Option<&dyn CueExtractor>,
    limits: &smes_media::Limits,
    recorded: Option<(&Private<Vec<u8>>, Option<Followed>)>,
    baseline: &SpeakerBaseline,
    timings: &mut Timings,
) -> Reading {
    let Some((clip, followed)) = recorded else {
        return Reading::default();
    };
    let Some(extractor) = cues else {
        return Reading::without_cue("voice and face are not read here");
    };
    let started = Instant::now();
    let (decoded, follower) = decode(clip, followed, extractor, limits);
    timings.decode_ms = ms_since(started);
    let clip = match decoded {
        Ok(clip) => clip,
        Err(error) => return Reading::without_cue(&format!("the recording: {error}")),
    };
    let started = Instant::now();
    let mut baseline = baseline.clone();
    // A fault inside a signal path must not cost the person their answer.
    let extracted = catch_unwind(AssertUnwindSafe(|| match follower {
        Some(follower) => follower.finish(&clip, &mut baseline),
        None => extractor.extract(&clip, &mut baseline),
    }));
    timings.cue_ms = ms_since(started);
    match extracted {
        Ok(Ok(cue)) => {
            let mut notes = clip.limits;
            for limit in &cue.limits {
                if !notes.contains(limit) {
                    notes.push(limit.clone());
                }
            }
            // A cue that rests on nothing says only what is missing; the notes say it already.
            Reading {
                cue: Some(cue).filter(|cue| !cue.modalities.is_empty()),
                notes,
                baseline: Some(baseline),
            }
        }
        Ok(Err(error)) => Reading::without_cue(&format!("the recording: {error}")),
        Err(_) => Reading::without_cue("the recording could not be read: internal fault"),
    }
}
