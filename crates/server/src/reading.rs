//! The first arrow of a turn: clip -> cue, or why there is none.
//!
//! A clip that cannot be read never ends the turn: what is missing is said and the words go on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use smes_cues::{CueError, CueExtractor, Follower, Moment, ReadClip, SpeakerBaseline};
use smes_dialogue::{Cue, Private};
use smes_media::{DecodeOptions, LiveClip, NO_PICTURES, Recording};

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
    /// Whether pictures would have been looked at and there are none.
    lacks_pictures: bool,
}

impl Followed {
    /// `None` where the extractor cannot follow, or the decoder cannot begin: the clip is then read as
    /// a whole.
    pub(crate) fn begin(
        extractor: Arc<dyn CueExtractor>,
        (sound, picture): (bool, bool),
        limits: &smes_media::Limits,
    ) -> Option<Self> {
        let wanted = extractor.wants();
        let options = DecodeOptions {
            video: wanted.video.filter(|_| picture),
            ..wanted
        };
        Some(Self {
            live: LiveClip::start(sound, &options, limits).ok()?,
            follower: extractor.follow()?,
            lacks_pictures: wanted.video.is_some() && !picture,
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

/// Reads what is left of a clip that was followed, or all of it.
fn read(
    extractor: &dyn CueExtractor,
    clip: &Private<Vec<u8>>,
    followed: Option<Followed>,
    limits: &smes_media::Limits,
    baseline: &mut SpeakerBaseline,
) -> Result<ReadClip, CueError> {
    let started = Instant::now();
    if let Some(followed) = followed
        && let Ok(mut clip) = followed.live.finish()
    {
        if followed.lacks_pictures {
            clip.limits.push(NO_PICTURES.to_owned());
        }
        let decoding = started.elapsed();
        return Ok(ReadClip {
            cue: followed.follower.finish(&clip, baseline)?,
            duration_ms: clip.duration_ms,
            limits: clip.limits,
            decoding,
        });
    }
    extractor.read(Recording::Bytes(clip.expose()), limits, baseline)
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
    let mut baseline = baseline.clone();
    // A fault inside a signal path must not cost the person their answer.
    let read = catch_unwind(AssertUnwindSafe(|| {
        read(extractor, clip, followed, limits, &mut baseline)
    }));
    timings.decode_ms = ms_since(started);
    match read {
        Ok(Ok(read)) => {
            let (all_ms, cue) = (timings.decode_ms, read.cue);
            timings.decode_ms = read.decoding.as_secs_f64() * 1000.0;
            timings.cue_ms = all_ms - timings.decode_ms;
            let mut notes = read.limits;
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
