//! What was seen, as numbers with units.

use smes_dialogue::{EmotionSet, Feature};

use super::head::HeadPose;
use super::reader::FaceReading;
use super::timeline::Timeline;
use super::turning::Turning;

/// The features of a reading; none where no face was seen.
///
/// | feature | unit | what |
/// |---|---|---|
/// | `face.seen_share` | 1 | frames in which the face was seen |
/// | `face.judged_share` | 1 | of those, frames in which it could be judged |
/// | `face.away_share` | 1 | frames, from its first sight on, in which it was turned away or hidden |
/// | `face.size` | 1 | its height, of the picture's |
/// | `face.motion` | 1/s | face widths a second |
/// | `face.head_yaw` | deg | median; the nose to the right of the picture (positive) or to its left |
/// | `face.head_pitch` | deg | median; the nose up (positive) or down |
/// | `face.head_roll` | deg | median; the head tilted clockwise (positive) or the other way |
/// | `face.head_error` | deg | how far one reading of yaw or pitch lies off, on average |
/// | `face.head_lowered_share` | 1 | time, of that in which it could be read, with the head lowered |
/// | `face.head_aside_share` | 1 | the same with the head turned to a side |
/// | `face.like_X` | 1 | mean calibrated probability of expression X |
/// | `face.share_X` | 1 | judged time in episodes of expression X |
/// | `face.onset_X` | s | first onset of an episode of X that does not begin with the clip |
/// | `face.changes` | 1/min | how often one expression gave way to another |
pub fn features(
    reading: &FaceReading,
    timeline: &Timeline,
    expressions: &EmotionSet,
) -> Vec<Feature> {
    let Some(first) = reading.moments.first() else {
        return Vec::new();
    };
    let n_seen = reading.moments.len() as f64;
    let size = |moment: &super::Moment| f64::from(moment.square.side) / moment.frame_height as f64;
    let mut all = vec![
        feature("seen_share", n_seen / reading.n_frames as f64, "1"),
        feature("judged_share", timeline.n_judged as f64 / n_seen, "1"),
        feature("away_share", timeline.away_share, "1"),
        feature(
            "size",
            reading.moments.iter().map(size).sum::<f64>() / n_seen,
            "1",
        ),
    ];
    all.extend(timeline.motion.map(|speed| feature("motion", speed, "1/s")));
    if timeline.n_judged == 0 {
        return all;
    }
    for (idx, name) in expressions.names().enumerate() {
        all.push(feature(
            &format!("like_{name}"),
            timeline.likelihoods[idx],
            "1",
        ));
        all.push(feature(&format!("share_{name}"), timeline.shares[idx], "1"));
        let onset = timeline
            .episodes
            .iter()
            .find(|episode| episode.expression == idx && episode.start_ms > first.time_ms);
        all.extend(onset.map(|episode| {
            feature(
                &format!("onset_{name}"),
                episode.start_ms as f64 / 1000.0,
                "s",
            )
        }));
    }
    let judged_min = timeline.n_judged as f64 * reading.step_ms / 60_000.0;
    if judged_min > 0.0 {
        let changes = timeline.n_changes as f64 / judged_min;
        all.push(feature("changes", changes, "1/min"));
    }
    all
}

/// The features of how a head was turned; `error` is how far one reading lies off, on average.
pub fn head_features(turning: &Turning, error: HeadPose) -> Vec<Feature> {
    let [yaw, pitch, roll] = turning.angles;
    vec![
        feature("head_yaw", yaw, "deg"),
        feature("head_pitch", pitch, "deg"),
        feature("head_roll", roll, "deg"),
        feature("head_error", f64::from(error.yaw.max(error.pitch)), "deg"),
        feature("head_lowered_share", turning.lowered_share, "1"),
        feature("head_aside_share", turning.aside_share, "1"),
    ]
}

fn feature(name: &str, value: f64, unit: &str) -> Feature {
    Feature {
        name: format!("face.{name}"),
        value,
        unit: unit.to_owned(),
        relative_to_baseline: None,
    }
}
