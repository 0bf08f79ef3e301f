//! Agreement and McNemar's test equal those of scikit-learn, statsmodels and krippendorff
//! (`goldens/evaluation/agreement/generate.py`).

use serde_json::Value;
use smes_evaluation::metrics::{
    Ratings, Scale, cohen_kappa, fleiss_kappa, krippendorff_alpha, label_agreement,
    percent_agreement,
};
use smes_evaluation::significance::sign_test;

/// Sums of at most a few hundred ratios in double precision.
const TOLERANCE: f64 = 1e-9;

fn golden() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/agreement/expected.json"
    );
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn near(what: &str, found: Option<f64>, expected: &Value) {
    match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => {
            assert!(
                (found - expected).abs() < TOLERANCE,
                "{what}: {found} is not {expected}"
            );
        }
        (found, expected) => assert_eq!(found, expected, "{what}"),
    }
}

fn alphas(case: &Value, items: &[Ratings], n_classes: usize) {
    for (key, scale) in [
        ("alpha", Scale::Nominal),
        ("alpha_ordinal", Scale::Ordinal),
        ("alpha_interval", Scale::Interval),
    ] {
        assert!(!case[key].is_null() || case["alpha"].is_null(), "{key}");
        near(key, krippendorff_alpha(items, n_classes, scale), &case[key]);
    }
}

#[test]
fn agreement_is_that_of_the_reference_programs() {
    let golden = golden();
    let cases = golden["whole"].as_array().unwrap();
    assert_eq!(cases.len(), 12);
    for case in cases {
        let items: Vec<Ratings> = serde_json::from_value(case["items"].clone()).unwrap();
        let n_classes: usize = serde_json::from_value(case["n_classes"].clone()).unwrap();
        let pairs: Vec<(usize, usize)> = items
            .iter()
            .map(|item| (item[0].unwrap(), item[1].unwrap()))
            .collect();
        near("cohen", cohen_kappa(&pairs, n_classes), &case["cohen"]);
        near("fleiss", fleiss_kappa(&items, n_classes), &case["fleiss"]);
        alphas(case, &items, n_classes);
        let of_two: Vec<Ratings> = items.iter().map(|item| item[..2].to_vec()).collect();
        near(
            "percent",
            percent_agreement(&of_two, n_classes),
            &case["percent"],
        );
        let labels = label_agreement(&of_two, n_classes);
        for (found, expected) in labels
            .into_iter()
            .zip(case["label_agreement"].as_array().unwrap())
        {
            near("label", found, expected);
        }
    }
    let cases = golden["holes"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let items: Vec<Ratings> = serde_json::from_value(case["items"].clone()).unwrap();
        let n_classes: usize = serde_json::from_value(case["n_classes"].clone()).unwrap();
        alphas(case, &items, n_classes);
    }
}

#[test]
fn mcnemars_exact_test_is_that_of_statsmodels() {
    for case in golden()["mcnemar"].as_array().unwrap() {
        let count = |key: &str| usize::try_from(case[key].as_u64().unwrap()).unwrap();
        near(
            "mcnemar",
            Some(sign_test(count("b"), count("c"))),
            &case["p"],
        );
    }
}
