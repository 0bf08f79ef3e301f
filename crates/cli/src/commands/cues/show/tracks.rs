//! The tracks of the picture: what is heard, then what is seen.

use smes_cues::face::Moment;
use smes_cues::{Heard, Seen};
use smes_dialogue::EmotionSet;
use smes_plots::{Mark, Thumbnail, Track};

use super::sketch::{Album, Wave};

/// Pictures of the face side by side, at most.
const N_FACES: u64 = 6;
/// Their side in pixels, and how much wider than the found face they are.
const FACE_SIDE: usize = 96;
const FACE_MARGIN: f32 = 1.3;

/// What is heard.
pub(super) fn voice_tracks(wave: &Wave, heard: &Heard, emotions: &EmotionSet) -> Vec<Track> {
    let levels = &heard.reading.levels;
    let level = |(index, db): (usize, &f64)| (levels.time_s(index), db.max(-80.0));
    let mut tracks = vec![
        Track {
            label: "sound".to_owned(),
            mark: Mark::Envelope(wave.steps()),
        },
        Track {
            label: "pitch F0 (Hz)".to_owned(),
            mark: Mark::Curve(voiced_pieces(heard)),
        },
        Track {
            label: "loudness (dB)".to_owned(),
            mark: Mark::Curve(vec![levels.db.iter().enumerate().map(level).collect()]),
        },
    ];
    let stretches = heard.windows.iter().zip(&heard.emotions);
    let stretches: Vec<_> = stretches
        .map(|(window, emotion)| (window.start_s, window.end_s, emotion.probabilities.clone()))
        .collect();
    if !stretches.is_empty() {
        tracks.push(Track {
            label: "sounds like acted".to_owned(),
            mark: Mark::Shares {
                names: emotions.names().map(str::to_owned).collect(),
                stretches,
            },
        });
    }
    tracks
}

/// F0 over each voiced stretch.
fn voiced_pieces(heard: &Heard) -> Vec<Vec<(f64, f64)>> {
    let frames = &heard.reading.f0;
    frames
        .chunk_by(|a, b| a.f0_hz.is_some() == b.f0_hz.is_some())
        .map(|stretch| {
            let points = stretch.iter();
            points
                .filter_map(|frame| Some((frame.time_s, frame.f0_hz?)))
                .collect()
        })
        .filter(|piece: &Vec<_>| !piece.is_empty())
        .collect()
}

/// What is seen; nothing where there was no face.
pub(super) fn face_tracks(album: &Album, seen: &Seen, expressions: &EmotionSet) -> Vec<Track> {
    let moments = &seen.reading.moments;
    if moments.is_empty() {
        return Vec::new();
    }
    let step_s = seen.reading.step_ms / 1000.0;
    let shown = moments.iter().filter_map(|moment| {
        let start_s = moment.time_ms as f64 / 1000.0;
        let probabilities = moment.judged.as_ref().ok()?;
        Some((start_s, start_s + step_s, probabilities.clone()))
    });
    let size = |moment: &Moment| 100.0 * f64::from(moment.square.side) / moment.frame_height as f64;
    let angle = |moment: &Moment, at: usize| Some(f64::from(moment.pose?.angles()[at]));
    let curve = |label: &str, value: &dyn Fn(&Moment) -> Option<f64>| Track {
        label: label.to_owned(),
        mark: Mark::Curve(pieces(moments, seen.reading.step_ms, value)),
    };
    vec![
        Track {
            label: "face".to_owned(),
            mark: Mark::Pictures(thumbnails(album, moments)),
        },
        Track {
            label: "face shows".to_owned(),
            mark: Mark::Shares {
                names: expressions.names().map(str::to_owned).collect(),
                stretches: shown.collect(),
            },
        },
        curve("its height (%)", &|moment| Some(size(moment))),
        curve("head to the right (°)", &|moment| angle(moment, 0)),
        curve("head up (°)", &|moment| angle(moment, 1)),
    ]
}

/// A value over each stretch of time in which it is known.
fn pieces(
    moments: &[Moment],
    step_ms: f64,
    value: &dyn Fn(&Moment) -> Option<f64>,
) -> Vec<Vec<(f64, f64)>> {
    let known = moments
        .iter()
        .filter_map(|moment| Some((moment.time_ms as f64 / 1000.0, value(moment)?)));
    let known: Vec<(f64, f64)> = known.collect();
    known
        .chunk_by(|a, b| b.0 - a.0 <= 1.5 * step_ms / 1000.0)
        .map(<[_]>::to_vec)
        .collect()
}

/// The face in the middle of equal parts of the clip, where it was seen in them.
fn thumbnails(album: &Album, moments: &[Moment]) -> Vec<Thumbnail> {
    let end_ms = album.last_ms() + 1;
    let of_part = |part: u64| {
        let (start_ms, next_ms) = (end_ms * part / N_FACES, end_ms * (part + 1) / N_FACES);
        let middle_ms = u64::midpoint(start_ms, next_ms);
        let (moment, picture) = moments
            .iter()
            .filter(|moment| (start_ms..next_ms).contains(&moment.time_ms))
            .filter_map(|moment| Some((moment, album.at(moment.time_ms)?)))
            .min_by_key(|(moment, _)| moment.time_ms.abs_diff(middle_ms))?;
        let face = picture.crop(&moment.square.grown(FACE_MARGIN), FACE_SIDE);
        Some(Thumbnail {
            at_ms: middle_ms,
            side: u32::try_from(FACE_SIDE).ok()?,
            grey: face.pixels().to_vec(),
        })
    };
    (0..N_FACES).filter_map(of_part).collect()
}
