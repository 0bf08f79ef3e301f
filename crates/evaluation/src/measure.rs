//! The measures that can stand as columns of a table.

use crate::metrics::{accuracy, bleu, macro_f1, micro_f1, sacrebleu, weighted_f1};
use crate::tally::{Mean, SystemTally};

/// One of the three labels of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// The seeker's emotion.
    UserEmotion,
    /// The strategy.
    Strategy,
    /// The tone of the answer.
    SystemEmotion,
}

impl Task {
    /// All, in the order of the chain.
    pub const ALL: [Self; 3] = [Self::UserEmotion, Self::Strategy, Self::SystemEmotion];

    /// Name in tables.
    pub const fn title(self) -> &'static str {
        match self {
            Self::UserEmotion => "user emotion",
            Self::Strategy => "strategy",
            Self::SystemEmotion => "system emotion",
        }
    }

    /// Name in files.
    pub const fn key(self) -> &'static str {
        match self {
            Self::UserEmotion => "user_emotion",
            Self::Strategy => "strategy",
            Self::SystemEmotion => "system_emotion",
        }
    }
}

/// A measure of a system over instances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Share of right labels.
    Accuracy(Task),
    /// Plain mean of the classes' F1; the paper's "W-F1" of the SMES row.
    MacroF1(Task),
    /// F1 over all classes together.
    MicroF1(Task),
    /// Mean of the classes' F1 by support.
    WeightedF1(Task),
    /// Share of instances with a label.
    Coverage(Task),
    /// nltk's corpus BLEU over the orders up to this one.
    Bleu(u8),
    /// sacreBLEU.
    SacreBleu,
    /// F1 of words, rouge-score with stemming.
    Rouge1,
    /// F1 of word pairs, rouge-score with stemming.
    Rouge2,
    /// F1 of the longest common subsequence, rouge-score with stemming.
    RougeL,
    /// The published code's form of ROUGE-L.
    RougeLBeta,
    /// F1 of words of the published code.
    UnigramF1,
    /// F1 of BERTScore.
    BertScore,
    /// Perplexity of the gold response.
    Perplexity,
    /// Words of responses over words of references.
    LengthRatio,
    /// Share of repeated 4-grams.
    Repetition,
    /// Share of instances with a response.
    ResponseCoverage,
}

impl Measure {
    /// All, those of labels first.
    pub fn all() -> Vec<Self> {
        let of_labels = |task| {
            [
                Self::Accuracy(task),
                Self::MacroF1(task),
                Self::MicroF1(task),
                Self::WeightedF1(task),
                Self::Coverage(task),
            ]
        };
        let mut all: Vec<Self> = Task::ALL.into_iter().flat_map(of_labels).collect();
        all.extend((1..=4).map(Self::Bleu));
        all.extend([
            Self::SacreBleu,
            Self::Rouge1,
            Self::Rouge2,
            Self::RougeL,
            Self::RougeLBeta,
            Self::UnigramF1,
            Self::BertScore,
            Self::Perplexity,
            Self::LengthRatio,
            Self::Repetition,
            Self::ResponseCoverage,
        ]);
        all
    }

    /// Name in tables.
    pub fn title(self) -> String {
        match self {
            Self::Accuracy(_) => "Acc".to_owned(),
            Self::MacroF1(_) => "macro-F1".to_owned(),
            Self::MicroF1(_) => "micro-F1".to_owned(),
            Self::WeightedF1(_) => "weighted-F1".to_owned(),
            Self::Coverage(_) | Self::ResponseCoverage => "coverage".to_owned(),
            Self::Bleu(order) => format!("B-{order}"),
            Self::SacreBleu => "sacreBLEU".to_owned(),
            Self::Rouge1 => "R-1".to_owned(),
            Self::Rouge2 => "R-2".to_owned(),
            Self::RougeL => "R-L".to_owned(),
            Self::RougeLBeta => "R-L (beta 1.2)".to_owned(),
            Self::UnigramF1 => "word F1".to_owned(),
            Self::BertScore => "BERTScore".to_owned(),
            Self::Perplexity => "PPL".to_owned(),
            Self::LengthRatio => "length".to_owned(),
            Self::Repetition => "rep-4".to_owned(),
        }
    }

    /// Name in files: CSV columns and the keys of printed figures.
    pub fn key(self) -> String {
        let of = |name: &str, task: Task| format!("{}.{name}", task.key());
        match self {
            Self::Accuracy(task) => of("accuracy", task),
            Self::MacroF1(task) => of("macro_f1", task),
            Self::MicroF1(task) => of("micro_f1", task),
            Self::WeightedF1(task) => of("weighted_f1", task),
            Self::Coverage(task) => of("coverage", task),
            Self::Bleu(order) => format!("bleu_{order}"),
            Self::SacreBleu => "sacrebleu".to_owned(),
            Self::Rouge1 => "rouge_1".to_owned(),
            Self::Rouge2 => "rouge_2".to_owned(),
            Self::RougeL => "rouge_l".to_owned(),
            Self::RougeLBeta => "rouge_l_beta".to_owned(),
            Self::UnigramF1 => "unigram_f1".to_owned(),
            Self::BertScore => "bertscore".to_owned(),
            Self::Perplexity => "perplexity".to_owned(),
            Self::LengthRatio => "length_ratio".to_owned(),
            Self::Repetition => "repetition".to_owned(),
            Self::ResponseCoverage => "response_coverage".to_owned(),
        }
    }

    /// The task of a measure of labels.
    pub const fn task(self) -> Option<Task> {
        match self {
            Self::Accuracy(task)
            | Self::MacroF1(task)
            | Self::MicroF1(task)
            | Self::WeightedF1(task)
            | Self::Coverage(task) => Some(task),
            _ => None,
        }
    }

    /// Whether the table shows it times 100.
    pub const fn is_share(self) -> bool {
        !matches!(self, Self::Perplexity | Self::LengthRatio)
    }

    /// Whether more is better, less is better, or neither.
    pub const fn direction(self) -> Option<Direction> {
        match self {
            Self::Perplexity | Self::Repetition => Some(Direction::Lower),
            Self::LengthRatio | Self::Coverage(_) | Self::ResponseCoverage => None,
            _ => Some(Direction::Higher),
        }
    }

    /// Its value; `None` where the system gives nothing to measure.
    pub fn value(self, tally: &SystemTally) -> Option<f64> {
        if let Some(task) = self.task() {
            let counts = tally.labels(task);
            let n = f64::from(counts.n());
            return (counts.n() > 0).then(|| match self {
                Self::Accuracy(_) => accuracy(counts),
                Self::MacroF1(_) => macro_f1(counts),
                Self::MicroF1(_) => micro_f1(counts),
                Self::WeightedF1(_) => weighted_f1(counts),
                _ => 1.0 - f64::from(counts.n_missing()) / n,
            });
        }
        let text = &tally.text;
        if self == Self::Perplexity {
            return text.log_prob.perplexity();
        }
        if text.n_responses == 0 {
            return None;
        }
        match self {
            Self::Bleu(order) => Some(bleu(&text.bleu, usize::from(order))),
            Self::SacreBleu => Some(sacrebleu(&text.sacrebleu)),
            Self::LengthRatio => Some(text.bleu.length_ratio()),
            Self::ResponseCoverage => {
                Some(text.n_responses as f64 / text.n_instances.max(1) as f64)
            }
            Self::Rouge1 => text.mean(Mean::Rouge1),
            Self::Rouge2 => text.mean(Mean::Rouge2),
            Self::RougeL => text.mean(Mean::RougeL),
            Self::RougeLBeta => text.mean(Mean::RougeLBeta),
            Self::UnigramF1 => text.mean(Mean::UnigramF1),
            Self::Repetition => text.mean(Mean::Repetition),
            _ => text.bertscore(),
        }
    }
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// More.
    Higher,
    /// Less.
    Lower,
}

impl Direction {
    /// Whether `a` is better than `b`.
    pub fn is_better(self, a: f64, b: f64) -> bool {
        match self {
            Self::Higher => a > b,
            Self::Lower => a < b,
        }
    }
}
