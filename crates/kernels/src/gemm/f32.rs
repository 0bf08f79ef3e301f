//! `f32` products by the `gemm` crate.
#![expect(unsafe_code, reason = "the crate's interface is raw pointers")]

use super::Onto;
use crate::matrix::{MatrixMut, MatrixRef};

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
