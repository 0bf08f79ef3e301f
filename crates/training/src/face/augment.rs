//! Faces made unlike themselves: turned, moved, nearer, mirrored, in other light, less sharp.

use serde::{Deserialize, Serialize};
use smes_cues::face::{Grey, Square, expression::standardised};
use smes_nn::RandomStream;

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
pub(super) struct Wide(Grey);

impl Wide {
    /// How much wider than the face.
    const FACTOR: f32 = 1.5;

    /// The face at a square, later read with this side.
    pub(super) fn of(picture: &Grey, square: &Square, side: usize) -> Self {
        Self(picture.crop(&square.grown(Self::FACTOR), side + side / 2))
    }
}

impl FaceAugment {
    /// A varied copy, standardised, `side x side` numbers. The same stream gives the same copy.
    pub(super) fn vary(&self, face: &Wide, side: usize, stream: RandomStream) -> Vec<f32> {
        let between = |at, most: f64| most * (2.0 * stream.uniform(at) - 1.0);
        let mut copy = self.moved(&face.0, side, stream);
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
        values
    }

    /// The middle of a wide face, turned, scaled, shifted and mirrored, by bilinear interpolation.
    fn moved(&self, wide: &Grey, side: usize, stream: RandomStream) -> Grey {
        let between = |at, most: f64| most * (2.0 * stream.uniform(at) - 1.0);
        let (sine, cosine) = between(0, self.turn).sin_cos();
        let scale = 1.0 + between(1, self.scale);
        let shift = [2, 3].map(|at| between(at, self.shift) * side as f64);
        let mirror = if stream.uniform(4) < 0.5 { -1.0 } else { 1.0 };
        let middle = wide.width() as f64 / 2.0;
        let mut pixels = Vec::with_capacity(side * side);
        for row in 0..side {
            for column in 0..side {
                let half = side as f64 / 2.0;
                let x = (column as f64 + 0.5 - half) * scale * mirror;
                let y = (row as f64 + 0.5 - half) * scale;
                let from_x = middle + cosine * x - sine * y + shift[0];
                let from_y = middle + sine * x + cosine * y + shift[1];
                pixels.push(bilinear(wide, from_x - 0.5, from_y - 0.5));
            }
        }
        Grey::new(side, side, pixels).expect("as many pixels as places")
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
            let copy = NONE.vary(&wide, 24, RandomStream::new(seed));
            let near = |other: &[f32]| copy.iter().zip(other).all(|(a, b)| (a - b).abs() < 0.05);
            assert!(near(&face) || near(&mirrored));
            found[usize::from(near(&mirrored))] = true;
        }
        assert_eq!(found, [true, true]);
    }

    #[test]
    fn each_variation_changes_the_face_and_the_same_stream_gives_the_same_copy() {
        let wide = Wide::of(&picture(), &SQUARE, 24);
        let plain = NONE.vary(&wide, 24, RandomStream::new(3));
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
            let copy = augment.vary(&wide, 24, RandomStream::new(3));
            assert_eq!(copy.len(), 24 * 24);
            assert_ne!(copy, plain, "{augment:?}");
            assert_eq!(copy, augment.vary(&wide, 24, RandomStream::new(3)));
        }
    }
}
