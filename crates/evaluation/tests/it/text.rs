//! Tokens and text scores equal those of nltk, sacrebleu, rouge-score and transformers
//! (`goldens/evaluation/text/generate.py`).

use serde_json::Value;
use smes_evaluation::metrics::{
    BleuCounts, Distinct, SACREBLEU_SIGNATURE, bleu, rouge_l, rouge_l_beta, rouge_n, sacrebleu,
    unigram_f1,
};
use smes_evaluation::text::{
    Vocabulary, clean_up, porter_stem, rouge_words, sentences, tokenize_13a, word_tokenize,
};

/// Both sides are sums and logarithms of a few hundred ratios in double precision.
const TOLERANCE: f64 = 1e-9;

fn golden() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/text/expected.json"
    );
    serde_json::from_str(&fs_err::read_to_string(path).unwrap()).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn tokens_are_those_of_the_reference_programs() {
    let golden = golden();
    let cases = golden["tokens"].as_array().unwrap();
    assert!(cases.len() >= 330);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        assert_eq!(
            sentences(&text.to_lowercase()),
            strings(&case["sentences"]),
            "sentences of {text:?}"
        );
        assert_eq!(
            word_tokenize(text),
            strings(&case["words"]),
            "words of {text:?}"
        );
        assert_eq!(
            rouge_words(text, false),
            strings(&case["rouge"]),
            "{text:?}"
        );
        assert_eq!(
            rouge_words(text, true),
            strings(&case["rouge_stemmed"]),
            "{text:?}"
        );
        assert_eq!(
            tokenize_13a(text),
            strings(&case["sacre"]),
            "13a of {text:?}"
        );
        assert_eq!(Some(clean_up(text).as_str()), case["cleaned"].as_str());
    }
}

#[test]
fn stems_are_those_of_nltk() {
    let golden = golden();
    let stems = golden["stems"].as_object().unwrap();
    assert!(stems.len() > 2000);
    for (word, stem) in stems {
        assert_eq!(Some(porter_stem(word).as_str()), stem.as_str(), "{word}");
    }
}

#[test]
fn corpora_score_as_with_the_reference_programs() {
    let golden = golden();
    let corpora = golden["corpora"].as_array().unwrap();
    assert_eq!(corpora.len(), 20);
    for case in corpora {
        assert_eq!(case["signature"], SACREBLEU_SIGNATURE);
        check(case);
    }
}

struct Near<'c>(&'c str);

impl Near<'_> {
    fn check(&self, what: &str, value: f64, expected: &Value) {
        let expected = expected.as_f64().unwrap();
        assert!(
            (value - expected).abs() < TOLERANCE,
            "{}: {what}: {value} is not {expected}",
            self.0
        );
    }
}

fn check(case: &Value) {
    let near = Near(case["name"].as_str().unwrap());
    let pairs: Vec<(String, String)> = serde_json::from_value(case["pairs"].clone()).unwrap();
    let n = pairs.len() as f64;
    let tokenized = |tokens: &dyn Fn(&str) -> Vec<String>| -> Vec<(Vec<u32>, Vec<u32>)> {
        let mut vocabulary = Vocabulary::default();
        pairs
            .iter()
            .map(|(a, b)| (vocabulary.ids(&tokens(a)), vocabulary.ids(&tokens(b))))
            .collect()
    };
    let words = tokenized(&word_tokenize);
    let mut counts = BleuCounts::default();
    for (ours, theirs) in &words {
        counts.merge(&BleuCounts::nltk(ours, theirs));
    }
    for order in 1..=4 {
        near.check("bleu", bleu(&counts, order), &case["bleu"][order - 1]);
        let (mut distinct, mut published) = (Distinct::new(order), Distinct::published(order));
        for (ours, _) in &words {
            distinct.add(ours);
            published.add(ours);
        }
        near.check("distinct", distinct.value(), &case["distinct"][order - 1]);
        near.check(
            "distinct published",
            published.value(),
            &case["distinct_published"][order - 1],
        );
    }
    let mean = |pairs: &[(Vec<u32>, Vec<u32>)], metric: &dyn Fn(&[u32], &[u32]) -> f64| {
        pairs.iter().map(|(a, b)| metric(a, b)).sum::<f64>() / n
    };
    near.check(
        "rouge-l beta",
        mean(&words, &rouge_l_beta),
        &case["rouge_l_beta"],
    );
    near.check("unigram f1", mean(&words, &unigram_f1), &case["unigram_f1"]);
    let mut counts = BleuCounts::default();
    for (ours, theirs) in tokenized(&tokenize_13a) {
        counts.merge(&BleuCounts::new(&ours, &theirs));
    }
    near.check("sacrebleu", sacrebleu(&counts), &case["sacrebleu"]);
    for (key, is_stemmed) in [("rouge", false), ("rouge_stemmed", true)] {
        let words = tokenized(&|text| rouge_words(text, is_stemmed));
        near.check(key, mean(&words, &|a, b| rouge_n(a, b, 1)), &case[key][0]);
        near.check(key, mean(&words, &|a, b| rouge_n(a, b, 2)), &case[key][1]);
        near.check(key, mean(&words, &rouge_l), &case[key][2]);
    }
}
