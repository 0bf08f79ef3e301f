//! Matrix products: one entrance, a file for each way to compute them.
//!
//! `f32` goes to the `gemm` crate (AVX-512 by its feature `x86-v4`); bf16 to our kernel on
//! `vdpbf16ps`, or, where the processor lacks it, to the `f32` one on operands rounded to bf16.
//! Both sum in `f32`. The two bf16 ways differ only in the order of the sum: by at most
//! `BF16_TOLERANCE` times the sum of the products' magnitudes.
#![expect(unsafe_code, reason = "products are written to new memory")]

#[cfg(target_arch = "x86_64")]
pub(crate) mod bf16;
mod f32;
pub(crate) mod int8;
mod kept;
mod operand;
pub(crate) mod packed_bf16;
#[cfg(test)]
mod tests;

pub(crate) use self::{kept::Kept, operand::Operand};
use crate::{
    matrix::{MatrixMut, MatrixRef},
    simd::Isa,
};

/// How far the two ways of a bf16 product may be apart, relative to the sum of the magnitudes of
/// the products in it.
#[cfg(test)]
pub(crate) const BF16_TOLERANCE: f32 = 2e-6;

/// What the numbers of a matrix product are rounded to before they are multiplied. Sums are always
/// `f32`, and so are parameters, gradients and everything between products.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Precision {
    /// Not at all.
    #[default]
    F32,
    /// To 8 bits of mantissa: twice the speed where the processor has AVX-512-BF16.
    Bf16,
}

/// What happens to the numbers that stand in the output.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Onto<'a> {
    /// They are replaced.
    Nothing,
    /// The product is added to them.
    Output,
    /// They are replaced by this row plus the product.
    Bias(&'a [f32]),
}

/// How a product is computed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Product {
    pub(crate) precision: Precision,
    /// Whether all cores work on it, or only the thread that asks.
    pub(crate) is_parallel: bool,
}

impl Product {
    /// On all cores.
    pub(crate) fn parallel(precision: Precision) -> Self {
        Self {
            precision,
            is_parallel: true,
        }
    }

    /// On this thread.
    pub(crate) fn serial(precision: Precision) -> Self {
        Self {
            precision,
            is_parallel: false,
        }
    }

    /// `a b` into every element of `out`.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub(crate) fn write(
        self,
        out: MatrixMut<'_>,
        a: MatrixRef<'_>,
        b: MatrixRef<'_>,
        onto: Onto<'_>,
    ) {
        self.write_of(out, &Operand::new(a), &Operand::new(b), onto);
    }

    /// As [`Product::write`], of operands that other products read too.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub(crate) fn write_of(
        self,
        out: MatrixMut<'_>,
        a: &Operand<'_>,
        b: &Operand<'_>,
        onto: Onto<'_>,
    ) {
        self.write_with(Isa::for_bf16(), out, (a, b), onto);
    }

    fn write_with(
        self,
        isa: Isa,
        mut out: MatrixMut<'_>,
        operands: (&Operand<'_>, &Operand<'_>),
        onto: Onto<'_>,
    ) {
        let (a, b) = (operands.0.matrix(), operands.1.matrix());
        assert_eq!(
            (out.rows(), out.cols(), a.cols()),
            (a.rows(), b.cols(), b.rows()),
            "shapes of a product"
        );
        match (self.precision, isa) {
            #[cfg(target_arch = "x86_64")]
            (Precision::Bf16, Isa::Avx512Bf16) => {
                let (a, b) = (
                    operands.0.left(self.is_parallel),
                    operands.1.right(self.is_parallel),
                );
                bf16::multiply(out, a, b, onto, self.is_parallel);
            }
            (Precision::F32, _) => f32::multiply(out, a, b, onto, self.is_parallel),
            (Precision::Bf16, _) => {
                let (left, right) = (rounded(a), rounded(b));
                let a = MatrixRef::new(&left, a.rows(), a.cols());
                let b = MatrixRef::new(&right, b.rows(), b.cols());
                f32::multiply(out.reborrow(), a, b, onto, self.is_parallel);
            }
        }
    }

    /// `a b`, row by row, plus a row where there is one.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub(crate) fn fresh(
        self,
        a: MatrixRef<'_>,
        b: MatrixRef<'_>,
        bias: Option<&[f32]>,
    ) -> Vec<f32> {
        self.fresh_of(&Operand::new(a), &Operand::new(b), bias)
    }

    /// As [`Product::fresh`], of operands that other products read too.
    ///
    /// # Panics
    /// When the shapes do not fit.
    pub(crate) fn fresh_of(
        self,
        a: &Operand<'_>,
        b: &Operand<'_>,
        bias: Option<&[f32]>,
    ) -> Vec<f32> {
        fresh(a.matrix().rows(), b.matrix().cols(), |out| {
            self.write_of(out, a, b, bias.map_or(Onto::Nothing, Onto::Bias));
        })
    }
}

/// A new matrix, row by row. `write` must write every element: it calls `bf16::multiply`,
/// `f32::multiply` or `int8::multiply` on the whole of its argument, which promise that for
/// [`Onto::Nothing`] and [`Onto::Bias`].
fn fresh(rows: usize, cols: usize, write: impl FnOnce(MatrixMut<'_>)) -> Vec<f32> {
    let mut out = Vec::with_capacity(rows * cols);
    let spare = &mut out.spare_capacity_mut()[..rows * cols];
    write(MatrixMut::uninit(spare, rows, cols));
    // SAFETY: the capacity suffices, and the callers, all in this folder, keep the promise above.
    unsafe { out.set_len(rows * cols) };
    out
}

/// The nearest bf16 number, ties to even, as its upper 16 bits.
#[inline(always)]
pub(crate) fn bf16_bits(x: f32) -> u16 {
    let bits = x.to_bits();
    if x.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16
}

/// The nearest bf16 number.
#[inline(always)]
fn round_to_bf16(x: f32) -> f32 {
    f32::from_bits(u32::from(bf16_bits(x)) << 16)
}

/// A row-major copy in which every number is rounded to bf16.
fn rounded(matrix: MatrixRef<'_>) -> Vec<f32> {
    let mut out = Vec::with_capacity(matrix.rows() * matrix.cols());
    for i in 0..matrix.rows() {
        out.extend((0..matrix.cols()).map(|j| round_to_bf16(matrix.at(i, j))));
    }
    out
}
