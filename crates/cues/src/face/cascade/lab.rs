//! The first round: locally assembled binary features, boosted.
//!
//! Each pixel gets a code of 8 bits: whether the 3 x 3 pixels in the middle of 9 x 9 are at least
//! as bright as each of the eight blocks around them (S. Yan et al. 2008, *Locally assembled binary
//! (LAB) feature with feature-centric cascade for fast and accurate face detection*, CVPR). A view
//! sums a weight for the code at each of its places and gives up as soon as the sum is too small.

use super::WINDOW;
use crate::face::Grey;

/// How many votes are summed between two looks at the threshold.
pub(super) const GROUP: usize = 10;
/// Windows with less spread of brightness hold nothing.
const LEAST_DEVIATION: f64 = 10.0;
/// Side of the block that is compared, and of all nine.
const BLOCK: usize = 3;
const NINE: usize = 3 * BLOCK;

/// One view of a face: frontal, turned to a side, ..
#[derive(Debug, Clone)]
pub(super) struct LabView {
    pub(super) votes: Vec<Vote>,
}

/// A place in the window and what each code there speaks for.
#[derive(Debug, Clone)]
pub(super) struct Vote {
    x: usize,
    y: usize,
    threshold: f32,
    weights: Box<[f32; 256]>,
}

impl Vote {
    /// `None` when the place is not in the window or there are not 256 weights.
    pub(super) fn new((x, y): (usize, usize), threshold: f32, weights: Vec<f32>) -> Option<Self> {
        let is_inside = x + NINE <= WINDOW && y + NINE <= WINDOW;
        let weights = weights.into_boxed_slice().try_into().ok()?;
        is_inside.then_some(Self {
            x,
            y,
            threshold,
            weights,
        })
    }
}

impl LabView {
    /// The score of a window, if it passes.
    pub(super) fn score(&self, codes: &Codes, x: usize, y: usize) -> Option<f32> {
        let mut score = 0.0;
        for group in self.votes.chunks_exact(GROUP) {
            for vote in group {
                let code = codes.at(x + vote.x, y + vote.y);
                score += vote.weights[usize::from(code)];
            }
            if score < group[GROUP - 1].threshold {
                return None;
            }
        }
        Some(score)
    }
}

/// The codes of a picture, and sums to tell how much a window varies.
pub(super) struct Codes {
    width: usize,
    bits: Vec<u8>,
    sums: Vec<u32>,
    /// Modulo 2^32, which differences over a window do not notice.
    squares: Vec<u32>,
}

impl Codes {
    /// Of a picture of at least a window.
    pub(super) fn of(picture: &Grey) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let sums = summed(picture, |pixel| pixel);
        let squares = summed(picture, |pixel| pixel * pixel);
        let across = width + 1;
        let mut blocks = vec![0_u32; width * height];
        for y in 0..=height - BLOCK {
            for x in 0..=width - BLOCK {
                blocks[y * width + x] = rectangle(&sums, across, (x, y), BLOCK);
            }
        }
        let mut codes = vec![0; width * height];
        for y in 0..=height - NINE {
            for x in 0..=width - NINE {
                let block = |right: usize, below: usize| {
                    blocks[(y + below * BLOCK) * width + x + right * BLOCK]
                };
                let middle = block(1, 1);
                let ring = [
                    (0, 0),
                    (1, 0),
                    (2, 0),
                    (0, 1),
                    (2, 1),
                    (0, 2),
                    (1, 2),
                    (2, 2),
                ];
                let code = ring.iter().fold(0, |code, (right, below)| {
                    code << 1 | u8::from(middle >= block(*right, *below))
                });
                codes[y * width + x] = code;
            }
        }
        Self {
            width,
            bits: codes,
            sums,
            squares,
        }
    }

    fn at(&self, x: usize, y: usize) -> u8 {
        self.bits[y * self.width + x]
    }

    /// Whether a window varies enough to hold a face.
    pub(super) fn varies(&self, x: usize, y: usize) -> bool {
        let area = (WINDOW * WINDOW) as f64;
        let mean = |sums| f64::from(rectangle(sums, self.width + 1, (x, y), WINDOW)) / area;
        let variance = mean(&self.squares) - mean(&self.sums).powi(2);
        variance > LEAST_DEVIATION.powi(2)
    }
}

/// Sums over all pixels above and to the left, with a row and a column of zeros first.
fn summed(picture: &Grey, value: impl Fn(u32) -> u32) -> Vec<u32> {
    let across = picture.width() + 1;
    let mut sums = vec![0_u32; across * (picture.height() + 1)];
    for (y, row) in picture.pixels().chunks_exact(picture.width()).enumerate() {
        let (above, below) = sums.split_at_mut((y + 1) * across);
        let above = &above[y * across..];
        let mut so_far = 0_u32;
        for (x, pixel) in row.iter().enumerate() {
            so_far = so_far.wrapping_add(value(u32::from(*pixel)));
            below[x + 1] = above[x + 1].wrapping_add(so_far);
        }
    }
    sums
}

fn rectangle(sums: &[u32], across: usize, (x, y): (usize, usize), side: usize) -> u32 {
    let (top, bottom) = (y * across + x, (y + side) * across + x);
    sums[bottom + side]
        .wrapping_add(sums[top])
        .wrapping_sub(sums[bottom])
        .wrapping_sub(sums[top + side])
}
