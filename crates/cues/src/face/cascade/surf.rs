//! The later rounds: speeded-up robust features (SURF) and small perceptrons.
//!
//! A window of 40 x 40 pixels is described by sums of its brightness gradients over the four cells
//! of some patches, eight sums a cell, each patch scaled to unit length (J. Li and Y. Zhang 2013,
//! *Learning SURF cascade for fast and accurate object detection*, CVPR).

use super::WINDOW;

/// Numbers that describe a patch: four cells, eight sums each.
pub(super) const PATCH_NUMBERS: usize = 32;
/// How many patches there are.
pub(super) const N_PATCHES: usize = 56;

/// Pairs of sums a cell.
const PAIRS: usize = 4;
const ACROSS: usize = WINDOW + 1;
/// Widths and heights of patches, as ratios.
const SHAPES: [(usize, usize); 5] = [(1, 1), (1, 2), (2, 1), (2, 3), (3, 2)];
/// Smallest side of a patch, and the step by which it is moved.
const STEP: usize = 16;

/// A perceptron that judges a window and corrects its place.
#[derive(Debug, Clone)]
pub(super) struct Mlp {
    pub(super) patches: Vec<usize>,
    pub(super) threshold: f32,
    pub(super) layers: Vec<Layer>,
}

/// One layer, row by row of its outputs.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) n_in: usize,
    pub(super) weights: Vec<f32>,
    pub(super) biases: Vec<f32>,
}

/// A rectangle of the window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patch {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// All patches, in the order in which models number them.
pub(super) fn patches() -> Vec<Patch> {
    let mut all = Vec::new();
    for (across, down) in SHAPES {
        for height in (STEP..=WINDOW).filter(|h| h % 2 == 0 && h % down == 0) {
            let width = height / down * across;
            if width % 2 == 1 || !(STEP..=WINDOW).contains(&width) {
                continue;
            }
            for y in (0..=WINDOW - height).step_by(STEP) {
                for x in (0..=WINDOW - width).step_by(STEP) {
                    all.push(Patch {
                        x,
                        y,
                        width,
                        height,
                    });
                }
            }
        }
    }
    all
}

/// Sums of gradients over all pixels above and to the left, in pairs.
pub(super) struct Gradients {
    sums: Vec<[Pair; PAIRS]>,
}

/// A sum of gradients and the sum of their sizes, added and taken apart as one number: the first in the
/// lower half, which may be negative, the second in the upper one.
type Pair = i64;

const fn pair(gradient: i32) -> Pair {
    gradient as i64 + ((gradient.abs() as i64) << 32)
}

#[expect(clippy::cast_possible_truncation, reason = "the halves of a number")]
const fn apart(pair: Pair) -> [i32; 2] {
    let gradient = pair as i32;
    [gradient, ((pair - gradient as i64) >> 32) as i32]
}

/// Central differences along a row; one-sided ones, doubled, at its ends.
fn slopes_across(row: &[u8]) -> [i32; WINDOW] {
    let at = |x: usize| i32::from(row[x]);
    let mut slopes = [0; WINDOW];
    for (slope, three) in slopes[1..].iter_mut().zip(row.windows(3)) {
        *slope = i32::from(three[2]) - i32::from(three[0]);
    }
    slopes[0] = 2 * (at(1) - at(0));
    slopes[WINDOW - 1] = 2 * (at(WINDOW - 1) - at(WINDOW - 2));
    slopes
}

/// Differences between two rows.
fn slopes_down(upper: &[u8], lower: &[u8]) -> [i32; WINDOW] {
    std::array::from_fn(|x| i32::from(lower[x]) - i32::from(upper[x]))
}

/// Each gradient and its size, by the sign of the other.
const fn by_sign(dx: i32, dy: i32) -> [Pair; PAIRS] {
    let (up, back) = ((dy >> 31) as Pair, (dx >> 31) as Pair);
    let (across, along) = (pair(dx), pair(dy));
    [across & !up, across & up, along & !back, along & back]
}

impl Gradients {
    pub(super) fn of(window: &[u8; WINDOW * WINDOW]) -> Self {
        let row = |y: usize| &window[y * WINDOW..][..WINDOW];
        let mut sums = vec![[0; PAIRS]; ACROSS * ACROSS];
        for y in 0..WINDOW {
            let dx = slopes_across(row(y));
            let dy = slopes_down(row(y.saturating_sub(1)), row((y + 1).min(WINDOW - 1)));
            // One-sided differences at the edges are doubled.
            let times = if y == 0 || y == WINDOW - 1 { 2 } else { 1 };
            let (above, below) = sums.split_at_mut((y + 1) * ACROSS);
            let above = &above[y * ACROSS + 1..][..WINDOW];
            let mut so_far = [0; PAIRS];
            for (((below, above), dx), dy) in below[1..].iter_mut().zip(above).zip(dx).zip(dy) {
                let new = by_sign(dx, times * dy);
                for at in 0..PAIRS {
                    so_far[at] += new[at];
                    below[at] = above[at] + so_far[at];
                }
            }
        }
        Self { sums }
    }

    /// What describes a patch, appended.
    fn describe(&self, patch: Patch, into: &mut Vec<f32>) {
        let (width, height) = (patch.width / 2, patch.height / 2);
        let start = into.len();
        let mut square = 0.0;
        for (right, below) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let top = (patch.y + below * height) * ACROSS + patch.x + right * width;
            let bottom = top + height * ACROSS;
            let [a, b, c, d] = [top, top + width, bottom, bottom + width].map(|at| self.sums[at]);
            for at in 0..PAIRS {
                for value in apart(d[at] + a[at] - b[at] - c[at]) {
                    square += f64::from(value).powi(2);
                    into.push(value as f32);
                }
            }
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a length beside f32 numbers"
        )]
        let length = if square > 0.0 {
            square.sqrt() as f32
        } else {
            1.0
        };
        into[start..].iter_mut().for_each(|value| *value /= length);
    }
}

impl Mlp {
    /// Score, shift across, shift down, growth; each `0..1`.
    pub(super) fn judge(&self, gradients: &Gradients, patches: &[Patch]) -> [f32; 4] {
        let mut values = Vec::with_capacity(self.patches.len() * PATCH_NUMBERS);
        for patch in &self.patches {
            gradients.describe(patches[*patch], &mut values);
        }
        let (last, hidden) = self.layers.split_last().expect("a parsed model has layers");
        for layer in hidden {
            values = layer.forward(&values, |x| x.max(0.0));
        }
        let out = last.forward(&values, |x| 1.0 / (1.0 + (-x).exp()));
        [out[0], out[1], out[2], out[3]]
    }
}

impl Layer {
    fn forward(&self, input: &[f32], activate: impl Fn(f32) -> f32) -> Vec<f32> {
        let rows = self.weights.chunks_exact(self.n_in).zip(&self.biases);
        rows.map(|(row, bias)| activate(dot(row, input) + bias))
            .collect()
    }
}

/// Eight sums side by side, which a processor can keep in one register.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest = a.remainder().iter().zip(b.remainder());
    let rest: f32 = rest.map(|(a, b)| a * b).sum();
    let mut sums = [0.0; 8];
    for (a, b) in a.zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The gradient at a pixel of the window, across and down: the difference of its neighbours, or twice
    /// that from itself to the only neighbour.
    fn gradient(window: &[u8], x: usize, y: usize) -> [i32; 2] {
        let at = |x: usize, y: usize| i32::from(window[y * WINDOW + x]);
        let most = WINDOW - 1;
        let dx = match x {
            0 => 2 * (at(1, y) - at(0, y)),
            x if x == most => 2 * (at(most, y) - at(most - 1, y)),
            x => at(x + 1, y) - at(x - 1, y),
        };
        let dy = match y {
            0 => 2 * (at(x, 1) - at(x, 0)),
            y if y == most => 2 * (at(x, most) - at(x, most - 1)),
            y => at(x, y + 1) - at(x, y - 1),
        };
        [dx, dy]
    }

    /// What describes a patch, pixel by pixel: of each of its cells the sums of `dx` and `|dx|` where `dy`
    /// is not negative, then where it is; and of `dy` and `|dy|` by the sign of `dx`.
    fn described(window: &[u8], patch: Patch) -> Vec<f64> {
        let (width, height) = (patch.width / 2, patch.height / 2);
        let mut all = Vec::new();
        for (left, top) in [(0, 0), (width, 0), (0, height), (width, height)] {
            let mut cell = [0.0; 2 * PAIRS];
            for y in patch.y + top..patch.y + top + height {
                for x in patch.x + left..patch.x + left + width {
                    let [dx, dy] = gradient(window, x, y);
                    let mut add = |at: usize, gradient: i32| {
                        cell[at] += f64::from(gradient);
                        cell[at + 1] += f64::from(gradient.abs());
                    };
                    add(if dy >= 0 { 0 } else { 2 }, dx);
                    add(if dx >= 0 { 4 } else { 6 }, dy);
                }
            }
            all.extend(cell);
        }
        let length = all.iter().map(|sum| sum * sum).sum::<f64>().sqrt();
        let length = if length > 0.0 { length } else { 1.0 };
        all.iter().map(|sum| sum / length).collect()
    }

    proptest! {
        /// Noise with much black and white in it: every sign stands beside every other, 0 among them, and
        /// slopes are as steep as they can be.
        #[test]
        fn a_patch_is_described_by_sums_of_its_gradients_by_sign(
            mut window in prop::collection::vec(any::<u8>(), WINDOW * WINDOW), which in 0..N_PATCHES,
        ) {
            for pixel in &mut window {
                *pixel = match *pixel {
                    0..64 => 0,
                    192.. => u8::MAX,
                    between => between,
                };
            }
            let patch = patches()[which];
            let mut found = Vec::new();
            let gradients = Gradients::of(window.as_slice().try_into().unwrap());
            gradients.describe(patch, &mut found);
            let expected = described(&window, patch);
            prop_assert_eq!(found.len(), expected.len());
            for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
                prop_assert!((f64::from(*found) - expected).abs() < 1e-6, "{}: {} {}", at, found, expected);
            }
        }
    }

    #[test]
    fn the_patches_are_as_many_as_models_may_name() {
        assert_eq!(patches().len(), N_PATCHES);
    }

    #[test]
    fn an_even_slope_is_described_by_its_direction_alone() {
        let window: [u8; WINDOW * WINDOW] =
            std::array::from_fn(|at| u8::try_from(at % WINDOW * 3).unwrap());
        let mut found = Vec::new();
        Gradients::of(&window).describe(patches()[0], &mut found);
        // 64 pixels of slope 6 a cell, 8 of them doubled at the left edge or not: dx and its size,
        // nothing else.
        for cell in found.chunks_exact(2 * PAIRS) {
            assert!(cell[0] > 0.0 && (cell[0] - cell[1]).abs() < 1e-6);
            assert!(cell[2..].iter().all(|value| value.abs() < 1e-6));
        }
    }
}
