//! Label metrics equal scikit-learn's and torchmetrics' (`goldens/evaluation/labels/generate.py`).

use serde_json::Value;
use smes_evaluation::metrics::{
    Calibration, ClassCounts, Confusion, accuracy, is_in_top_k, macro_f1, micro_f1, per_class,
    weighted_f1,
};

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
    let cases = golden["probabilities"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        check_probabilities(case);
    }
}

fn check_probabilities(case: &Value) {
    let name = &case["name"];
    let gold: Vec<usize> = serde_json::from_value(case["gold"].clone()).unwrap();
    let probs: Vec<Vec<f64>> = serde_json::from_value(case["probs"].clone()).unwrap();
    let mut calibration = Calibration::default();
    let n_classes = probs[0].len();
    let mut n_in_top = vec![0_u32; n_classes];
    for (&gold, probs) in gold.iter().zip(&probs) {
        let mut ranked: Vec<usize> = (0..n_classes).collect();
        ranked.sort_by(|&a, &b| probs[b].total_cmp(&probs[a]));
        let names: Vec<String> = ranked.iter().map(usize::to_string).collect();
        calibration.add(probs[ranked[0]], ranked[0] == gold);
        for (k, n_in_top) in n_in_top.iter_mut().enumerate() {
            let labels = names.iter().map(String::as_str);
            *n_in_top += u32::from(is_in_top_k(&gold.to_string(), labels, k));
        }
    }
    for (k, expected) in case["top_k"].as_array().unwrap().iter().enumerate() {
        let share = f64::from(n_in_top[k + 1]) / gold.len() as f64;
        assert!(
            (share - expected.as_f64().unwrap()).abs() < TOLERANCE,
            "{name}"
        );
    }
    let error = calibration.error().unwrap();
    // The reference sums in single precision.
    let expected = case["calibration_error"].as_f64().unwrap();
    assert!(
        (error - expected).abs() < 1e-6,
        "{name}: {error} is not {expected}"
    );
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
    let mut confusion = Confusion::new(10);
    for (gold, predicted) in classes("gold").into_iter().zip(classes("predicted")) {
        counts.add(gold, Some(predicted));
        confusion.add(gold, Some(predicted));
    }
    assert_eq!(confusion.class_counts(), counts, "{name}");
    for (gold, expected) in case["confusion"].as_array().unwrap().iter().enumerate() {
        let mut expected: Vec<u32> = serde_json::from_value(expected.clone()).unwrap();
        expected.push(0);
        assert_eq!(confusion.row(gold), expected, "{name}");
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
    near(micro_f1(&counts), &case["micro_f1"]);
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
