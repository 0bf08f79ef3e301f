//! A clip as the parts of a question, for each rung.

use smes_dialogue::{Cue, Private};
use smes_endpoint::{Medium, Part};
use smes_media::{Audio, Clip, Limits, Video};

use super::ladder::{Media, Rung};
use super::questions;
use crate::describe;

/// Pictures that stand for a video: as many as Video-LLaMA takes, at the starts of equal parts.
const N_PICTURES: usize = 8;
/// A picture counts for at least so many pixels: models enlarge what is smaller.
const FEWEST_PIXELS: u64 = 224 * 224;

/// What there is to show.
pub(super) struct Shown<'c> {
    clip: &'c Clip,
    measured: &'c Cue,
}

impl<'c> Shown<'c> {
    pub(super) const fn new(clip: &'c Clip, measured: &'c Cue) -> Self {
        Self { clip, measured }
    }

    /// The media of the clip. A sound without anything in it is none.
    pub(super) fn has(&self) -> Media {
        let n_pictures = self
            .clip
            .video
            .as_ref()
            .map_or(0, |video| video.frames.len());
        let sound = self.clip.audio.as_ref();
        Media {
            video: n_pictures > 1,
            pictures: n_pictures > 0,
            sound: sound.is_some_and(|sound| sound.samples.iter().any(|sample| *sample != 0.0)),
        }
    }

    /// The parts of the first question; `None` when pictures could not be made ready.
    pub(super) fn parts(&self, rung: Rung) -> Option<Vec<Part>> {
        let needs = rung.needs(self.has());
        let mut parts = Vec::new();
        if needs.video || needs.pictures {
            let video = self.clip.video.as_ref()?;
            if needs.video {
                parts.push(Part::Video(Medium {
                    file: Private::new(video.to_mp4(&Limits::live()).ok()?),
                    extent: pixels(video) * video.frames.len() as u64,
                }));
            } else {
                parts.extend(pictures(video)?);
            }
        }
        if let (true, Some(sound)) = (needs.sound, &self.clip.audio) {
            parts.push(Part::Sound(Medium {
                file: Private::new(sound.to_wav()),
                extent: milliseconds(sound),
            }));
        }
        if let Some(words) = self.measures(rung) {
            parts.push(Part::Text(words.into()));
        }
        parts.push(questions::observation());
        Some(parts)
    }

    /// What is measured of voice and face and not shown itself, in words.
    fn measures(&self, rung: Rung) -> Option<String> {
        let needs = rung.needs(self.has());
        if !rung.tells_measures(self.has()) {
            return None;
        }
        let is_seen = needs.pictures;
        let left_out = if is_seen { "voice." } else { "" };
        let features = self.measured.features.iter();
        let features: Vec<_> = features
            .filter(|feature| feature.name.starts_with(left_out))
            .cloned()
            .collect();
        let sentence = if is_seen && !features.is_empty() {
            describe(&features, None)
        } else {
            self.measured.observation.expose().clone()
        };
        let numbers: Vec<String> = features
            .iter()
            .map(|feature| {
                let usual = feature.relative_to_baseline;
                let usual = usual.map_or_else(String::new, |z| format!(" ({z:+.1} sd from usual)"));
                let unit = if feature.unit == "1" {
                    ""
                } else {
                    &feature.unit
                };
                format!("{} {:.2} {unit}{usual}", feature.name, feature.value)
            })
            .collect();
        Some(format!(
            "A program measured the recording. It says: {sentence}\nNumbers: {}.",
            if numbers.is_empty() {
                "none".to_owned()
            } else {
                numbers.join("; ")
            }
        ))
    }
}

/// Pixels that one picture of it counts for.
fn pixels(video: &Video) -> u64 {
    (u64::from(video.width) * u64::from(video.height)).max(FEWEST_PIXELS)
}

fn milliseconds(sound: &Audio) -> u64 {
    sound.samples.len() as u64 * 1000 / u64::from(sound.sample_rate)
}

/// Some pictures of a video, after their times.
fn pictures(video: &Video) -> Option<Vec<Part>> {
    let n = video.frames.len().min(N_PICTURES);
    let numbers: Vec<usize> = (0..n).map(|i| i * video.frames.len() / n).collect();
    let jpegs = video.to_jpegs(&numbers, &Limits::live()).ok()?;
    let times: Vec<String> = numbers
        .iter()
        .map(|number| format!("{:.1}", video.frames[*number].time_ms as f64 / 1000.0))
        .collect();
    let words = format!(
        "{n} pictures of the recording, at {} seconds.",
        times.join(", ")
    );
    let pictures = jpegs.into_iter().map(|jpeg| {
        Part::Picture(Medium {
            file: Private::new(jpeg),
            extent: pixels(video),
        })
    });
    Some(
        std::iter::once(Part::Text(words.into()))
            .chain(pictures)
            .collect(),
    )
}
