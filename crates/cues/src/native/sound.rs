//! The sound of a clip, heard as often as it takes.
//!
//! Ordinary clips are kept in memory. Of a longer one only a few seconds are: it is decoded again for
//! each hearing, which costs less than to measure it, so that memory does not grow with its samples.

use std::borrow::Cow;

use smes_media::{Audio, DecodeOptions, Limits, MediaError, Recording};

use crate::CueError;
use crate::voice::{Extent, Part, Pieces};

/// Sound of a recording that is kept in memory, in seconds.
pub(super) const MOST_KEPT_S: u32 = 240;

/// The sound of a clip.
pub(super) struct Sound<'s> {
    pub(super) sample_rate: u32,
    pub(super) extent: Extent,
    place: Place<'s>,
}

enum Place<'s> {
    Memory(Cow<'s, [f32]>),
    /// Decoded again; with its pictures where the format may place sound by the times of all streams that
    /// are read.
    Recording(Recording<'s>, DecodeOptions, &'s Limits),
}

impl<'s> Sound<'s> {
    /// Sound in memory.
    pub(super) fn of(audio: &'s Audio) -> Self {
        Self {
            sample_rate: audio.sample_rate,
            extent: Extent::of(&audio.samples),
            place: Place::Memory(Cow::Borrowed(&audio.samples)),
        }
    }

    /// Plays the sound from its beginning.
    ///
    /// # Errors
    /// The first error of `on_part`; [`CueError::Media`] when the recording cannot be decoded again or
    /// gives less sound than before.
    pub(super) fn play(
        &self,
        mut on_part: impl FnMut(Part<'_>) -> Result<(), CueError> + Send,
    ) -> Result<(), CueError> {
        let (recording, options, limits) = match &self.place {
            Place::Memory(samples) => return on_part(Part::whole(samples)),
            Place::Recording(recording, options, limits) => (recording, options, limits),
        };
        let mut pieces = Pieces::new(self.extent.n_samples, self.sample_rate);
        let mut heard = Ok(());
        let on_sound = |piece: &[f32]| {
            pieces.add(piece, |part| {
                if heard.is_ok() {
                    heard = on_part(part);
                }
            });
        };
        recording.watch(options, limits, |_| (), on_sound)?;
        heard?;
        if pieces.is_complete() {
            return Ok(());
        }
        Err(MediaError::Changed.into())
    }
}

/// Hears a recording for the first time.
pub(super) struct FirstHearing {
    options: DecodeOptions,
    n_most: usize,
    extent: Extent,
    /// All of it, as long as it is short enough.
    kept: Option<Vec<f32>>,
}

impl FirstHearing {
    /// Keeps so many samples at most of what is decoded like this.
    pub(super) fn new(options: DecodeOptions, n_most: usize) -> Self {
        Self {
            options,
            n_most,
            extent: Extent::default(),
            kept: Some(Vec::new()),
        }
    }

    /// Hears what follows.
    pub(super) fn hear(&mut self, piece: &[f32]) {
        self.extent.add(piece);
        self.kept = self
            .kept
            .take()
            .filter(|_| self.extent.n_samples <= self.n_most);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(piece);
        }
    }

    /// The sound of the recording that was heard, with pictures or without; none where there was none.
    pub(super) fn sound<'s>(
        self,
        recording: Recording<'s>,
        has_pictures: bool,
        limits: &'s Limits,
    ) -> Option<Sound<'s>> {
        let sample_rate = self.options.sample_rate;
        let again = || {
            let is_steady = || {
                recording
                    .probe(limits)
                    .is_ok_and(|it| it.has_steady_times())
            };
            let video = self.options.video.filter(|_| has_pictures && !is_steady());
            Place::Recording(recording, DecodeOptions { sample_rate, video }, limits)
        };
        (self.extent.n_samples > 0).then(|| Sound {
            sample_rate,
            extent: self.extent,
            place: match self.kept {
                Some(kept) => Place::Memory(Cow::Owned(kept)),
                None => again(),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::signals::{RATE, beats};

    fn heard_at_rate() -> DecodeOptions {
        DecodeOptions {
            sample_rate: RATE,
            video: None,
        }
    }

    #[test]
    fn a_recording_that_is_not_kept_is_heard_as_often_as_it_takes() {
        let audio = Audio {
            samples: beats(4.0, 30.0, 0.5),
            sample_rate: RATE,
        };
        let file = audio.to_wav();
        let limits = Limits::corpus();
        let recording = Recording::Bytes(&file);
        let options = DecodeOptions::audio_only();
        let decoded = recording.decode(&options, &limits).unwrap().audio.unwrap();
        for (n_most, most_parts) in [(usize::MAX, 1), (decoded.samples.len() - 1, 8)] {
            let mut first = FirstHearing::new(heard_at_rate(), n_most);
            recording
                .watch(&options, &limits, |_| (), |piece| first.hear(piece))
                .unwrap();
            let sound = first.sound(recording, false, &limits).unwrap();
            assert_eq!(sound.extent, Extent::of(&decoded.samples));
            for _ in 0..2 {
                let (mut heard, mut n_parts) = (Vec::new(), 0);
                sound
                    .play(|part| {
                        n_parts += 1;
                        heard.extend_from_slice(part.at(heard.len()..part.end()));
                        Ok(())
                    })
                    .unwrap();
                assert!(heard == decoded.samples);
                assert!((most_parts.min(2)..=most_parts).contains(&n_parts));
            }
        }
    }

    #[test]
    fn a_recording_that_gives_less_than_before_is_an_error_and_so_is_what_its_reader_finds() {
        let long = Audio {
            samples: beats(4.0, 40.0, 0.5),
            sample_rate: RATE,
        };
        let short = Audio {
            samples: beats(4.0, 24.0, 0.5),
            sample_rate: RATE,
        };
        let file = short.to_wav();
        let limits = Limits::corpus();
        let mut first = FirstHearing::new(heard_at_rate(), 0);
        first.hear(&long.samples);
        let sound = first
            .sound(Recording::Bytes(&file), false, &limits)
            .unwrap();
        let error = sound.play(|_| Ok(())).unwrap_err();
        assert!(matches!(error, CueError::Media(MediaError::Changed)));
        let refused = |_: Part<'_>| Err(CueError::UnsupportedSampleRate { found: 1 });
        let error = sound.play(refused).unwrap_err();
        assert!(matches!(
            error,
            CueError::UnsupportedSampleRate { found: 1 }
        ));
    }
}
