//! Comparing numbers with a stated tolerance.

/// Asserts that two numbers differ by at most `tolerance`; not-a-number is never close.
///
/// # Panics
/// When they differ by more.
#[track_caller]
pub fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance,
        "found {found}, expected {expected} within {tolerance}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "found NaN")]
    fn not_a_number_is_not_close() {
        assert_close(f64::NAN, 0.0, 1.0);
    }
}
