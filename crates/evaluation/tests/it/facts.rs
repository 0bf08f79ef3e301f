//! What is known of MESC's text figures, on the real data.
//!
//! The figures to meet were computed apart from this program, with nltk's metrics over the published
//! files: one constant sentence at least B-2 35.5, B-4 25.8, R-L 42.7 under `published`; the gold cue
//! without the utterance B-2 78.6, R-L 86.5; the gold utterance alone R-L 29.7.

use smes_corpus::Corpus;
use smes_corpus::importers::{Importer, MescJson, MescSource};
use smes_dialogue::{Private, SplitName};
use smes_evaluation::measure::Measure;
use smes_evaluation::protocol::{Protocol, Target};
use smes_evaluation::significance::Tally;
use smes_evaluation::{GoldSet, Predicted, Predictions, Scorer, SystemTally, best_constant};

use crate::support;

pub(crate) fn mesc() -> Option<(tempfile::TempDir, Corpus)> {
    let csv = smes_testkit::shared_data("mesc/MESC.csv")?;
    let json = |split, name| {
        let path = csv.with_file_name(name);
        MescJson { split, path }
    };
    let json = vec![
        json(SplitName::Validation, "val.json"),
        json(SplitName::Test, "test.json"),
    ];
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("mesc");
    MescSource { csv, json }
        .import(&target, &mut |_| {})
        .unwrap();
    let corpus = Corpus::open(&target).unwrap();
    Some((folder, corpus))
}

/// The constant sentence of [`a_constant_sentence_scores_as_with_nltk`]: written for the purpose in the
/// style of the published cues, no text of the corpus.
const WRITTEN: &str = "so you think that's what you want? the speaker seems to be in a serious and \
     focused state of mind, as he is engaged in a conversation with someone off-screen. his facial \
     expression suggests that he is listening intently.";

#[test]
fn a_constant_sentence_scores_as_with_nltk() {
    let Some((_folder, corpus)) = mesc() else {
        return;
    };
    let gold = support::gold(&corpus, SplitName::Test);
    let [b2, b4, rl] = figures(&gold, "published", |_| WRITTEN.into());
    // nltk's corpus BLEU (method3) and ROUGE-L with beta 1.2 over nltk's words of this sentence, a
    // sentence splitter of plain rules: 35.58, 25.85, 42.76. The figures that are told of a sentence
    // with this beginning and 44 words in all are 35.46, 25.79 and 42.68.
    near(b2, 35.58, 0.05);
    near(b4, 25.85, 0.05);
    near(rl, 42.76, 0.05);
}

/// Figures in percent of a system that answers the `idx`-th instance with `answer(idx)`.
fn figures(gold: &GoldSet, protocol: &str, answer: impl Fn(usize) -> Private<String>) -> [f64; 3] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.jsonl");
    support::write(&path, gold, |idx| (Predicted::default(), Some(answer(idx))));
    let predictions = Predictions::read(&path, gold).unwrap();
    let protocol = Protocol::named(protocol).unwrap();
    let tallies = Scorer::new(gold).tallies(&predictions, protocol, None);
    let sum = tallies
        .into_iter()
        .reduce(|mut sum: SystemTally, other| {
            sum.merge(&other);
            sum
        })
        .unwrap();
    [Measure::Bleu(2), Measure::Bleu(4), Measure::RougeLBeta]
        .map(|measure| measure.value(&sum).unwrap() * 100.0)
}

fn near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() < tolerance,
        "{found} is not {expected}"
    );
}

#[test]
fn text_figures_of_mesc_are_the_known_ones() {
    let Some((_folder, corpus)) = mesc() else {
        return;
    };
    let validation = support::gold(&corpus, SplitName::Validation);
    let gold = support::gold(&corpus, SplitName::Test);
    assert_eq!(gold.n_instances(), 1067);
    let spoken: Vec<Private<String>> = gold
        .instances()
        .map(|(_, one)| one.spoken.clone())
        .collect();
    let cue: Vec<Private<String>> = gold
        .instances()
        .zip(&spoken)
        .map(|((_, one), spoken)| {
            let whole = one.target(Target::WithCue).unwrap();
            whole[spoken.expose().len()..].trim().into()
        })
        .collect();
    let [b2, _, rl] = figures(&gold, "published", |idx| cue[idx].clone());
    near(b2, 78.6, 0.6);
    near(rl, 86.5, 0.6);
    let [b2, _, rl] = figures(&gold, "published", |idx| spoken[idx].clone());
    near(b2, 1.6, 0.2);
    near(rl, 29.7, 0.5);
    near(
        figures(&gold, "spoken", |idx| spoken[idx].clone())[2],
        100.0,
        1e-9,
    );

    // The best constant found on validation: a sentence of the corpus, so it is made here each time.
    let texts: Vec<&str> = validation
        .instances()
        .filter_map(|(_, one)| one.target(Target::WithCue))
        .collect();
    let constant: Private<String> = best_constant(&texts).unwrap().into();
    let [b2, b4, rl] = figures(&gold, "published", |_| constant.clone());
    // A constant written by hand reaches 35.46, 25.79 and 42.68; one that is searched for is better, and
    // better than the paper's model (37.89, 27.02, 41.99).
    assert!(b2 > 37.89 && b4 > 25.79 && rl > 42.68, "{b2} {b4} {rl}");
    // The same sentence says nothing of what the supporter said.
    let [b2, _, _] = figures(&gold, "spoken", |_| constant.clone());
    assert!(b2 < 3.0, "{b2}");
}
