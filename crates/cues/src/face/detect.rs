//! Faces anywhere in a picture, and a known face near where it was.

use super::cascade::{Cascade, Found};
use super::picture::{Grey, Square};
use crate::CueError;

const MODEL: &[u8] = include_bytes!("../../../../models/face/detector.bin");
/// Longer side of the picture in which faces are searched for, in pixels. Faces are found from an
/// eighth of it on: at arm's length a face takes a third of a camera's picture or more.
const SEARCH_SIDE: usize = 320;
/// The part of the picture that is searched for a known face, in sides of it, and its size in
/// pixels: the face is found if it is at least 0.71 and at most twice as large as it was.
const NEAR: f32 = 2.0;
const NEAR_SIDE: usize = 112;
/// A photograph of a face is looked at with this much around it, so that a face that fills it is
/// found too, in so many pixels.
const PORTRAIT: f32 = 1.6;
const PORTRAIT_SIDE: usize = 154;
/// What overlaps more with where a face was is that face.
const SAME_FACE: f32 = 0.2;
/// Scores from which a window is a face, anywhere and where one was just before.
const SURE: f64 = 2.5;
const SURE_NEAR: f64 = 1.0;

/// Looks for faces.
#[derive(Debug, Clone)]
pub struct FaceDetector {
    cascade: Cascade,
}

impl FaceDetector {
    /// The detector that ships with the program.
    ///
    /// # Errors
    /// [`CueError::Model`] when the embedded file is damaged, which a test of this crate rules out.
    pub fn embedded() -> Result<Self, CueError> {
        let cascade = Cascade::parse(MODEL).ok_or_else(|| CueError::Model {
            model: "models/face/detector.bin (embedded)".to_owned(),
            reason: "it is no face detector".to_owned(),
        })?;
        Ok(Self { cascade })
    }

    /// Faces of a picture, the surest first, in its pixels.
    pub fn everywhere(&self, picture: &Grey) -> Vec<Found> {
        let longer = picture.width().max(picture.height());
        let side = |size: usize| (size * SEARCH_SIDE / longer).max(1);
        let factor = longer as f32 / SEARCH_SIDE as f32;
        if factor <= 1.0 {
            return self.cascade.find(picture, SURE);
        }
        let small = picture.resized(side(picture.width()), side(picture.height()));
        let found = self.cascade.find(&small, SURE);
        let back = |found: Found| placed(found, (0.0, 0.0), factor);
        found.into_iter().map(back).collect()
    }

    /// The face that was at `was` in the picture before, in pixels of this one; none where it is not found
    /// there.
    pub fn near(&self, picture: &Grey, was: &Square) -> Option<Found> {
        let overlap = |found: &Found| found.square.overlap(was);
        self.within(picture, &was.grown(NEAR), NEAR_SIDE)
            .filter(|found| overlap(found) > SAME_FACE)
            .max_by(|a, b| overlap(a).total_cmp(&overlap(b)))
    }

    /// The face of a photograph that shows little else, even if it is cut off, in pixels of it.
    pub fn portrait(&self, picture: &Grey) -> Option<Found> {
        let (width, height) = (picture.width() as f32, picture.height() as f32);
        let whole = Square::around((width / 2.0, height / 2.0), width.max(height));
        self.within(picture, &whole.grown(PORTRAIT), PORTRAIT_SIDE)
            .max_by(|a, b| a.score.total_cmp(&b.score))
    }

    /// Faces of a part of a picture, looked for in `side` pixels.
    fn within(&self, picture: &Grey, part: &Square, side: usize) -> impl Iterator<Item = Found> {
        let (corner, factor) = ((part.x, part.y), part.side / side as f32);
        let found = self.cascade.find(&picture.crop(part, side), SURE_NEAR);
        found
            .into_iter()
            .map(move |found| placed(found, corner, factor))
    }
}

/// A face of a part of a picture, whose pixels are so many of the picture's, in the picture.
fn placed(found: Found, (x, y): (f32, f32), factor: f32) -> Found {
    Found {
        square: Square {
            x: x + found.square.x * factor,
            y: y + found.square.y * factor,
            side: found.square.side * factor,
        },
        ..found
    }
}
