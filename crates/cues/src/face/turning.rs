//! How a head was turned over time: on the whole, and how much of the time it was lowered or turned
//! aside, against how the person usually holds it.
//!
//! Only moments count in which the face could be read. A head that is turned so far that no face is
//! found is in no share; it counts as away.

use super::head::HeadPose;
use super::reader::FaceReading;
use crate::stats::quantile;

/// Moments below which nothing is said: a second of pictures.
const LEAST_MOMENTS: usize = 8;
/// Degrees below the usual from which a head is lowered, and to a side of it from which it is turned
/// aside: some four times as far as a reading lies off.
const LOWERED_DEG: f64 = 15.0;
const ASIDE_DEG: f64 = 20.0;

/// How a head was turned over the time of a clip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Turning {
    /// Median yaw, pitch and roll, in degrees; see [`HeadPose`].
    pub angles: [f64; 3],
    /// Share of the moments in which it was lowered.
    pub lowered_share: f64,
    /// Share of the moments in which it was turned aside.
    pub aside_share: f64,
}

/// How a person usually holds the head, in degrees. Before that is known it is towards the camera.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct UsualHead {
    /// Yaw.
    pub yaw: f64,
    /// Pitch.
    pub pitch: f64,
}

impl Turning {
    /// Of a reading; none where there was too little to see.
    pub fn of(reading: &FaceReading, usual: UsualHead) -> Option<Self> {
        let poses: Vec<HeadPose> = reading.moments.iter().filter_map(|m| m.pose).collect();
        if poses.len() < LEAST_MOMENTS {
            return None;
        }
        let share = |is_so: &dyn Fn(&HeadPose) -> bool| {
            poses.iter().filter(|pose| is_so(pose)).count() as f64 / poses.len() as f64
        };
        let lowered = |pose: &HeadPose| f64::from(pose.pitch) <= usual.pitch - LOWERED_DEG;
        let aside = |pose: &HeadPose| (f64::from(pose.yaw) - usual.yaw).abs() >= ASIDE_DEG;
        let median = |at: usize| {
            let angle = |pose: &HeadPose| f64::from(pose.angles()[at]);
            quantile(&poses.iter().map(angle).collect::<Vec<_>>(), 0.5)
        };
        Some(Self {
            angles: [median(0)?, median(1)?, median(2)?],
            lowered_share: share(&lowered),
            aside_share: share(&aside),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::face::{Flaw, Moment, Square};
    use proptest::prelude::*;

    fn reading(poses: &[Option<[f32; 3]>]) -> FaceReading {
        let moment = |(at, pose): (usize, &Option<[f32; 3]>)| Moment {
            time_ms: at as u64 * 125,
            square: Square::around((100.0, 100.0), 60.0),
            frame_height: 240,
            pose: pose.map(HeadPose::from),
            judged: Err(Flaw::Blurred),
        };
        FaceReading {
            n_frames: poses.len(),
            step_ms: 125.0,
            brightness: 120.0,
            moments: poses.iter().enumerate().map(moment).collect(),
            n_others: 0,
        }
    }

    #[test]
    fn a_head_that_is_lowered_half_of_the_time_is_so_against_its_usual() {
        let mut poses = vec![Some([2.0, 1.0, 0.0]); 10];
        poses.extend(vec![Some([2.0, -18.0, 5.0]); 10]);
        poses.extend(vec![None; 5]);
        let found = Turning::of(&reading(&poses), UsualHead::default()).unwrap();
        for (angle, expected) in found.angles.into_iter().zip([2.0, -8.5, 2.5]) {
            assert!((angle - expected).abs() < 1e-9, "{found:?}");
        }
        assert_eq!((found.lowered_share, found.aside_share), (0.5, 0.0));
        // Who always looks down at the camera is not lowered.
        let usual = UsualHead {
            yaw: 25.0,
            pitch: -10.0,
        };
        let found = Turning::of(&reading(&poses), usual).unwrap();
        assert_eq!((found.lowered_share, found.aside_share), (0.0, 1.0));
    }

    #[test]
    fn less_than_a_second_says_nothing() {
        let poses = vec![Some([0.0; 3]); LEAST_MOMENTS - 1];
        assert_eq!(Turning::of(&reading(&poses), UsualHead::default()), None);
    }

    proptest! {
        #[test]
        fn a_mirrored_clip_is_turned_the_other_way_and_as_much(
            poses in prop::collection::vec(prop::array::uniform3(-60.0_f32..60.0), 8..40),
            yaw in -10.0_f64..10.0,
        ) {
            let whole: Vec<_> = poses.iter().copied().map(Some).collect();
            let image: Vec<_> = poses.iter().map(|[yaw, pitch, roll]| Some([-yaw, *pitch, -roll])).collect();
            let of = |poses: &[_], yaw| Turning::of(&reading(poses), UsualHead { yaw, pitch: 0.0 }).unwrap();
            let (whole, image) = (of(&whole, yaw), of(&image, -yaw));
            for (at, sign) in [-1.0, 1.0, -1.0].into_iter().enumerate() {
                prop_assert!((whole.angles[at] - sign * image.angles[at]).abs() < 1e-5);
            }
            prop_assert!((whole.lowered_share - image.lowered_share).abs() < 1e-9);
            prop_assert!((whole.aside_share - image.aside_share).abs() < 1e-9);
        }
    }
}
