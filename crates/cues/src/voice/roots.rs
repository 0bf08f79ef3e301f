//! All roots of a polynomial at once.
//!
//! O. Aberth (1973), *Iteration methods for finding all zeros of a polynomial simultaneously*,
//! Mathematics of Computation 27(122).

use std::f64::consts::TAU;

use realfft::num_complex::Complex;

const MAX_ROUNDS: usize = 60;
const SMALL_STEP: f64 = 1e-8;

/// The roots of `z^n + c[0] z^(n-1) + .. + c[n-1]`, in no order. Where two lie on each other they
/// are found to about the square root of the precision.
pub(super) fn roots(coefficients: &[f64]) -> Vec<Complex<f64>> {
    let n = coefficients.len();
    // Not symmetric about the real axis, for pairs of roots must be able to part.
    let mut z: Vec<Complex<f64>> = (0..n)
        .map(|i| Complex::from_polar(0.9, TAU * (i as f64 + 0.25) / n as f64))
        .collect();
    for _ in 0..MAX_ROUNDS {
        let mut largest = 0.0_f64;
        for i in 0..n {
            let (value, slope) = evaluate(coefficients, z[i]);
            let newton = value / slope;
            let crowd: Complex<f64> = (0..n)
                .filter(|j| *j != i)
                .map(|j| (z[i] - z[j]).inv())
                .sum();
            let step = newton / (Complex::new(1.0, 0.0) - newton * crowd);
            if step.is_finite() {
                z[i] -= step;
                largest = largest.max(step.norm());
            }
        }
        if largest < SMALL_STEP {
            break;
        }
    }
    z
}

/// Value and derivative by Horner's scheme.
fn evaluate(coefficients: &[f64], z: Complex<f64>) -> (Complex<f64>, Complex<f64>) {
    let mut value = Complex::new(1.0, 0.0);
    let mut slope = Complex::new(0.0, 0.0);
    for coefficient in coefficients {
        slope = slope * z + value;
        value = value * z + coefficient;
    }
    (value, slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Coefficients of the product of `z - root`.
    fn expand(wanted: &[Complex<f64>]) -> Vec<f64> {
        let mut product = vec![Complex::new(1.0, 0.0)];
        for root in wanted {
            product.push(Complex::new(0.0, 0.0));
            for i in (1..product.len()).rev() {
                let before = product[i - 1];
                product[i] -= before * root;
            }
        }
        product[1..].iter().map(|c| c.re).collect()
    }

    proptest! {
        #[test]
        fn finds_the_roots_a_polynomial_was_made_of(radii in prop::collection::vec(0.3_f64..0.99, 5), spread in 0.0_f64..0.08, real in -0.9_f64..0.9) {
            let mut wanted = vec![Complex::new(real, 0.0)];
            for (i, radius) in radii.iter().enumerate() {
                let angle = 0.3 + 0.5 * i as f64 + spread;
                wanted.push(Complex::from_polar(*radius, angle));
                wanted.push(Complex::from_polar(*radius, -angle));
            }
            let found = roots(&expand(&wanted));
            for root in wanted {
                let nearest = found.iter().map(|z| (z - root).norm()).fold(f64::INFINITY, f64::min);
                prop_assert!(nearest < 1e-5, "{root} is {nearest} away");
            }
        }
    }
}
