//! Faces made unlike themselves: turned, moved, nearer, mirrored, in other light, less sharp.

use serde::{Deserialize, Serialize};
use smes_cues::face::head::HeadPose;
use smes_cues::face::{Grey, Square, standardised};
use smes_nn::RandomStream;

use super::gallery::View;
use crate::recipe::Bound;

/// How far training faces are varied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceAugment {
    /// Turned by up to this angle, in radians.
    pub turn: f64,
    /// Larger or smaller by up to this share.
    pub scale: f64,
    /// Moved by up to this share of the face.
    pub shift: f64,
    /// Contrast raised or lowered by up to this share.
    pub light: f64,
    /// Share of faces that are made coarse, as if from a small picture.
    pub coarse_share: f64,
    /// Side of the coarsest, in pixels.
    pub coarsest: usize,
    /// Share of faces of which a rectangle is covered.
    pub cover_share: f64,
}

/// A face to learn from: a wider part of the photograph, so that it can be moved.
#[derive(Clone)]
pub(crate) struct Wide(Grey);

/// How a copy was moved: turned first, then mirrored.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Moved {
    /// Clockwise, in radians.
    turn: f64,
    /// Larger by this share.
    scale: f64,
    /// To the left and up, in pixels.
    shift: [f64; 2],
    is_mirrored: bool,
}

impl Moved {
    /// The pose of the copy of a head.
    #[expect(clippy::cast_possible_truncation, reason = "degrees")]
    pub(crate) fn pose(&self, head: HeadPose) -> HeadPose {
        let turned = HeadPose {
            roll: head.roll + self.turn.to_degrees() as f32,
            ..head
        };
        if self.is_mirrored {
            turned.mirrored()
        } else {
            turned
        }
    }
}

impl Wide {
    /// How much wider than the face.
    const FACTOR: f32 = 1.5;

    /// The face, turned clockwise by an angle in degrees.
    pub(crate) fn turned(&self, side: usize, degrees: f32) -> Grey {
        let turn = f64::from(degrees).to_radians();
        self.moved(
            side,
            &Moved {
                turn,
                ..Moved::default()
            },
        )
    }

    /// The middle, moved, by bilinear interpolation.
    fn moved(&self, side: usize, by: &Moved) -> Grey {
        let (sine, cosine) = (-by.turn).sin_cos();
        let mirror = if by.is_mirrored { -1.0 } else { 1.0 };
        let (middle, half) = (self.0.width() as f64 / 2.0, side as f64 / 2.0);
        let mut pixels = Vec::with_capacity(side * side);
        for row in 0..side {
            for column in 0..side {
                let x = (column as f64 + 0.5 - half) * (1.0 + by.scale) * mirror;
                let y = (row as f64 + 0.5 - half) * (1.0 + by.scale);
                let from_x = middle + cosine * x - sine * y + by.shift[0];
                let from_y = middle + sine * x + cosine * y + by.shift[1];
                pixels.push(bilinear(&self.0, from_x - 0.5, from_y - 0.5));
            }
        }
        Grey::new(side, side, pixels).expect("as many pixels as places")
    }
}

impl View for Wide {
    fn of(picture: &Grey, square: &Square, side: usize) -> Self {
        Self(picture.crop(&square.grown(Self::FACTOR), side + side / 2))
    }
}

impl FaceAugment {
    /// What its fields may be, for messages about a recipe.
    pub(crate) fn bounds(&self) -> [(&'static str, Bound); 7] {
        [
            ("augment.turn", Bound::at_least_0(self.turn)),
            ("augment.scale", Bound::share(self.scale)),
            ("augment.shift", Bound::share(self.shift)),
            ("augment.light", Bound::share(self.light)),
            ("augment.coarse_share", Bound::share(self.coarse_share)),
            ("augment.coarsest", Bound::at_least_1(self.coarsest)),
            ("augment.cover_share", Bound::share(self.cover_share)),
        ]
    }

    /// A varied copy, standardised, `side x side` numbers, and how it was moved. The same stream gives the
    /// same copy.
    pub(crate) fn vary(&self, face: &Wide, side: usize, stream: RandomStream) -> (Vec<f32>, Moved) {
        let between = |at, most: f64| most * (2.0 * stream.uniform(at) - 1.0);
        let moved = Moved {
            turn: -between(0, self.turn),
            scale: between(1, self.scale),
            shift: [2, 3].map(|at| between(at, self.shift) * side as f64),
            is_mirrored: stream.uniform(4) < 0.5,
        };
        let mut copy = face.moved(side, &moved);
        if stream.uniform(5) < self.coarse_share {
            let finest = side - self.coarsest.min(side);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a side"
            )]
            let coarse = self.coarsest + (stream.uniform(6) * finest as f64) as usize;
            copy = copy.resized(coarse, coarse).resized(side, side);
        }
        let mut values = standardised(&copy);
        #[expect(clippy::cast_possible_truncation, reason = "a factor near 1")]
        let contrast = (1.0 + between(7, self.light)) as f32;
        for value in &mut values {
            *value *= contrast;
        }
        if stream.uniform(8) < self.cover_share {
            cover(&mut values, side, stream.named("cover"));
        }
        (values, moved)
    }
}

/// The brightness between four pixels; beyond the edge, that of the edge.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "places held within the picture, a mean of bytes"
)]
fn bilinear(picture: &Grey, x: f64, y: f64) -> u8 {
    let (width, height) = (picture.width(), picture.height());
    let x = x.clamp(0.0, (width - 1) as f64);
    let y = y.clamp(0.0, (height - 1) as f64);
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(width - 1), (top + 1).min(height - 1));
    let at = |x: usize, y: usize| f64::from(picture.pixels()[y * width + x]);
    let between = |a: f64, b: f64, share: f64| a + share * (b - a);
    let upper = between(at(left, top), at(right, top), x.fract());
    let lower = between(at(left, bottom), at(right, bottom), x.fract());
    (between(upper, lower, y.fract()) + 0.5) as u8
}

/// Sets a square, a sixth to two fifths of the side long, to the mean.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of a side"
)]
fn cover(values: &mut [f32], side: usize, stream: RandomStream) {
    let length = (side as f64 * (0.16 + 0.24 * stream.uniform(0))) as usize;
    let place = |at| (stream.uniform(at) * (side - length) as f64) as usize;
    let (left, top) = (place(1), place(2));
    for row in values.chunks_exact_mut(side).skip(top).take(length) {
        row[left..left + length].fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: FaceAugment = FaceAugment {
        turn: 0.0,
        scale: 0.0,
        shift: 0.0,
        light: 0.0,
        coarse_share: 0.0,
        coarsest: 12,
        cover_share: 0.0,
    };

    fn picture() -> Grey {
        // Curved, so that a moved part differs in more than its mean.
        let pixel = |at: usize| u8::try_from((at % 60).pow(2) / 20 + at / 60).unwrap();
        Grey::new(60, 60, (0..3_600).map(pixel).collect()).unwrap()
    }

    const SQUARE: Square = Square {
        x: 18.0,
        y: 18.0,
        side: 24.0,
    };

    #[test]
    fn without_variation_a_face_is_itself_or_its_mirror_image() {
        let wide = Wide::of(&picture(), &SQUARE, 24);
        let face = standardised(&picture().crop(&SQUARE, 24));
        let mirrored: Vec<f32> = face
            .chunks_exact(24)
            .flat_map(|row| row.iter().rev().copied())
            .collect();
        let mut found = [false; 2];
        for seed in 0..20 {
            let (copy, moved) = NONE.vary(&wide, 24, RandomStream::new(seed));
            let near = |other: &[f32]| copy.iter().zip(other).all(|(a, b)| (a - b).abs() < 0.05);
            assert!(near(&face) || near(&mirrored));
            assert_eq!(moved.is_mirrored, near(&mirrored));
            found[usize::from(near(&mirrored))] = true;
        }
        assert_eq!(found, [true, true]);
    }

    #[test]
    fn each_variation_changes_the_face_and_the_same_stream_gives_the_same_copy() {
        let wide = Wide::of(&picture(), &SQUARE, 24);
        let vary = |augment: &FaceAugment| augment.vary(&wide, 24, RandomStream::new(3)).0;
        let plain = vary(&NONE);
        for augment in [
            FaceAugment { turn: 0.3, ..NONE },
            FaceAugment { scale: 0.2, ..NONE },
            FaceAugment { shift: 0.1, ..NONE },
            FaceAugment { light: 0.3, ..NONE },
            FaceAugment {
                coarse_share: 1.0,
                ..NONE
            },
            FaceAugment {
                cover_share: 1.0,
                ..NONE
            },
        ] {
            let copy = vary(&augment);
            assert_eq!(copy.len(), 24 * 24);
            assert_ne!(copy, plain, "{augment:?}");
            assert_eq!(copy, vary(&augment));
        }
    }
    #[test]
    fn a_face_turned_clockwise_is_so_and_its_pose_with_it() {
        let picture = picture();
        let wide = Wide::of(&picture, &SQUARE, 24);
        // A quarter turn clockwise: the upper row comes from the left column, from below.
        let turned = wide.turned(24, 90.0);
        let face = picture.crop(&SQUARE, 24);
        for at in 0..24 {
            let (found, expected) = (turned.pixels()[at], face.pixels()[(23 - at) * 24]);
            assert!(found.abs_diff(expected) <= 1, "{at}: {found} {expected}");
        }
        let by = Moved {
            turn: 0.5,
            is_mirrored: true,
            ..Moved::default()
        };
        let pose = by.pose(HeadPose::from([10.0, 5.0, 2.0]));
        assert_eq!((pose.yaw, pose.pitch), (-10.0, 5.0));
        assert!((pose.roll + 2.0 + 0.5_f32.to_degrees()).abs() < 1e-4);
    }
}
