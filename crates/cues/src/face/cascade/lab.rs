//! The first round: locally assembled binary features, boosted.
//!
//! Each pixel gets a code of 8 bits: whether the 3 x 3 pixels in the middle of 9 x 9 are at least
//! as bright as each of the eight blocks around them (S. Yan et al. 2008, *Locally assembled binary
//! (LAB) feature with feature-centric cascade for fast and accurate face detection*, CVPR). A view
//! sums a weight for the code at each of its places and gives up as soon as the sum is too small.

use super::{STRIDE, WINDOW};
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
        let (codes, width) = (codes.from(x, y), codes.width);
        for group in self.votes.chunks_exact(GROUP) {
            for vote in group {
                let code = codes[vote.y * width + vote.x];
                score += vote.weights[usize::from(code)];
            }
            if score < group[GROUP - 1].threshold {
                return None;
            }
        }
        Some(score)
    }
}

/// The codes of a picture, and how much its windows vary.
pub(super) struct Codes {
    width: usize,
    bits: Vec<u8>,
    spread: Spread,
}

impl Codes {
    /// Of a picture of at least a window.
    pub(super) fn of(picture: &Grey) -> Self {
        let (width, height) = (picture.width(), picture.height());
        let blocks = blocks(picture);
        let mut bits = vec![0; width * height];
        for (y, codes) in bits.chunks_exact_mut(width).enumerate() {
            if y + NINE > height {
                break;
            }
            let row = |down: usize| &blocks[(y + down * BLOCK) * width..][..width];
            code_row([row(0), row(1), row(2)], &mut codes[..=width - NINE]);
        }
        Self {
            width,
            bits,
            spread: Spread::of(picture),
        }
    }

    /// The codes from a place on, row by row.
    fn from(&self, x: usize, y: usize) -> &[u8] {
        &self.bits[y * self.width + x..]
    }

    /// Whether a window at a multiple of [`STRIDE`] varies enough to hold a face.
    pub(super) fn varies(&self, x: usize, y: usize) -> bool {
        self.spread.variance(x / STRIDE, y / STRIDE) > LEAST_DEVIATION.powi(2)
    }
}

/// Sums of 3 x 3 pixels, by the place of the first; those that do not fit are of no use.
fn blocks(picture: &Grey) -> Vec<i16> {
    let width = picture.width();
    let mut blocks = vec![0; width * picture.height()];
    for row in 0..=picture.height() - BLOCK {
        let rows = &picture.pixels()[row * width..][..BLOCK * width];
        let mut columns = vec![0; width];
        for row in rows.chunks_exact(width) {
            for (column, pixel) in columns.iter_mut().zip(row) {
                *column += i16::from(*pixel);
            }
        }
        for (block, three) in blocks[row * width..].iter_mut().zip(columns.windows(BLOCK)) {
            *block = three[0] + three[1] + three[2];
        }
    }
    blocks
}

/// The codes of a row from the three rows of blocks that it is made of.
fn code_row([upper, middle, lower]: [&[i16]; 3], codes: &mut [u8]) {
    let n = codes.len();
    let centre = &middle[BLOCK..][..n];
    let ring = [
        (upper, 0),
        (upper, 1),
        (upper, 2),
        (middle, 0),
        (middle, 2),
        (lower, 0),
        (lower, 1),
        (lower, 2),
    ];
    for (row, right) in ring {
        let blocks = &row[right * BLOCK..][..n];
        for ((code, centre), block) in codes.iter_mut().zip(centre).zip(blocks) {
            *code = *code << 1 | u8::from(centre >= block);
        }
    }
}

/// Sums of brightness and of its square, over all cells of [`STRIDE`] pixels a side above and to the
/// left, with a row and a column of zeros first.
struct Spread {
    across: usize,
    sums: Vec<[u64; 2]>,
}

impl Spread {
    fn of(picture: &Grey) -> Self {
        let n_cells = picture.width() / STRIDE;
        let across = n_cells + 1;
        let mut sums = vec![[0; 2]; across];
        let rows = picture.pixels().chunks_exact(STRIDE * picture.width());
        for (at, rows) in rows.enumerate() {
            let mut cells = vec![[0_u32; 2]; n_cells];
            for row in rows.chunks_exact(picture.width()) {
                for (cell, four) in cells.iter_mut().zip(row.chunks_exact(STRIDE)) {
                    for pixel in four.iter().map(|pixel| u32::from(*pixel)) {
                        cell[0] += pixel;
                        cell[1] += pixel * pixel;
                    }
                }
            }
            sums.push([0; 2]);
            let mut so_far = [0; 2];
            for (x, cell) in cells.iter().enumerate() {
                let above = sums[at * across + x + 1];
                so_far = [0, 1].map(|of| so_far[of] + u64::from(cell[of]));
                sums.push([0, 1].map(|of| above[of] + so_far[of]));
            }
        }
        Self { across, sums }
    }

    /// Of the brightness of the window whose first cell this is.
    fn variance(&self, x: usize, y: usize) -> f64 {
        let side = WINDOW / STRIDE;
        let (top, bottom) = (y * self.across + x, (y + side) * self.across + x);
        let sums = [top, top + side, bottom, bottom + side].map(|at| self.sums[at]);
        let total = |of: usize| sums[3][of] + sums[0][of] - sums[1][of] - sums[2][of];
        let mean = |of: usize| total(of) as f64 / (WINDOW * WINDOW) as f64;
        mean(1) - mean(0).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn picture(width: usize, height: usize, seed: u64) -> Grey {
        let pixel = |at: usize| {
            let mixed = (at as u64 + 1)
                .wrapping_mul(seed | 1)
                .wrapping_mul(0x9E37_79B9_7F4A_7C15);
            mixed.to_le_bytes()[7]
        };
        Grey::new(width, height, (0..width * height).map(pixel).collect()).unwrap()
    }

    /// The sum of a rectangle, pixel by pixel.
    fn sum(of: &Grey, x: usize, y: usize, side: usize, value: impl Fn(f64) -> f64) -> f64 {
        let rows = y..y + side;
        let pixels = rows.flat_map(|y| &of.pixels()[y * of.width() + x..][..side]);
        pixels.map(|pixel| value(f64::from(*pixel))).sum()
    }

    proptest! {
        #[test]
        fn codes_and_variances_are_those_of_the_definition(
            width in WINDOW..60, height in WINDOW..60, seed in any::<u64>(), place in (0.0..1.0, 0.0..1.0),
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
            let within = |most: usize, share: f64| (most as f64 * share) as usize;
            let picture = picture(width, height, seed);
            let codes = Codes::of(&picture);
            let (x, y) = (within(width - NINE + 1, place.0), within(height - NINE + 1, place.1));
            let block = |right, below| sum(&picture, x + right * BLOCK, y + below * BLOCK, BLOCK, |p| p);
            let mut expected = 0;
            for (right, below) in [(0, 0), (1, 0), (2, 0), (0, 1), (2, 1), (0, 2), (1, 2), (2, 2)] {
                expected = expected << 1 | u8::from(block(1, 1) >= block(right, below));
            }
            prop_assert_eq!(codes.from(x, y)[0], expected);
            let cell = |most: usize, share| within((most - WINDOW) / STRIDE + 1, share);
            let (x, y) = (cell(width, place.0), cell(height, place.1));
            let mean = |value: &dyn Fn(f64) -> f64| {
                sum(&picture, x * STRIDE, y * STRIDE, WINDOW, value) / 1_600.0
            };
            let variance = mean(&|p| p * p) - mean(&|p| p).powi(2);
            prop_assert!((codes.spread.variance(x, y) - variance).abs() < 1e-6);
        }
    }
}
