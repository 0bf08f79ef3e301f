//! Products beside sums in double precision, for odd shapes and every way to store the operands.

use proptest::prelude::*;

use super::{BF16_TOLERANCE, Onto, Operand, Product, int8, packed_bf16::PackedBf16, round_to_bf16};
use crate::{
    Precision, RandomStream,
    matrix::{MatrixMut, MatrixRef},
    simd::{Isa, has_vnni},
};

fn random(seed: u64, n: usize) -> Vec<f32> {
    let stream = RandomStream::new(seed);
    #[expect(clippy::cast_possible_truncation, reason = "test numbers")]
    (0..n as u64).map(|i| stream.normal(i) as f32).collect()
}

/// A matrix in one of the ways to store it: row by row or column by column, dense or with gaps.
struct Stored {
    data: Vec<f32>,
    rows: usize,
    cols: usize,
    gap: usize,
    is_transposed: bool,
}

impl Stored {
    fn random(seed: u64, rows: usize, cols: usize, gap: usize, is_transposed: bool) -> Self {
        let (lines, length) = if is_transposed {
            (cols, rows)
        } else {
            (rows, cols)
        };
        // Exactly as long as the last line needs, so that a sanitizer sees any step too far.
        let n = if lines == 0 {
            0
        } else {
            (lines - 1) * (length + gap) + length
        };
        Self {
            data: random(seed, n),
            rows,
            cols,
            gap,
            is_transposed,
        }
    }

    fn view(&self) -> MatrixRef<'_> {
        if self.is_transposed {
            MatrixRef::strided(&self.data, self.cols, self.rows, self.rows + self.gap).t()
        } else {
            MatrixRef::strided(&self.data, self.rows, self.cols, self.cols + self.gap)
        }
    }
}

/// The exact sum and the sum of the magnitudes of the products at `(i, j)`.
fn exact(
    a: MatrixRef<'_>,
    b: MatrixRef<'_>,
    i: usize,
    j: usize,
    round: fn(f32) -> f32,
) -> (f64, f64) {
    (0..a.cols()).fold((0.0, 0.0), |(sum, magnitude), k| {
        let product = f64::from(round(a.at(i, k))) * f64::from(round(b.at(k, j)));
        (sum + product, magnitude + product.abs())
    })
}

fn check(isa: Isa, product: Product, a: &Stored, b: &Stored) {
    let (a, b) = (a.view(), b.view());
    let (m, n) = (a.rows(), b.cols());
    let round = match product.precision {
        Precision::F32 => |x| x,
        Precision::Bf16 => round_to_bf16,
    };
    let (before, bias) = (random(9, m * n), random(10, n));
    for onto in [Onto::Nothing, Onto::Output, Onto::Bias(&bias)] {
        let mut out = before.clone();
        let operands = (&Operand::new(a), &Operand::new(b));
        product.write_with(isa, MatrixMut::new(&mut out, m, n), operands, onto);
        for (at, found) in out.iter().enumerate() {
            let (i, j) = (at / n, at % n);
            let (sum, magnitude) = exact(a, b, i, j, round);
            let start = match onto {
                Onto::Nothing => 0.0,
                Onto::Output => before[at],
                Onto::Bias(bias) => bias[j],
            };
            let expected = sum + f64::from(start);
            let tolerance = f64::from(BF16_TOLERANCE) * (magnitude + f64::from(start.abs()) + 1e-3);
            assert!(
                (f64::from(*found) - expected).abs() <= tolerance,
                "{product:?} {onto:?} ({i}, {j}): {found} beside {expected}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn products_are_near_the_exact_sums(
        m in 0_usize..40,
        n in 1_usize..80,
        k in prop_oneof![0_usize..70, 500_usize..530, 1020_usize..1030],
        gaps in (0_usize..3, 0_usize..3),
        transposed: (bool, bool),
        is_parallel: bool,
        seed: u64,
    ) {
        let a = Stored::random(seed, m, k, gaps.0, transposed.0);
        let b = Stored::random(seed ^ 1, k, n, gaps.1, transposed.1);
        for precision in [Precision::F32, Precision::Bf16] {
            let product = Product { precision, is_parallel };
            check(Isa::Portable, product, &a, &b);
            check(Isa::for_bf16(), product, &a, &b);
        }
    }

    #[test]
    fn a_kept_operand_gives_the_same_product(m in 1_usize..30, n in 1_usize..80, k in 1_usize..70, seed: u64) {
        let a = Stored::random(seed, m, k, 0, false);
        let b = Stored::random(seed ^ 1, k, n, 0, true);
        let bias = random(seed ^ 2, n);
        for isa in [Isa::Portable, Isa::for_bf16()] {
            let found = PackedBf16::with(isa, b.view()).fresh(a.view(), Some(&bias));
            for (at, found) in found.iter().enumerate() {
                let (sum, magnitude) = exact(a.view(), b.view(), at / n, at % n, round_to_bf16);
                let expected = sum + f64::from(bias[at % n]);
                let tolerance = f64::from(BF16_TOLERANCE) * (magnitude + 10.0);
                prop_assert!((f64::from(*found) - expected).abs() <= tolerance);
            }
        }
    }

    #[test]
    fn int8_products_keep_their_error_bound_and_are_the_same_on_every_path(
        m in prop_oneof![0_usize..30, 190_usize..200],
        n in 1_usize..300,
        k in 1_usize..70,
        has_bias: bool,
        seed: u64,
    ) {
        let (x, w, bias) = (random(seed, m * k), random(seed ^ 1, n * k), random(seed ^ 2, n));
        let weight = int8::Weight::new(&w, k);
        let bias = has_bias.then_some(&bias[..]);
        let product = |has_vnni| {
            let mut out = vec![f32::NAN; m * n];
            int8::multiply_with(has_vnni, MatrixMut::new(&mut out, m, n), &x, &weight, bias);
            out
        };
        let found = product(false);
        prop_assert_eq!(&found, &product(has_vnni()));
        let largest = |row: &[f32]| row.iter().fold(0.0_f32, |largest, x| largest.max(x.abs()));
        for (at, found) in found.iter().enumerate() {
            let (x, w) = (&x[at / n * k..][..k], &w[at % n * k..][..k]);
            let exact: f32 = x.iter().zip(w).map(|(x, w)| x * w).sum();
            let exact = exact + bias.map_or(0.0, |bias| bias[at % n]);
            let bound = (2.0 / 254.0 + 1.0 / 254.0_f32.powi(2)) * largest(x) * largest(w) * k as f32;
            prop_assert!((found - exact).abs() <= bound + 1e-5, "{} beside {}", found, exact);
        }
    }
}

#[test]
fn rounding_to_bf16_is_to_the_nearest_ties_to_even() {
    // 1 + 2^-8 lies between 1 and 1 + 2^-7; 1 + 3 * 2^-8 between 1 + 2^-7 and 1 + 2^-6.
    for (x, expected) in [
        (1.0, 1.0),
        (1.0 + 0.5_f32.powi(8), 1.0),
        (1.0 + 3.0 * 0.5_f32.powi(8), 1.015_625),
        (-1.004, -1.007_812_5),
    ] {
        assert!((round_to_bf16(x) - expected).abs() < f32::EPSILON, "{x}");
    }
    assert!(round_to_bf16(f32::NAN).is_nan());
    assert!(round_to_bf16(f32::MAX).is_infinite());
}

#[test]
fn a_row_of_zeros_quantises_to_zeros() {
    let weight = int8::Weight::new(&[0.0; 12], 4);
    assert_eq!(int8::fresh(&[0.0; 8], &weight, None), [0.0; 6]);
    assert_eq!(
        int8::fresh(&[1.0; 4], &weight, Some(&[1.0, 2.0, 3.0])),
        [1.0, 2.0, 3.0]
    );
}
