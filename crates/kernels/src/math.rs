//! Functions of single numbers and rows, written so that the compiler can vectorise them at any
//! width with the same result.

pub(crate) const LANES: usize = 16;

/// Sum of `f` over positions `0..n`, in lanes so that the compiler can vectorise it.
#[inline(always)]
pub(crate) fn sum_over(n: usize, f: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0_f32; LANES];
    let n_whole = n / LANES * LANES;
    for start in (0..n_whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += f(start + lane);
        }
    }
    // In halves, which takes a quarter of the time of one after the other.
    for half in [8, 4, 2, 1] {
        let (low, high) = lanes.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
    }
    (n_whole..n).fold(lanes[0], |sum, i| sum + f(i))
}

/// Scalar product of two rows of the same length.
#[inline(always)]
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let b = &b[..a.len()];
    sum_over(a.len(), |i| a[i] * b[i])
}

/// The largest number of a row; minus infinity where it is empty.
#[inline(always)]
pub(crate) fn largest(row: &[f32]) -> f32 {
    let larger = |a: f32, b: f32| if a > b { a } else { b };
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let mut chunks = row.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = larger(*value, *lane);
        }
    }
    let rest = chunks.remainder().iter();
    rest.chain(&lanes)
        .fold(f32::NEG_INFINITY, |a, b| larger(*b, a))
}

/// `out += factor * row`.
#[inline(always)]
pub(crate) fn add_scaled(out: &mut [f32], factor: f32, row: &[f32]) {
    for (out, value) in out.iter_mut().zip(row) {
        *out += factor * value;
    }
}

/// `exp(x)` without branches (Cephes `expf`), relative error about `2e-7` on `[-87, 88]`;
/// saturates outside. Adding `1.5 * 2^23` rounds to the nearest whole number and leaves it in the
/// low bits, from which the power of two is built.
#[inline(always)]
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
#[inline(always)]
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
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// Softmax of a row in place; a row whose numbers are all minus infinity becomes all 0.
#[inline(always)]
pub(crate) fn softmax_row(row: &mut [f32]) {
    let largest = largest(row);
    if largest == f32::NEG_INFINITY {
        return row.fill(0.0);
    }
    for value in row.iter_mut() {
        // Far below the largest is exactly 0, so that hidden positions (minus infinity) are.
        let shifted = *value - largest;
        *value = if shifted < -87.0 { 0.0 } else { exp(shifted) };
    }
    let factor = 1.0 / sum_over(row.len(), |i| row[i]);
    for value in row {
        *value *= factor;
    }
}

/// Hides positions of a row of scores: those that are not visible become minus infinity.
#[inline(always)]
pub(crate) fn hide(row: &mut [f32], is_visible: &[u8]) {
    for (value, visible) in row.iter_mut().zip(is_visible) {
        *value = if *visible != 0 {
            *value
        } else {
            f32::NEG_INFINITY
        };
    }
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
        hide(&mut row, &[0, 0]);
        softmax_row(&mut row);
        assert!(row.iter().all(|value| *value == 0.0));
    }

    #[test]
    fn the_largest_of_a_row_is_found_wherever_it_stands() {
        for n in [1, 15, 16, 17, 40] {
            for at in 0..n {
                let mut row = vec![-3.0; n];
                row[at] = -1.0;
                assert!((largest(&row) + 1.0).abs() < f32::EPSILON, "{at} of {n}");
            }
        }
        assert!(largest(&[]) == f32::NEG_INFINITY);
    }
}
