//! A right operand made ready once for many small products, one after the other on one thread.

#[cfg(target_arch = "x86_64")]
use super::bf16;
use super::{Onto, Precision, f32, round_to_bf16, rounded};
use crate::{
    matrix::{MatrixMut, MatrixRef},
    simd::Isa,
};

/// The transpose of rows of weights.
pub(crate) struct Kept {
    stored: Stored,
    n_in: usize,
    n_out: usize,
}

enum Stored {
    #[cfg(target_arch = "x86_64")]
    Panels(bf16::Right),
    /// Rows as they are, or rounded to bf16, for the product of `f32`.
    Rows(Vec<f32>, Precision),
}

impl Kept {
    /// Makes `weight`, `n_out` rows of `n_in` numbers, ready.
    pub(crate) fn new(weight: &[f32], n_in: usize, precision: Precision) -> Self {
        Self::with(Isa::for_bf16(), weight, n_in, precision)
    }

    fn with(isa: Isa, weight: &[f32], n_in: usize, precision: Precision) -> Self {
        let n_out = weight.len() / n_in;
        let stored = match (precision, isa) {
            #[cfg(target_arch = "x86_64")]
            (Precision::Bf16, Isa::Avx512Bf16) => {
                let rows = MatrixRef::new(weight, n_out, n_in);
                Stored::Panels(bf16::Right::new(rows.t(), false))
            }
            (Precision::Bf16, _) => {
                let rows = weight.iter().map(|number| round_to_bf16(*number));
                Stored::Rows(rows.collect(), precision)
            }
            (Precision::F32, _) => Stored::Rows(weight.to_vec(), precision),
        };
        Self {
            stored,
            n_in,
            n_out,
        }
    }

    /// `a Wᵀ` into every element of `out`; `a`: rows of `n_in` numbers, `out`: rows of `n_out`.
    pub(crate) fn multiply(&self, a: &[f32], out: &mut [f32]) {
        let n_rows = a.len() / self.n_in;
        let a = MatrixRef::new(a, n_rows, self.n_in);
        let out = MatrixMut::new(out, n_rows, self.n_out);
        match &self.stored {
            #[cfg(target_arch = "x86_64")]
            Stored::Panels(panels) => {
                let a = bf16::Left::new(a, false);
                bf16::multiply(out, &a, panels, Onto::Nothing, false);
            }
            Stored::Rows(rows, precision) => {
                let weight = MatrixRef::new(rows, self.n_out, self.n_in).t();
                let narrow = (*precision == Precision::Bf16).then(|| rounded(a));
                let a = narrow
                    .as_deref()
                    .map_or(a, |narrow| MatrixRef::new(narrow, n_rows, self.n_in));
                f32::multiply(out, a, weight, Onto::Nothing, false);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RandomStream, gemm::BF16_TOLERANCE};
    use proptest::prelude::*;

    fn numbers(seed: u64, n: usize) -> Vec<f32> {
        let stream = RandomStream::new(seed);
        #[expect(clippy::cast_possible_truncation, reason = "operands are f32")]
        (0..n as u64).map(|at| stream.normal(at) as f32).collect()
    }

    proptest! {
        #[test]
        fn every_way_is_the_plain_product(m in 1_usize..40, n_in in 1_usize..70, n_out in 1_usize..70, seed in 0_u64..99) {
            let (a, weight) = (numbers(seed, m * n_in), numbers(seed + 100, n_out * n_in));
            for precision in [Precision::F32, Precision::Bf16] {
                let round = |x: f32| if precision == Precision::Bf16 { round_to_bf16(x) } else { x };
                for isa in [Isa::Portable, Isa::for_bf16()] {
                    let mut out = vec![f32::NAN; m * n_out];
                    Kept::with(isa, &weight, n_in, precision).multiply(&a, &mut out);
                    for (at, found) in out.iter().enumerate() {
                        let (row, column) = (at / n_out, at % n_out);
                        let terms = (0..n_in).map(|k| f64::from(round(a[row * n_in + k])) * f64::from(round(weight[column * n_in + k])));
                        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
                        prop_assert!((f64::from(*found) - sum).abs() <= f64::from(BF16_TOLERANCE) * size + 1e-6, "{isa:?} {precision:?}: {found} {sum}");
                    }
                }
            }
        }
    }
}
