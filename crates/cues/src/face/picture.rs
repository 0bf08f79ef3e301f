//! Grey pictures: what face analysis looks at.

use smes_media::{Video, VideoFrame};

/// A grey picture, at least one pixel wide and high; levels are 0 (black) to 255 (white).
#[derive(Clone, PartialEq, Eq)]
pub struct Grey {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

/// A square of a picture, in its pixels. It may lie partly outside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Square {
    /// Left edge.
    pub x: f32,
    /// Upper edge.
    pub y: f32,
    /// Length of a side.
    pub side: f32,
}

impl Square {
    /// The square around a centre.
    pub fn around((x, y): (f32, f32), side: f32) -> Self {
        Self {
            x: x - side / 2.0,
            y: y - side / 2.0,
            side,
        }
    }

    /// Its centre, across and down.
    pub fn centre(&self) -> (f32, f32) {
        (self.x + self.side / 2.0, self.y + self.side / 2.0)
    }

    /// The square with the same centre and a side so many times as long.
    #[must_use]
    pub fn grown(&self, factor: f32) -> Self {
        Self::around(self.centre(), self.side * factor)
    }

    /// Shared area over joint area, `0..=1`.
    pub fn overlap(&self, other: &Self) -> f32 {
        let shared = |a: f32, b: f32| {
            let end = (a + self.side).min(b + other.side);
            (end - a.max(b)).max(0.0)
        };
        let both = shared(self.x, other.x) * shared(self.y, other.y);
        let joint = self.side.powi(2) + other.side.powi(2) - both;
        if joint > 0.0 { both / joint } else { 0.0 }
    }

    /// Share of its area that lies within a picture of this size in pixels, `0..=1`.
    pub fn share_inside(&self, width: usize, height: usize) -> f32 {
        let inside = |start: f32, size: usize| {
            let end = (start + self.side).min(size as f32);
            ((end - start.max(0.0)) / self.side).clamp(0.0, 1.0)
        };
        inside(self.x, width) * inside(self.y, height)
    }
}

impl Grey {
    /// A picture from its pixels, row by row; `None` when their number does not fit or is 0.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Option<Self> {
        (width > 0 && width.checked_mul(height) == Some(pixels.len()) && height > 0).then_some(
            Self {
                width,
                height,
                pixels,
            },
        )
    }

    /// The luma of a frame; `None` when its size does not fit.
    pub fn of_frame(video: &Video, frame: &VideoFrame) -> Option<Self> {
        Self::of_rgb(video.width, video.height, &frame.rgb)
    }

    /// The luma of RGB pixels, row by row (ITU-R BT.601, in 8-bit integers); `None` when their number
    /// does not fit.
    pub fn of_rgb(width: u32, height: u32, rgb: &[u8]) -> Option<Self> {
        let luma = |rgb: &[u8]| {
            let [r, g, b] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
            #[expect(clippy::cast_possible_truncation, reason = "the weights add up to 256")]
            let y = ((77 * r + 150 * g + 29 * b + 128) >> 8) as u8;
            y
        };
        let pixels = rgb.chunks_exact(3).map(luma).collect();
        Self::new(width as usize, height as usize, pixels)
    }

    /// Its width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Its height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// `height x width` levels, row by row from above.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture in another size, in pixels; a size of 0 counts as 1.
    #[must_use]
    pub fn resized(&self, width: usize, height: usize) -> Self {
        if (width, height) == (self.width, self.height) {
            return self.clone();
        }
        let (width, height) = (width.max(1), height.max(1));
        let across = taps(0.0, self.width as f32 / width as f32, width, self.width);
        let down = taps(0.0, self.height as f32 / height as f32, height, self.height);
        self.filtered(&across, &down)
    }

    /// A square of the picture as a picture of `side` x `side` pixels; beyond its edges the picture goes
    /// on as it ends.
    #[must_use]
    pub fn crop(&self, square: &Square, side: usize) -> Self {
        let side = side.max(1);
        let step = square.side / side as f32;
        let across = taps(square.x, step, side, self.width);
        let down = taps(square.y, step, side, self.height);
        self.filtered(&across, &down)
    }

    fn filtered(&self, across: &[Taps], down: &[Taps]) -> Self {
        let first = down.iter().map(|taps| taps.first).min().unwrap_or(0);
        let end = down.iter().map(Taps::end).max().unwrap_or(0);
        let mut rows = Vec::with_capacity((end - first) * across.len());
        for y in first..end {
            let row = &self.pixels[y * self.width..][..self.width];
            rows.extend(across.iter().map(|taps| {
                let values = &row[taps.first..taps.end()];
                let terms = taps.weights.iter().zip(values);
                terms.map(|(w, v)| w * f32::from(*v)).sum::<f32>()
            }));
        }
        let mut pixels = Vec::with_capacity(across.len() * down.len());
        let mut sums = vec![0.0_f32; across.len()];
        for taps in down {
            sums.fill(0.0);
            for (weight, y) in taps.weights.iter().zip(taps.first..) {
                let row = &rows[(y - first) * across.len()..][..across.len()];
                for (sum, value) in sums.iter_mut().zip(row) {
                    *sum += weight * value;
                }
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a weighted mean of bytes"
            )]
            pixels.extend(sums.iter().map(|sum| (sum + 0.5).clamp(0.0, 255.0) as u8));
        }
        Self {
            width: across.len(),
            height: down.len(),
            pixels,
        }
    }
}

/// The pixels of a row that make one pixel of a new row, and how much each counts.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

impl Taps {
    fn end(&self) -> usize {
        self.first + self.weights.len()
    }
}

/// A triangle filter as wide as a new pixel, at least one old one: bilinear where the picture
/// grows, without aliasing where it shrinks (Pillow's `BILINEAR`). What lies beyond an edge counts
/// as the edge.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions within a picture, held within it"
)]
fn taps(start: f32, step: f32, n_out: usize, n_in: usize) -> Vec<Taps> {
    let reach = step.max(1.0);
    let last = i64::try_from(n_in.saturating_sub(1)).unwrap_or(i64::MAX);
    let tap = |out: usize| {
        let centre = start + (out as f32 + 0.5) * step;
        let (low, high) = (
            (centre - reach).floor() as i64,
            (centre + reach).ceil() as i64,
        );
        let first = low.clamp(0, last);
        let mut weights = vec![0.0; (high.clamp(0, last) - first + 1) as usize];
        for place in low..=high {
            let weight = (1.0 - (place as f32 + 0.5 - centre).abs() / reach).max(0.0);
            weights[(place.clamp(0, last) - first) as usize] += weight;
        }
        let total: f32 = weights.iter().sum();
        for weight in &mut weights {
            *weight /= total;
        }
        Taps {
            first: first as usize,
            weights,
        }
    };
    (0..n_out).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ramp(width: usize, height: usize) -> Grey {
        let pixel = |at: usize| u8::try_from((at % width * 4 + at / width * 2) % 256).unwrap();
        Grey::new(width, height, (0..width * height).map(pixel).collect()).unwrap()
    }

    #[test]
    fn a_crop_at_whole_pixels_is_the_picture_there() {
        let picture = ramp(12, 9);
        let square = Square {
            x: 3.0,
            y: 2.0,
            side: 4.0,
        };
        let crop = picture.crop(&square, 4);
        for y in 0..4 {
            let expected = &picture.pixels()[(y + 2) * 12 + 3..][..4];
            assert_eq!(&crop.pixels()[y * 4..][..4], expected);
        }
    }

    #[test]
    fn halving_keeps_a_ramp_and_an_even_picture() {
        let small = ramp(20, 20).resized(10, 10);
        let at = |x: usize, y: usize| i32::from(small.pixels()[y * 10 + x]);
        assert_eq!(at(6, 5) - at(5, 5), 8);
        let even = Grey::new(7, 5, vec![93; 35]).unwrap().resized(3, 11);
        assert!(even.pixels().iter().all(|pixel| *pixel == 93));
    }

    #[test]
    fn overlap_and_what_lies_inside_by_hand() {
        let a = Square {
            x: 0.0,
            y: 0.0,
            side: 10.0,
        };
        let b = Square { x: 5.0, ..a };
        assert!((a.overlap(&b) - 50.0 / 150.0).abs() < 1e-6);
        assert!((b.share_inside(10, 10) - 0.5).abs() < 1e-6);
        assert!((a.grown(2.0).share_inside(10, 10) - 0.25).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn any_square_gives_a_crop_within_the_range_of_the_picture(
            width in 1_usize..40, height in 1_usize..40,
            x in -90.0_f32..90.0, y in -90.0_f32..90.0, side in 0.5_f32..200.0, out in 1_usize..30,
        ) {
            let picture = ramp(width, height);
            let crop = picture.crop(&Square { x, y, side }, out);
            prop_assert_eq!(crop.pixels().len(), out * out);
            let (low, high) = (picture.pixels().iter().min(), picture.pixels().iter().max());
            prop_assert!(crop.pixels().iter().min() >= low && crop.pixels().iter().max() <= high);
        }
    }
}
