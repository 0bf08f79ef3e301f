//! Scores of a prediction file: the system's and the controls', with intervals.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use serde::Serialize;
use smes_dialogue::{DialogueId, Label, SplitName};

use crate::controls::Control;
use crate::error::PredictionError;
use crate::metrics::{ClassCounts, LogProbSum, accuracy, macro_f1, per_class, weighted_f1};
use crate::predictions::{CorpusRef, Header, PredictionReader, Record};
use crate::protocol::Target;
use crate::significance::{Interval, Resampling, Tally, interval};

/// Scores of one class, by its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NamedClassScore {
    /// The label.
    pub label: String,
    /// Its scores.
    #[serde(flatten)]
    pub score: crate::ClassScore,
}

/// Scores of one task; shares in `0..=1`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TaskScore {
    /// Share of right labels.
    pub accuracy: f64,
    /// Plain mean of the classes' F1.
    pub macro_f1: f64,
    /// Mean of the classes' F1 by support.
    pub weighted_f1: f64,
    /// Instances with a gold label.
    pub n: u32,
    /// Share of them that have a prediction; the others count as wrong.
    pub coverage: f64,
    /// Interval of the accuracy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accuracy_interval: Option<Interval>,
    /// Interval of the macro-F1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub macro_f1_interval: Option<Interval>,
    /// Scores of each class that is gold or predicted.
    pub per_class: Vec<NamedClassScore>,
}

/// Scores of the three tasks; a task without any gold label has none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlReport {
    /// The seeker's emotion.
    pub user_emotion: Option<TaskScore>,
    /// The strategy.
    pub strategy: Option<TaskScore>,
    /// The tone of the answer.
    pub system_emotion: Option<TaskScore>,
}

/// Perplexity of the gold responses of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PerplexityScore {
    /// The text whose tokens were scored.
    pub target: Target,
    /// `exp` of the mean negative log-probability of a token.
    pub perplexity: f64,
    /// Number of tokens; which ones count is the model's convention.
    pub n_tokens: u64,
}

/// Scores of a prediction file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScoreReport {
    /// Protocol of the instances and gold labels.
    pub protocol: &'static str,
    /// What was predicted.
    pub corpus: CorpusRef,
    /// Which part of it.
    pub split: SplitName,
    /// Who predicted.
    pub reasoner: String,
    /// Settings of the run.
    pub config_hash: String,
    /// Records.
    pub n_instances: usize,
    /// Dialogues they are of.
    pub n_dialogues: usize,
    /// Records whose gold user emotion is a convention because no seeker had spoken yet.
    pub n_without_seeker: usize,
    /// The seeker's emotion.
    pub user_emotion: Option<TaskScore>,
    /// The strategy.
    pub strategy: Option<TaskScore>,
    /// The tone of the answer.
    pub system_emotion: Option<TaskScore>,
    /// Of the gold responses, by the kind of their text; none where the file has no likelihoods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub perplexities: Vec<PerplexityScore>,
    /// The controls, by [`Control::key`]. A control without a rule for a task answers it with the
    /// majority.
    pub controls: BTreeMap<&'static str, ControlReport>,
}

/// Reads a prediction file and scores it beside the controls.
///
/// # Errors
/// [`PredictionError`] with file and line when the file is not what it says.
pub fn score(path: &Path, resampling: Resampling) -> Result<ScoreReport, PredictionError> {
    let mut reader = PredictionReader::open(path)?;
    let header = reader.header().clone();
    let mut own = SystemCounts::default();
    let mut controls = vec![SystemCounts::default(); Control::ALL.len()];
    let indices = LabelIndices::new(&header);
    let mut n_without_seeker = 0;
    let mut n_instances = 0;
    let mut log_probs: BTreeMap<Target, LogProbSum> = BTreeMap::new();
    for record in &mut reader {
        let record = record?;
        if let Some(scored) = record.target_log_prob {
            log_probs
                .entry(scored.target)
                .or_default()
                .merge(&LogProbSum {
                    log_prob: scored.log_prob,
                    n_tokens: scored.n_tokens,
                });
        }
        n_instances += 1;
        n_without_seeker += usize::from(record.user_emotion_from.is_none());
        indices.add_system(&mut own, &record);
        for (counts, control) in controls.iter_mut().zip(Control::ALL) {
            indices.add_control(counts, &header, control, &record);
        }
    }
    let n_dialogues = own.n_dialogues();
    let own = own.report(&header, resampling);
    let controls = Control::ALL.into_iter().zip(&controls);
    Ok(ScoreReport {
        protocol: "published",
        corpus: header.corpus.clone(),
        split: header.split,
        reasoner: header.reasoner.clone(),
        config_hash: header.config_hash.clone(),
        n_instances,
        n_dialogues,
        n_without_seeker,
        user_emotion: own.user_emotion,
        strategy: own.strategy,
        system_emotion: own.system_emotion,
        perplexities: log_probs.into_iter().filter_map(perplexity).collect(),
        controls: controls
            .map(|(control, counts)| (control.key(), counts.report(&header, resampling)))
            .collect(),
    })
}

fn perplexity((target, sum): (Target, LogProbSum)) -> Option<PerplexityScore> {
    Some(PerplexityScore {
        target,
        perplexity: sum.perplexity()?,
        n_tokens: sum.n_tokens,
    })
}

/// Index of each label in the header's lists. The reader has checked that all labels are there.
struct LabelIndices {
    emotions: HashMap<String, usize>,
    strategies: HashMap<String, usize>,
}

impl LabelIndices {
    fn new(header: &Header) -> Self {
        Self {
            emotions: by_name(&header.emotions),
            strategies: by_name(&header.strategies),
        }
    }

    fn add_system(&self, counts: &mut SystemCounts, record: &Record) {
        let (gold, predicted) = (&record.gold, &record.predicted);
        let id = &record.dialogue;
        let label = |predicted: Option<&str>, names: &HashMap<String, usize>| {
            predicted.map(|name| names[name])
        };
        if let Some(gold) = &gold.user_emotion {
            let found = predicted
                .user_emotion
                .as_ref()
                .map(|found| found.label.name());
            counts.user_emotion.add(
                id,
                self.emotions.len(),
                self.emotions[gold.name()],
                label(found, &self.emotions),
            );
        }
        if let Some(gold) = &gold.strategy {
            let found = predicted.strategy.as_ref().map(|found| found.label.name());
            counts.strategy.add(
                id,
                self.strategies.len(),
                self.strategies[gold.name()],
                label(found, &self.strategies),
            );
        }
        if let Some(gold) = &gold.system_emotion {
            let found = predicted
                .system_emotion
                .as_ref()
                .map(|found| found.label.name());
            counts.system_emotion.add(
                id,
                self.emotions.len(),
                self.emotions[gold.name()],
                label(found, &self.emotions),
            );
        }
    }

    fn add_control(
        &self,
        counts: &mut SystemCounts,
        header: &Header,
        control: Control,
        record: &Record,
    ) {
        let majority = &header.majority;
        let emotion = |most: Option<&smes_dialogue::Emotion>| {
            control
                .emotion(most, &header.emotions)
                .map(|label| crate::PredictedLabel {
                    label,
                    probs: Vec::new(),
                })
        };
        let answered = Record {
            predicted: crate::Predicted {
                user_emotion: emotion(majority.user_emotion.as_ref()),
                strategy: control
                    .strategy(majority, record)
                    .map(|label| crate::PredictedLabel {
                        label,
                        probs: Vec::new(),
                    }),
                system_emotion: emotion(majority.system_emotion.as_ref()),
            },
            ..record.clone()
        };
        self.add_system(counts, &answered);
    }
}

fn by_name<L: Label>(labels: &[L]) -> HashMap<String, usize> {
    labels
        .iter()
        .enumerate()
        .map(|(idx, label)| (label.name().to_owned(), idx))
        .collect()
}

/// Counts of a task by dialogue. The map's order makes the bootstrap independent of the order of
/// the records.
#[derive(Debug, Clone, Default)]
struct TaskCounts(BTreeMap<DialogueId, ClassCounts>);

impl TaskCounts {
    fn add(
        &mut self,
        dialogue: &DialogueId,
        n_classes: usize,
        gold: usize,
        predicted: Option<usize>,
    ) {
        if !self.0.contains_key(dialogue) {
            self.0.insert(dialogue.clone(), ClassCounts::new(n_classes));
        }
        self.0
            .get_mut(dialogue)
            .expect("it was inserted above")
            .add(gold, predicted);
    }

    fn score<L: Label>(&self, labels: &[L], resampling: Resampling) -> Option<TaskScore> {
        let dialogues: Vec<ClassCounts> = self.0.values().cloned().collect();
        let mut all = ClassCounts::new(labels.len());
        for dialogue in &dialogues {
            all.merge(dialogue);
        }
        if all.n() == 0 {
            return None;
        }
        let intervals = interval(&dialogues, &[&accuracy, &macro_f1], resampling);
        let interval = |idx: usize| intervals.as_ref()?.get(idx).copied();
        Some(TaskScore {
            accuracy: accuracy(&all),
            macro_f1: macro_f1(&all),
            weighted_f1: weighted_f1(&all),
            n: all.n(),
            coverage: 1.0 - f64::from(all.n_missing()) / f64::from(all.n()),
            accuracy_interval: interval(0),
            macro_f1_interval: interval(1),
            per_class: per_class(&all)
                .into_iter()
                .map(|score| NamedClassScore {
                    label: labels[score.class].name().to_owned(),
                    score,
                })
                .collect(),
        })
    }
}

/// Counts of one system, or of one control.
#[derive(Debug, Clone, Default)]
struct SystemCounts {
    user_emotion: TaskCounts,
    strategy: TaskCounts,
    system_emotion: TaskCounts,
}

impl SystemCounts {
    fn report(&self, header: &Header, resampling: Resampling) -> ControlReport {
        ControlReport {
            user_emotion: self.user_emotion.score(&header.emotions, resampling),
            strategy: self.strategy.score(&header.strategies, resampling),
            system_emotion: self.system_emotion.score(&header.emotions, resampling),
        }
    }

    fn n_dialogues(&self) -> usize {
        let tasks = [&self.user_emotion, &self.strategy, &self.system_emotion];
        let ids: std::collections::BTreeSet<&DialogueId> =
            tasks.iter().flat_map(|task| task.0.keys()).collect();
        ids.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{header, record, write_file};
    use crate::{Gold, Predicted};
    use smes_dialogue::{Emotion, Strategy};

    fn score_of(records: &[Record]) -> ScoreReport {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.jsonl");
        write_file(&path, &header(records.len()), records);
        score(&path, Resampling::default()).unwrap()
    }

    #[test]
    fn the_order_of_records_changes_nothing() {
        let mut records: Vec<Record> = (0..40)
            .map(|idx| record(&format!("d{}", idx % 7), idx))
            .collect();
        for (idx, record) in records.iter_mut().enumerate() {
            let gold = if idx % 3 == 0 { "joy" } else { "neutral" };
            record.gold.user_emotion = Some(Emotion::from_name(gold));
        }
        let forward = score_of(&records);
        records.reverse();
        assert_eq!(forward, score_of(&records));
        assert_eq!((forward.n_dialogues, forward.n_instances), (7, 40));
        let user_emotion = forward.user_emotion.unwrap();
        let interval = user_emotion.accuracy_interval.unwrap();
        assert!(interval.low <= user_emotion.accuracy && user_emotion.accuracy <= interval.high);
    }

    #[test]
    fn likelihoods_become_one_perplexity_a_kind_of_text() {
        let mut records = vec![record("a", 1), record("a", 2), record("b", 1)];
        assert!(score_of(&records).perplexities.is_empty());
        for (record, (target, n_tokens)) in records.iter_mut().zip([
            (Target::Spoken, 2),
            (Target::Spoken, 3),
            (Target::WithCue, 7),
        ]) {
            record.target_log_prob = Some(crate::TargetLogProb {
                target,
                log_prob: -(4.0_f64.ln()) * n_tokens as f64,
                n_tokens,
            });
        }
        let found = score_of(&records).perplexities;
        let found: Vec<(Target, u64)> = found
            .iter()
            .inspect(|one| assert!((one.perplexity - 4.0).abs() < 1e-12))
            .map(|one| (one.target, one.n_tokens))
            .collect();
        assert_eq!(found, [(Target::WithCue, 7), (Target::Spoken, 5)]);
    }

    #[test]
    fn a_missing_prediction_lowers_coverage_and_accuracy() {
        let mut records = vec![record("a", 1), record("a", 2)];
        records[1].predicted = Predicted::default();
        let strategy = score_of(&records).strategy.unwrap();
        assert!((strategy.coverage - 0.5).abs() < 1e-12);
        assert!((strategy.accuracy - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_task_without_gold_labels_is_not_scored_and_the_convention_is_counted() {
        let mut records = vec![record("a", 1)];
        records[0].gold = Gold {
            strategy: Some(Strategy::from_name("Approval")),
            ..Gold::default()
        };
        records[0].user_emotion_from = None;
        let report = score_of(&records);
        assert!(report.user_emotion.is_none() && report.strategy.is_some());
        assert_eq!(report.n_without_seeker, 1);
    }
}
