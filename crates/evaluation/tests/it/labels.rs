//! Accuracy and F1 equal scikit-learn's (`goldens/evaluation/labels/generate.py`).

use serde_json::Value;
use smes_evaluation::{ClassCounts, accuracy, macro_f1, per_class, weighted_f1};

/// Both sides are a few double-precision divisions and sums in different order.
const TOLERANCE: f64 = 1e-12;

#[test]
fn labels_score_as_in_scikit_learn() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/labels/expected.json"
    );
    let golden: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 25);
    for case in cases {
        check(case);
    }
}

fn check(case: &Value) {
    let name = &case["name"];
    let classes = |key: &str| -> Vec<usize> {
        let values = case[key].as_array().unwrap();
        values
            .iter()
            .map(|value| usize::try_from(value.as_u64().unwrap()).unwrap())
            .collect()
    };
    let mut counts = ClassCounts::new(10);
    for (gold, predicted) in classes("gold").into_iter().zip(classes("predicted")) {
        counts.add(gold, Some(predicted));
    }
    let near = |value: f64, expected: &Value| {
        assert!(
            (value - expected.as_f64().unwrap()).abs() < TOLERANCE,
            "{name}: {value} is not {expected}"
        );
    };
    near(accuracy(&counts), &case["accuracy"]);
    near(macro_f1(&counts), &case["macro_f1"]);
    near(weighted_f1(&counts), &case["weighted_f1"]);
    let ours = per_class(&counts);
    let expected = case["per_class"].as_array().unwrap();
    assert_eq!(ours.len(), expected.len(), "{name}");
    for (ours, expected) in ours.iter().zip(expected) {
        assert_eq!(Some(ours.class as u64), expected["class"].as_u64());
        assert_eq!(Some(u64::from(ours.support)), expected["support"].as_u64());
        near(ours.precision, &expected["precision"]);
        near(ours.recall, &expected["recall"]);
        near(ours.f1, &expected["f1"]);
    }
}
