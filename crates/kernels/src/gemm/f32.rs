//! `f32` products by the `gemm` crate; those of few rows with weights, which it would copy into
//! blocks first, by a loop that reads the weights once where they lie.
#![expect(unsafe_code, reason = "the crate's interface is raw pointers")]

use rayon::prelude::*;

use super::Onto;
use crate::{
    math::{LANES, sum_over},
    matrix::{MatrixMut, MatrixRef},
    simd::vectorise,
};

/// More rows than this are worth the copy.
const FEW_ROWS: usize = 16;
/// Rows and columns of the sums that are worked on together.
const TILE: usize = 4;
/// Columns that one thread works on at a time.
const BLOCK: usize = 16 * TILE;

/// `a b` into every element of `out`; shapes were checked by the caller.
pub(super) fn multiply(
    mut out: MatrixMut<'_>,
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
    onto: Onto<'_>,
    is_parallel: bool,
) {
    let (m, n, k) = (out.rows(), out.cols(), a.cols());
    if m == 0 || n == 0 {
        return;
    }
    match onto {
        Onto::Bias(row) => out.fill_rows(row),
        Onto::Nothing if k == 0 => out.fill(0.0),
        Onto::Nothing | Onto::Output => {}
    }
    if k == 0 {
        return;
    }
    let has_rows_of_weights = b.row_stride() == 1 && a.col_stride() == 1;
    if m <= FEW_ROWS && has_rows_of_weights && !matches!(onto, Onto::Output) {
        return few_rows(out, a, b.t(), onto, is_parallel);
    }
    let reads_out = !matches!(onto, Onto::Nothing);
    // With too little work for several threads, waking them costs more than it gains.
    let parallelism = if is_parallel && m * n * k > 1 << 18 {
        gemm::Parallelism::Rayon(0)
    } else {
        gemm::Parallelism::None
    };
    let stride = isize::try_from(out.row_stride()).expect("strides of a slice fit isize");
    let of = |view: &MatrixRef<'_>| {
        let fit = |stride: usize| isize::try_from(stride).expect("strides of a slice fit isize");
        (
            view.as_ptr(),
            fit(view.col_stride()),
            fit(view.row_stride()),
        )
    };
    let ((a, a_cs, a_rs), (b, b_cs, b_rs)) = (of(&a), of(&b));
    // SAFETY: the views promise that every element of their shape is readable (writable for
    // `out`) at these strides, the shapes agree (checked by `Product::write_with`), and `out` is
    // an exclusive borrow. `out` is read only where `reads_out`, when it holds numbers: it did
    // before (`Onto::Output`) or `fill_rows` has just written them.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            stride,
            reads_out,
            a,
            a_cs,
            a_rs,
            b,
            b_cs,
            b_rs,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// `a weightsᵀ` into every element of `out`, for [`Onto::Nothing`] and [`Onto::Bias`]; the rows of
/// both are contiguous.
fn few_rows(
    out: MatrixMut<'_>,
    a: MatrixRef<'_>,
    weights: MatrixRef<'_>,
    onto: Onto<'_>,
    is_parallel: bool,
) {
    let n_work = a.rows() * weights.rows() * a.cols();
    let blocks = out.into_blocks(a.rows(), BLOCK);
    let work = |(idx, block): (usize, MatrixMut<'_>)| {
        vectorise(
            #[inline(always)]
            || few_rows_block(block, idx * BLOCK, a, weights, onto),
        );
    };
    if is_parallel && n_work > 1 << 18 {
        blocks.into_par_iter().enumerate().for_each(work);
    } else {
        blocks.into_iter().enumerate().for_each(work);
    }
}

#[inline(always)]
fn few_rows_block(
    mut out: MatrixMut<'_>,
    first: usize,
    a: MatrixRef<'_>,
    weights: MatrixRef<'_>,
    onto: Onto<'_>,
) {
    for j in (0..out.cols()).step_by(TILE) {
        let n_cols = (out.cols() - j).min(TILE);
        // What a tile has too many is the last row again, and not written.
        let weights = std::array::from_fn(|c| weights.row(first + j + c.min(n_cols - 1)));
        for i in (0..out.rows()).step_by(TILE) {
            let n_rows = (out.rows() - i).min(TILE);
            let sums = if n_rows == 1 {
                let [sums] = tile([a.row(i)], weights);
                [sums; TILE]
            } else {
                let rows = std::array::from_fn(|r| a.row(i + r.min(n_rows - 1)));
                tile::<TILE>(rows, weights)
            };
            for (r, sums) in sums.iter().enumerate().take(n_rows) {
                let out = out
                    .row_part(i + r, j, n_cols)
                    .iter_mut()
                    .zip(sums)
                    .enumerate();
                for (c, (out, sum)) in out {
                    out.write(match onto {
                        Onto::Bias(bias) => sum + bias[first + j + c],
                        Onto::Nothing | Onto::Output => *sum,
                    });
                }
            }
        }
    }
}

/// Scalar products of rows of the same length with one another.
#[inline(always)]
fn tile<const M: usize>(a: [&[f32]; M], b: [&[f32]; TILE]) -> [[f32; TILE]; M] {
    let n_whole = b[0].len() / LANES;
    let (a_lanes, b_lanes) = (
        a.map(|row| &row.as_chunks::<LANES>().0[..n_whole]),
        b.map(|row| &row.as_chunks::<LANES>().0[..n_whole]),
    );
    let mut sums = [[[0.0_f32; LANES]; TILE]; M];
    for at in 0..n_whole {
        for (sums, a) in sums.iter_mut().zip(&a_lanes) {
            for (sums, b) in sums.iter_mut().zip(&b_lanes) {
                for lane in 0..LANES {
                    sums[lane] += a[at][lane] * b[at][lane];
                }
            }
        }
    }
    let n_done = n_whole * LANES;
    std::array::from_fn(|r| {
        std::array::from_fn(|c| {
            let (a, b) = (&a[r][n_done..], &b[c][n_done..]);
            sum_over(LANES, |lane| sums[r][c][lane]) + sum_over(b.len(), |i| a[i] * b[i])
        })
    })
}
