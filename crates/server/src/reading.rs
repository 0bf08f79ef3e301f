//! The first arrow of a turn: clip -> cue, or why there is none.
//!
//! A clip that cannot be read never ends the turn: what is missing is said and the words go on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use smes_cues::{CueExtractor, SpeakerBaseline};
use smes_dialogue::{Cue, Private};
use smes_media::DecodeOptions;

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

/// Decodes a clip and describes it against the speaker's baseline; writes how long both took.
pub(crate) fn read_clip(
    cues: Option<&dyn CueExtractor>,
    limits: &smes_media::Limits,
    clip: Option<&Private<Vec<u8>>>,
    baseline: &SpeakerBaseline,
    timings: &mut Timings,
) -> Reading {
    let Some(clip) = clip else {
        return Reading::default();
    };
    let Some(extractor) = cues else {
        return Reading::without_cue("voice and face are not read here");
    };
    let started = Instant::now();
    let decoded = smes_media::decode_bytes(clip.expose(), &DecodeOptions::audio_only(), limits);
    timings.decode_ms = ms_since(started);
    let clip = match decoded {
        Ok(clip) => clip,
        Err(error) => return Reading::without_cue(&format!("the recording: {error}")),
    };
    let started = Instant::now();
    let mut baseline = baseline.clone();
    // A fault inside a signal path must not cost the person their answer.
    let extracted = catch_unwind(AssertUnwindSafe(|| extractor.extract(&clip, &mut baseline)));
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
