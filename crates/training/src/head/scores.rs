//! How far what is read lies from the labels, beside a control; and two checks that need no labels.

use serde::{Deserialize, Serialize};
use smes_cues::face::head::{HeadNet, HeadPose};
use smes_cues::face::{Grey, mirrored};
use smes_nn::NnError;

use super::poses::Judged;
use crate::face::gallery::read_faces;

/// By how much photographs are turned to check what is read of them, in degrees.
const TURNS: [f32; 4] = [-30.0, -15.0, 15.0, 30.0];
/// Sizes of yaw, in degrees, that begin a row of [`HeadScores::by_yaw`].
const YAWS: [f32; 4] = [0.0, 10.0, 20.0, 30.0];

/// How well one angle was read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AngleScores {
    /// Mean distance from the label, in degrees.
    pub error: f64,
    /// The same of always saying the mean of the training faces.
    pub control: f64,
    /// Correlation with the label.
    pub correlation: f64,
}

/// Mean distance of what is read from what must be, in degrees.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoseGap {
    /// Readings.
    pub n: usize,
    /// Of each angle.
    pub gap: HeadPose,
}

/// How well heads were read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadScores {
    /// Faces.
    pub n: usize,
    /// Of yaw.
    pub yaw: AngleScores,
    /// Of pitch.
    pub pitch: AngleScores,
    /// Of roll.
    pub roll: AngleScores,
    /// By the size of the label's yaw: its least, and the gap from the labels.
    pub by_yaw: Vec<(f32, PoseGap)>,
    /// A mirror image, read by itself, against the mirrored reading of the face.
    pub mirrored: PoseGap,
    /// A face turned in its plane by a known angle, against its reading before.
    pub turned: PoseGap,
}

/// What is read of photographs.
pub(super) fn read(net: &HeadNet, photos: &[Judged]) -> Result<Vec<HeadPose>, NnError> {
    read_faces(faces(photos), |some| net.poses(some))
}

fn faces(photos: &[Judged]) -> impl Iterator<Item = &Grey> {
    photos.iter().map(|photo| &photo.view.face)
}

/// Mean distance of pairs of poses.
pub(super) fn gap(pairs: impl Iterator<Item = (HeadPose, HeadPose)>) -> PoseGap {
    let (mut sums, mut n) = ([0.0_f64; 3], 0);
    for (a, b) in pairs {
        n += 1;
        for (sum, (a, b)) in sums.iter_mut().zip(a.angles().into_iter().zip(b.angles())) {
            *sum += f64::from(a - b).abs();
        }
    }
    #[expect(clippy::cast_possible_truncation, reason = "degrees")]
    let mean = sums.map(|sum| (sum / n.max(1) as f64) as f32);
    PoseGap {
        n,
        gap: HeadPose::from(mean),
    }
}

impl HeadScores {
    /// Of a network; `mean` is that of the training faces.
    pub(super) fn of(net: &HeadNet, photos: &[Judged], mean: HeadPose) -> Result<Self, NnError> {
        let found = read(net, photos)?;
        let gold: Vec<HeadPose> = photos.iter().map(|photo| photo.label).collect();
        let angle = |at: usize| {
            let of = |poses: &[HeadPose]| -> Vec<f64> {
                poses
                    .iter()
                    .map(|pose| f64::from(pose.angles()[at]))
                    .collect()
            };
            AngleScores::of(&of(&found), &of(&gold), f64::from(mean.angles()[at]))
        };
        let row = |(at, least): (usize, &f32)| {
            let most = YAWS.get(at + 1).copied().unwrap_or(f32::INFINITY);
            let is_in = |(_, gold): &(HeadPose, HeadPose)| (*least..most).contains(&gold.yaw.abs());
            let pairs = found.iter().copied().zip(gold.iter().copied());
            (*least, gap(pairs.filter(is_in)))
        };
        Ok(Self {
            n: photos.len(),
            yaw: angle(0),
            pitch: angle(1),
            roll: angle(2),
            by_yaw: YAWS.iter().enumerate().map(row).collect(),
            mirrored: mirror_gap(net, photos)?,
            turned: turn_gap(net, photos, &found)?,
        })
    }
}

/// How far the network alone is from reading a mirror image as one.
fn mirror_gap(net: &HeadNet, photos: &[Judged]) -> Result<PoseGap, NnError> {
    let images: Vec<Grey> = faces(photos).map(mirrored).collect();
    let plain = |some: &[&Grey]| net.plain(some);
    let (found, of_images) = (
        read_faces(faces(photos), plain)?,
        read_faces(&images, plain)?,
    );
    let back = of_images.into_iter().map(HeadPose::mirrored);
    Ok(gap(found.into_iter().zip(back)))
}

/// How far what is read of turned faces is from what was read of them before, and the turn.
fn turn_gap(net: &HeadNet, photos: &[Judged], before: &[HeadPose]) -> Result<PoseGap, NnError> {
    let mut pairs = Vec::new();
    for turn in TURNS {
        let turned = |photo: &Judged| photo.view.wide.turned(net.side(), turn);
        let faces: Vec<Grey> = photos.iter().map(turned).collect();
        let expected = before.iter().map(|pose| HeadPose {
            roll: pose.roll + turn,
            ..*pose
        });
        pairs.extend(
            read_faces(&faces, |some| net.poses(some))?
                .into_iter()
                .zip(expected),
        );
    }
    Ok(gap(pairs.into_iter()))
}

impl AngleScores {
    fn of(found: &[f64], gold: &[f64], mean: f64) -> Self {
        let n = gold.len().max(1) as f64;
        let off = |(a, b): (&f64, &f64)| (a - b).abs();
        Self {
            error: found.iter().zip(gold).map(off).sum::<f64>() / n,
            control: gold.iter().map(|gold| (gold - mean).abs()).sum::<f64>() / n,
            correlation: correlation(found, gold),
        }
    }
}

/// Pearson's; 0 where one of the two does not vary.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut squares_a, mut squares_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        both += (a - mean_a) * (b - mean_b);
        squares_a += (a - mean_a).powi(2);
        squares_b += (b - mean_b).powi(2);
    }
    let spread = (squares_a * squares_b).sqrt();
    if spread > 0.0 { both / spread } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_control_and_correlation_by_hand() {
        let scores = AngleScores::of(&[1.0, 2.0, 6.0], &[0.0, 4.0, 5.0], 1.0);
        assert!((scores.error - 4.0 / 3.0).abs() < 1e-12);
        assert!((scores.control - 8.0 / 3.0).abs() < 1e-12);
        // (-2 * -3 + -1 * 1 + 3 * 2) / sqrt(14 * 14)
        assert!((scores.correlation - 11.0 / 14.0).abs() < 1e-12);
        assert!(correlation(&[1.0, 1.0], &[0.0, 2.0]).abs() < 1e-12);
    }

    #[test]
    fn the_gap_of_each_angle_is_its_own() {
        let pairs = [
            (
                HeadPose::from([1.0, 2.0, 3.0]),
                HeadPose::from([0.0, 2.0, 5.0]),
            ),
            (
                HeadPose::from([0.0, 0.0, 0.0]),
                HeadPose::from([3.0, 0.0, 0.0]),
            ),
        ];
        let found = gap(pairs.into_iter());
        assert_eq!((found.n, found.gap), (2, HeadPose::from([2.0, 0.0, 1.0])));
    }
}
