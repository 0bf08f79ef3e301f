//! BERTScore of given vectors equals bert-score's (`goldens/evaluation/bertscore/generate.py`).

use serde_json::Value;
use smes_evaluation::metrics::{TokenVectors, TokenWeights, bert_score};

/// The reference computes in single precision.
const TOLERANCE: f64 = 1e-5;

fn text(value: &Value) -> TokenVectors {
    TokenVectors {
        ids: serde_json::from_value(value["ids"].clone()).unwrap(),
        values: serde_json::from_value(value["values"].clone()).unwrap(),
    }
}

#[test]
fn pairs_score_as_in_bert_score() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/bertscore/expected.json"
    );
    let golden: Value = serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        let pairs: Vec<(TokenVectors, TokenVectors)> = case["pairs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (text(&pair[0]), text(&pair[1])))
            .collect();
        let weights = if case["idf"] == true {
            let references = pairs.iter().map(|(_, reference)| reference.ids.as_slice());
            TokenWeights::inverse_document_frequency(references)
        } else {
            TokenWeights::equal()
        };
        for (idx, (hypothesis, reference)) in pairs.iter().enumerate() {
            let score = bert_score(hypothesis, reference, &weights);
            let near = |found: f64, key: &str| {
                let expected = case[key][idx].as_f64().unwrap();
                assert!(
                    (found - expected).abs() < TOLERANCE,
                    "{key} {idx}: {found} is not {expected}"
                );
            };
            near(score.precision, "precision");
            near(score.recall, "recall");
            near(score.f1, "f1");
        }
    }
}
