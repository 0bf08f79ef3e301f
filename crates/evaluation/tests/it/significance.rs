//! The sign test, Wilson's interval and Holm's correction equal scipy's and statsmodels'
//! (`goldens/evaluation/significance/generate.py`).

use serde_json::Value;
use smes_evaluation::significance::{holm, sign_test, wilson_95};

/// Sums of up to 3,000 rounded terms beside scipy's incomplete beta function.
const TOLERANCE: f64 = 1e-11;

fn golden() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/significance/expected.json"
    );
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn count(case: &Value, key: &str) -> usize {
    usize::try_from(case[key].as_u64().unwrap()).unwrap()
}

fn near(value: f64, expected: &Value, case: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((value - expected).abs() < TOLERANCE, "{value}: {case}");
}

#[test]
fn the_sign_test_is_that_of_scipy() {
    let golden = golden();
    let cases = golden["sign_test"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let p = sign_test(count(case, "wins"), count(case, "losses"));
        near(p, &case["p"], case);
    }
}

#[test]
fn wilsons_interval_is_that_of_statsmodels() {
    let golden = golden();
    let cases = golden["wilson"].as_array().unwrap();
    assert!(cases.len() > 40);
    for case in cases {
        let interval = wilson_95(count(case, "hits"), count(case, "n")).unwrap();
        near(interval.low, &case["low"], case);
        near(interval.high, &case["high"], case);
    }
}

#[test]
fn holms_correction_is_that_of_statsmodels() {
    let golden = golden();
    let cases = golden["holm"].as_array().unwrap();
    assert!(cases.len() > 20);
    for case in cases {
        let p: Vec<f64> = serde_json::from_value(case["p"].clone()).unwrap();
        let expected = case["adjusted"].as_array().unwrap();
        let adjusted = holm(&p);
        assert_eq!(adjusted.len(), expected.len());
        for (adjusted, expected) in adjusted.iter().zip(expected) {
            near(*adjusted, expected, case);
        }
    }
}
