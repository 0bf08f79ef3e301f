//! Pictures and windows made smaller, by points between their pixels, as the model was trained.

use super::{WINDOW, Window};
use crate::face::Grey;

/// Added before a value is cut off, so that an even surface keeps its brightness whatever the weights.
const LITTLE: f32 = 1e-3;

/// A place of a new line of `n` places: the place of the old line before it, and the weight of the one
/// after, in `n`-ths.
#[derive(Clone, Copy, Default)]
struct Place {
    before: usize,
    after: i32,
}

/// The place `out` of a line of `n_out` that spans `n_in`, at least 2.
fn place(out: usize, n_in: usize, n_out: usize) -> Place {
    let exact = out * n_in;
    let before = (exact / n_out).min(n_in - 2);
    let after = (exact - before * n_out).min(n_out);
    Place {
        before,
        after: i32::try_from(after).unwrap_or(i32::MAX),
    }
}

/// A row of pixels at the places of a new row, in units of one over their number.
fn across(row: &[u8], places: &[Place], into: &mut [i32]) {
    let n = i32::try_from(places.len()).unwrap_or(i32::MAX);
    for (value, place) in into.iter_mut().zip(places) {
        let [before, after] = [row[place.before], row[place.before + 1]].map(i32::from);
        *value = n * before + place.after * (after - before);
    }
}

/// A row between two rows that [`across`] gave; `after` is the weight of the lower one, `0..=1`.
fn down(upper: &[i32], lower: &[i32], after: f32, into: &mut [u8]) {
    let unit = 1.0 / upper.len() as f32;
    for ((pixel, upper), lower) in into.iter_mut().zip(upper).zip(lower) {
        let value = *upper as f32 + after * (lower - upper) as f32;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between four bytes"
        )]
        let value = (value * unit + LITTLE) as u8;
        *pixel = value;
    }
}

/// The picture smaller; it and the new one are at least two pixels wide and high.
pub(super) fn shrunk(picture: &Grey, width: usize, height: usize) -> Grey {
    if (width, height) == (picture.width(), picture.height()) {
        return picture.clone();
    }
    let columns: Vec<Place> = (0..width)
        .map(|out| place(out, picture.width(), width))
        .collect();
    let mut rows = [vec![0; width], vec![0; width]];
    let mut pixels = vec![0; width * height];
    for (y, into) in pixels.chunks_exact_mut(width).enumerate() {
        let row = place(y, picture.height(), height);
        let from = picture.pixels()[row.before * picture.width()..].chunks_exact(picture.width());
        for (from, row) in from.zip(&mut rows) {
            across(from, &columns, row);
        }
        down(&rows[0], &rows[1], row.after as f32 / height as f32, into);
    }
    Grey::new(width, height, pixels).expect("as many pixels as places")
}

/// The pixels of a window, 40 x 40; black beyond the picture. Its side is at least 2.
pub(super) fn pixels(picture: &Grey, window: Window) -> [u8; WINDOW * WINDOW] {
    let side = usize::try_from(window.side).unwrap_or(0).max(2);
    let places: [Place; WINDOW] = std::array::from_fn(|out| place(out, side, WINDOW));
    let mut line = vec![0; side];
    let mut rows = [[0; WINDOW]; 2];
    let mut out = [0; WINDOW * WINDOW];
    for (into, place) in out.chunks_exact_mut(WINDOW).zip(&places) {
        for (below, row) in rows.iter_mut().enumerate() {
            read_line(picture, window, place.before + below, &mut line);
            across(&line, &places, row);
        }
        down(&rows[0], &rows[1], place.after as f32 / WINDOW as f32, into);
    }
    out
}

/// A row of the window in the pixels of the picture; black beyond it.
fn read_line(picture: &Grey, window: Window, y: usize, line: &mut [u8]) {
    let width = picture.width();
    let within = |place: i32, most: usize| usize::try_from(place).unwrap_or(0).min(most);
    let (start, end) = (
        within(window.x, width),
        within(window.x.saturating_add(window.side), width),
    );
    let skipped = within(window.x.saturating_neg(), line.len());
    let row = i32::try_from(y)
        .ok()
        .and_then(|y| usize::try_from(window.y.saturating_add(y)).ok());
    let Some(row) = row.filter(|row| *row < picture.height()) else {
        line.fill(0);
        return;
    };
    let seen = &picture.pixels()[row * width..][start..end.max(start)];
    line[..skipped].fill(0);
    line[skipped..][..seen.len()].copy_from_slice(seen);
    line[skipped + seen.len()..].fill(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_even_picture_stays_even_and_what_lies_beyond_it_is_black(
            level in any::<u8>(), width in 40_usize..90, x in -60_i32..120, y in -60_i32..120, side in 2_i32..150,
        ) {
            let picture = Grey::new(width, 50, vec![level; width * 50]).unwrap();
            let small = shrunk(&picture, width - 3, 41);
            prop_assert!(small.pixels().iter().all(|pixel| *pixel == level));
            let window = Window { x, y, side, score: 0.0 };
            let found = pixels(&picture, window);
            let inside = |start: i32, at: usize, size: usize| {
                let first = f64::from(start) + (at as f64 * f64::from(side) / 40.0).floor();
                first >= 0.0 && first + 1.0 < size as f64
            };
            for (at, pixel) in found.iter().enumerate() {
                if inside(x, at % WINDOW, width) && inside(y, at / WINDOW, 50) {
                    prop_assert_eq!(*pixel, level);
                }
            }
            if x >= i32::try_from(width).unwrap() || x + side <= 0 {
                prop_assert!(found.iter().all(|pixel| *pixel == 0));
            }
        }
    }

    #[test]
    fn a_ramp_is_read_between_its_pixels() {
        let pixels: Vec<u8> = (0..80 * 80)
            .map(|at| u8::try_from(at % 80 * 3).unwrap())
            .collect();
        let small = shrunk(&Grey::new(80, 80, pixels).unwrap(), 64, 64);
        // Place 3 of 64 lies at 3.75 of 80, which is 11.25 bright.
        assert_eq!(&small.pixels()[..6], [0, 3, 7, 11, 15, 18]);
    }
}
