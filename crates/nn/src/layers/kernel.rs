//! What the fused operations share: access to contiguous `f32` storage, work split over the cores,
//! and a vectorisable exponential.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};
use rayon::prelude::*;

/// Below this many numbers, splitting work over the cores costs more than it gains.
const SPLIT: usize = 1 << 14;

/// The numbers of a contiguous `f32` tensor on the CPU.
pub(crate) fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let CpuStorage::F32(values) = storage else {
        bail!("a fused operation needs f32");
    };
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("a fused operation needs contiguous memory");
    };
    Ok(&values[start..end])
}

/// Lends the numbers of a tensor, copied first if they are not contiguous.
pub(crate) fn with_numbers<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(f(numbers(storage, layout)?)),
        _ => bail!("a fused operation needs the CPU"),
    }
}

/// How many rows of `width` numbers make a piece of work worth a thread's while.
pub(crate) fn rows_per_piece(width: usize) -> usize {
    (SPLIT / width.max(1)).max(1)
}

/// Calls `f(first row, rows of out)` on pieces of `out`, in parallel where it is large.
pub(crate) fn for_pieces(out: &mut [f32], width: usize, f: impl Fn(usize, &mut [f32]) + Sync) {
    let n_rows = rows_per_piece(width);
    if out.len() <= SPLIT {
        return f(0, out);
    }
    out.par_chunks_mut(n_rows * width)
        .enumerate()
        .for_each(|(piece_idx, out)| f(piece_idx * n_rows, out));
}

const LANES: usize = 16;

/// Sum of `f` over positions `0..n`, in lanes so that the compiler can vectorise it.
#[inline]
pub(crate) fn sum_over(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0_f32; LANES];
    let n_whole = n / LANES * LANES;
    for start in (0..n_whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    (n_whole..n).fold(lanes.iter().sum::<f32>(), |sum, i| sum + f(i))
}

/// Scalar product of two rows of the same length.
#[inline]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let b = &b[..a.len()];
    sum_over(a.len(), |i| a[i] * b[i])
}

/// `out += factor * row`.
#[inline]
pub(crate) fn add_scaled(out: &mut [f32], factor: f32, row: &[f32]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += factor * value;
    }
}

/// `exp(x)` without branches (Cephes `expf`), relative error about `2e-7` on `[-87, 88]`;
/// saturates outside. Adding `1.5 * 2^23` rounds to the nearest whole number and leaves it in the
/// low bits, from which the power of two is built.
#[inline]
#[expect(clippy::excessive_precision, reason = "the published coefficients")]
pub(crate) fn exp(x: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * 0.693_359_375 + n * 2.121_944_40e-4;
    let mut p = 1.987_569_15e-4;
    p = p * r + 1.398_199_950_7e-3;
    p = p * r + 8.333_451_907_3e-3;
    p = p * r + 4.166_579_589_4e-2;
    p = p * r + 1.666_666_545_9e-1;
    p = p * r + 5.000_000_120_1e-1;
    let mantissa = p * (r * r) + r + 1.0;
    mantissa * f32::from_bits((rounded.to_bits() << 23).wrapping_add(0x3f80_0000))
}

/// Error function (Abramowitz and Stegun 7.1.26), absolute error at most `1.5e-7`, and
/// `exp(-x^2)`, which it needs anyway.
#[inline]
#[expect(clippy::excessive_precision, reason = "the published coefficients")]
pub(crate) fn erf_and_gauss(x: f32) -> (f32, f32) {
    let gauss = exp(-x * x);
    let magnitude = x.abs();
    let t = 1.0 / (1.0 + 0.327_591_1 * magnitude);
    let mut p = 1.061_405_429;
    p = p * t - 1.453_152_027;
    p = p * t + 1.421_413_741;
    p = p * t - 0.284_496_736;
    p = p * t + 0.254_829_592;
    ((1.0 - p * t * gauss).copysign(x), gauss)
}

/// `1 / (1 + exp(-x))`.
#[inline]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Softmax of a row in place, over the positions that `is_visible`; the others become 0. A row
/// with nothing visible becomes all 0.
#[inline]
pub(crate) fn softmax_row(row: &mut [f32], is_visible: impl Fn(usize) -> bool) {
    let mut largest = f32::NEG_INFINITY;
    for (i, value) in row.iter().enumerate() {
        largest = if is_visible(i) {
            largest.max(*value)
        } else {
            largest
        };
    }
    if largest == f32::NEG_INFINITY {
        row.fill(0.0);
        return;
    }
    for (i, value) in row.iter_mut().enumerate() {
        *value = if is_visible(i) {
            exp(*value - largest)
        } else {
            0.0
        };
    }
    let total = sum_over(row.len(), |i| row[i]);
    for value in row {
        *value /= total;
    }
}

/// Sum of the squares of all numbers, in double precision.
pub(crate) fn squared_norm(tensor: &Tensor) -> std::result::Result<f64, crate::NnError> {
    let piece_norm = |piece: &[f32]| f64::from(dot(piece, piece));
    Ok(with_numbers(tensor, |values| {
        values.chunks(1024).map(piece_norm).sum()
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponential_and_error_function_hold_their_error_bounds() {
        for i in -8_700..=8_700 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 3e-7, "exp({x})");
        }
        // erf(0.5), erf(1), erf(2) from Abramowitz and Stegun, table 7.1.
        for (x, exact) in [(0.5, 0.520_500), (1.0, 0.842_701), (2.0, 0.995_322)] {
            assert!((erf_and_gauss(x).0 - exact).abs() < 1e-6, "erf({x})");
            assert!((erf_and_gauss(-x).0 + exact).abs() < 1e-6, "erf(-{x})");
        }
    }

    #[test]
    fn a_row_with_nothing_visible_becomes_zero() {
        let mut row = [1.0, 2.0];
        softmax_row(&mut row, |_| false);
        assert!(row.iter().all(|value| *value == 0.0));
    }
}
