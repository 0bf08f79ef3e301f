//! `f32` products by the `gemm` crate; those of few rows with weights, which it would copy into
//! blocks first, by a loop that reads the weights once where they lie.
#![expect(unsafe_code, reason = "the crate's interface is raw pointers")]

use rayon::prelude::*;

use super::Onto;
use crate::{
    matrix::{MatrixMut, MatrixRef},
    simd::with_simd,
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
    let work = |(idx, out): (usize, MatrixMut<'_>)| {
        with_simd(FewRows {
            out,
            first: idx * BLOCK,
            a,
            weights,
            onto,
        });
    };
    if is_parallel && n_work > 1 << 18 {
        blocks.into_par_iter().enumerate().for_each(work);
    } else {
        blocks.into_iter().enumerate().for_each(work);
    }
}

/// Some columns of a product of few rows.
struct FewRows<'a> {
    out: MatrixMut<'a>,
    /// The first of the columns in the whole product.
    first: usize,
    a: MatrixRef<'a>,
    weights: MatrixRef<'a>,
    onto: Onto<'a>,
}

impl pulp::WithSimd for FewRows<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(mut self, simd: S) {
        for j in (0..self.out.cols()).step_by(TILE) {
            let n_cols = (self.out.cols() - j).min(TILE);
            // What a tile has too many is the last row again, and not written.
            let row = |c: usize| self.weights.row(self.first + j + c.min(n_cols - 1));
            let weights = std::array::from_fn(row);
            for i in (0..self.out.rows()).step_by(TILE) {
                let n_rows = (self.out.rows() - i).min(TILE);
                if n_rows == 1 {
                    let sums = tile(simd, [self.a.row(i)], weights);
                    self.write(i, j, n_cols, &sums);
                } else {
                    let rows = std::array::from_fn(|r| self.a.row(i + r.min(n_rows - 1)));
                    let sums = tile::<S, TILE>(simd, rows, weights);
                    self.write(i, j, n_cols, &sums[..n_rows]);
                }
            }
        }
    }
}

impl FewRows<'_> {
    #[inline(always)]
    fn write(&mut self, i: usize, j: usize, n_cols: usize, sums: &[[f32; TILE]]) {
        let first = self.first + j;
        for (r, sums) in sums.iter().enumerate() {
            let out = self.out.row_part(i + r, j, n_cols);
            for (c, (out, sum)) in out.iter_mut().zip(sums).enumerate() {
                out.write(match self.onto {
                    Onto::Bias(bias) => sum + bias[first + c],
                    Onto::Nothing | Onto::Output => *sum,
                });
            }
        }
    }
}

/// Scalar products of rows of the same length with one another.
#[inline(always)]
fn tile<S: pulp::Simd, const M: usize>(
    simd: S,
    a: [&[f32]; M],
    b: [&[f32]; TILE],
) -> [[f32; TILE]; M] {
    let (a, b) = (a.map(S::as_simd_f32s), b.map(S::as_simd_f32s));
    let n_whole = b[0].0.len();
    let (a_whole, b_whole) = (
        a.map(|row| &row.0[..n_whole]),
        b.map(|row| &row.0[..n_whole]),
    );
    let mut sums = [[simd.splat_f32s(0.0); TILE]; M];
    for at in 0..n_whole {
        for r in 0..M {
            for c in 0..TILE {
                sums[r][c] = simd.mul_add_f32s(a_whole[r][at], b_whole[c][at], sums[r][c]);
            }
        }
    }
    // Loops and no closures: those would not be compiled for the wide vectors.
    let mut totals = [[0.0; TILE]; M];
    for r in 0..M {
        for c in 0..TILE {
            totals[r][c] = simd.reduce_sum_f32s(sums[r][c]);
            for (a, b) in a[r].1.iter().zip(b[c].1) {
                totals[r][c] += a * b;
            }
        }
    }
    totals
}
