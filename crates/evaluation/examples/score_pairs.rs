//! Scores a file of pairs, for `benches/evaluation/run.py`: BLEU-1 to 4, ROUGE-1, 2 and L with stemming,
//! and F1 of labels. A line is `hypothesis <tab> reference <tab> predicted <tab> gold`, labels as numbers.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program says what it measured and fails loudly"
)]

use smes_evaluation::metrics::{
    BleuCounts, ClassCounts, bleu, macro_f1, rouge_l, rouge_n, weighted_f1,
};
use smes_evaluation::text::{Vocabulary, rouge_words, word_tokenize};

fn main() {
    let path = std::env::args().nth(1).unwrap();
    let text = fs_err::read_to_string(path).unwrap();
    let (mut words, mut stems) = (Vocabulary::default(), Vocabulary::default());
    let mut counts = BleuCounts::default();
    let mut labels = ClassCounts::new(10);
    let mut rouge = [0.0; 3];
    let mut n_pairs = 0_u32;
    for line in text.lines() {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap();
        let (hypothesis, reference) = (next(), next());
        let (predicted, gold): (usize, usize) = (next().parse().unwrap(), next().parse().unwrap());
        let ours = words.ids(&word_tokenize(hypothesis));
        let theirs = words.ids(&word_tokenize(reference));
        counts.merge(&BleuCounts::nltk(&ours, &theirs));
        let ours = stems.ids(&rouge_words(hypothesis, true));
        let theirs = stems.ids(&rouge_words(reference, true));
        rouge[0] += rouge_n(&ours, &theirs, 1);
        rouge[1] += rouge_n(&ours, &theirs, 2);
        rouge[2] += rouge_l(&ours, &theirs);
        labels.add(gold, Some(predicted));
        n_pairs += 1;
    }
    let bleus: Vec<f64> = (1..=4).map(|order| bleu(&counts, order)).collect();
    let rouge = rouge.map(|sum| sum / f64::from(n_pairs));
    let f1 = [macro_f1(&labels), weighted_f1(&labels)];
    println!(
        "{}",
        serde_json::json!({"bleu": bleus, "rouge": rouge, "f1": f1})
    );
}
