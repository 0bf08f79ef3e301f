//! A right operand in bf16 that is kept: packed panels where the processor multiplies bf16, plain
//! rows elsewhere.

#[cfg(target_arch = "x86_64")]
use super::bf16;
use super::{Onto, Precision, Product, bf16_bits};
use crate::{matrix::MatrixRef, simd::Isa};

/// A matrix `[k, n]` in bf16.
#[derive(Debug)]
pub(crate) struct PackedBf16 {
    stored: Stored,
    n_in: usize,
    n_out: usize,
}

#[derive(Debug)]
enum Stored {
    #[cfg(target_arch = "x86_64")]
    Panels(bf16::Right),
    /// The transpose, row by row.
    Rows(Vec<u16>),
}

impl PackedBf16 {
    /// Rounds and packs `b` `[k, n]`.
    pub(crate) fn new(b: MatrixRef<'_>) -> Self {
        Self::with(Isa::for_bf16(), b)
    }

    pub(super) fn with(isa: Isa, b: MatrixRef<'_>) -> Self {
        let stored = match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Bf16 => Stored::Panels(bf16::Right::new(b, true)),
            _ => {
                let column = |j| (0..b.rows()).map(move |i| bf16_bits(b.at(i, j)));
                Stored::Rows((0..b.cols()).flat_map(column).collect())
            }
        };
        Self {
            stored,
            n_in: b.rows(),
            n_out: b.cols(),
        }
    }

    pub(crate) fn n_in(&self) -> usize {
        self.n_in
    }

    pub(crate) fn n_out(&self) -> usize {
        self.n_out
    }

    /// Bytes held.
    pub(crate) fn n_bytes(&self) -> usize {
        match &self.stored {
            #[cfg(target_arch = "x86_64")]
            Stored::Panels(panels) => panels.n_bytes(),
            Stored::Rows(rows) => size_of_val(&rows[..]),
        }
    }

    /// `a b`, row by row, plus a row where there is one.
    pub(crate) fn fresh(&self, a: MatrixRef<'_>, bias: Option<&[f32]>) -> Vec<f32> {
        let product = Product::parallel(Precision::Bf16);
        match &self.stored {
            #[cfg(target_arch = "x86_64")]
            Stored::Panels(panels) => super::fresh(a.rows(), self.n_out, |out| {
                let onto = bias.map_or(Onto::Nothing, Onto::Bias);
                bf16::multiply(out, &bf16::Left::new(a, true), panels, onto, true);
            }),
            Stored::Rows(rows) => {
                let widen = |bits: &u16| f32::from_bits(u32::from(*bits) << 16);
                let rows: Vec<f32> = rows.iter().map(widen).collect();
                product.fresh(a, MatrixRef::new(&rows, self.n_out, self.n_in).t(), bias)
            }
        }
    }
}
