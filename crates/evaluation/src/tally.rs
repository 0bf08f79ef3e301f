//! What a system did in one dialogue, in counts that add up over dialogues.

use crate::measure::Task;
use crate::metrics::{
    BleuCounts, ClassCounts, LogProbSum, repetition, rouge_l, rouge_l_beta, rouge_n, unigram_f1,
};
use crate::significance::Tally;
use crate::text::{Vocabulary, rouge_words, tokenize_13a, word_tokenize};

/// A quantity whose corpus value is the mean over instances.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mean {
    Rouge1,
    Rouge2,
    RougeL,
    RougeLBeta,
    UnigramF1,
    Repetition,
}

const N_MEANS: usize = 6;

/// Counts of responses against references.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextTally {
    pub(crate) n_instances: u64,
    pub(crate) n_responses: u64,
    pub(crate) bleu: BleuCounts,
    pub(crate) sacrebleu: BleuCounts,
    pub(crate) log_prob: LogProbSum,
    sums: [f64; N_MEANS],
    bertscore: f64,
    n_bertscores: u64,
}

impl TextTally {
    pub(crate) fn mean(&self, mean: Mean) -> Option<f64> {
        (self.n_instances > 0).then(|| self.sums[mean as usize] / self.n_instances as f64)
    }

    pub(crate) fn bertscore(&self) -> Option<f64> {
        (self.n_bertscores > 0).then(|| self.bertscore / self.n_bertscores as f64)
    }

    /// Counts the F1 of a response's BERTScore.
    pub(crate) fn add_bertscore(&mut self, f1: f64) {
        self.bertscore += f1;
        self.n_bertscores += 1;
    }
}

/// Counts of one system in one dialogue, or in several.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemTally {
    labels: [ClassCounts; 3],
    pub(crate) text: TextTally,
}

impl SystemTally {
    /// Nothing yet, over so many labels.
    pub(crate) fn new(n_emotions: usize, n_strategies: usize) -> Self {
        Self {
            labels: [n_emotions, n_strategies, n_emotions].map(ClassCounts::new),
            text: TextTally::default(),
        }
    }

    /// Counts of a task.
    pub const fn labels(&self, task: Task) -> &ClassCounts {
        &self.labels[task as usize]
    }

    pub(crate) const fn labels_mut(&mut self, task: Task) -> &mut ClassCounts {
        &mut self.labels[task as usize]
    }
}

impl Tally for SystemTally {
    fn merge(&mut self, other: &Self) {
        for (labels, other) in self.labels.iter_mut().zip(&other.labels) {
            labels.merge(other);
        }
        let (text, other) = (&mut self.text, &other.text);
        text.n_instances += other.n_instances;
        text.n_responses += other.n_responses;
        text.bleu.merge(&other.bleu);
        text.sacrebleu.merge(&other.sacrebleu);
        text.log_prob.merge(&other.log_prob);
        for (sum, other) in text.sums.iter_mut().zip(&other.sums) {
            *sum += other;
        }
        text.bertscore += other.bertscore;
        text.n_bertscores += other.n_bertscores;
    }

    fn clear(&mut self) {
        self.labels.iter_mut().for_each(ClassCounts::clear);
        self.text = TextTally::default();
    }
}

/// A text under every tokenizer that the measures need.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    words: Vec<u32>,
    stems: Vec<u32>,
    sacre: Vec<u32>,
}

/// Turns texts into token numbers that compare across texts.
#[derive(Debug, Default)]
pub(crate) struct Tokenizer {
    words: Vocabulary,
    stems: Vocabulary,
    sacre: Vocabulary,
}

impl Tokenizer {
    pub(crate) fn tokens(&mut self, text: &str) -> Tokens {
        Tokens {
            words: self.words.ids(&word_tokenize(text)),
            stems: self.stems.ids(&rouge_words(text, true)),
            sacre: self.sacre.ids(&tokenize_13a(text)),
        }
    }
}

impl TextTally {
    /// Counts a response against its reference. A missing one is an empty one.
    pub(crate) fn add(&mut self, response: &Tokens, reference: &Tokens, is_there: bool) {
        self.n_instances += 1;
        self.n_responses += u64::from(is_there);
        let (ours, theirs) = (&response.words, &reference.words);
        self.bleu.merge(&BleuCounts::nltk(ours, theirs));
        self.sacrebleu
            .merge(&BleuCounts::new(&response.sacre, &reference.sacre));
        let values = [
            (Mean::Rouge1, rouge_n(&response.stems, &reference.stems, 1)),
            (Mean::Rouge2, rouge_n(&response.stems, &reference.stems, 2)),
            (Mean::RougeL, rouge_l(&response.stems, &reference.stems)),
            (Mean::RougeLBeta, rouge_l_beta(ours, theirs)),
            (Mean::UnigramF1, unigram_f1(ours, theirs)),
            (Mean::Repetition, repetition(ours)),
        ];
        for (mean, value) in values {
            self.sums[mean as usize] += value;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Measure;

    #[test]
    fn a_missing_response_counts_as_an_empty_one() {
        let mut tokenizer = Tokenizer::default();
        let said = tokenizer.tokens("Take your time, please.");
        let nothing = tokenizer.tokens("");
        let mut tally = SystemTally::new(2, 2);
        assert_eq!(Measure::Bleu(2).value(&tally), None);
        tally.text.add(&said, &said, true);
        assert!((Measure::RougeLBeta.value(&tally).unwrap() - 1.0).abs() < 1e-12);
        tally.text.add(&nothing, &said, false);
        assert!((Measure::RougeLBeta.value(&tally).unwrap() - 0.5).abs() < 1e-12);
        assert!((Measure::ResponseCoverage.value(&tally).unwrap() - 0.5).abs() < 1e-12);
        assert!(Measure::Bleu(2).value(&tally).unwrap() < 0.5);
    }
}
