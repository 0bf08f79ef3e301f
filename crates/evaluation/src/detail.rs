//! What lies behind a system's figures: confusions, calibration, scores by phase and by scenario, and
//! its errors in their places.

use std::collections::BTreeMap;

use smes_dialogue::Label;

use crate::align::Predictions;
use crate::gold::{GoldInstance, GoldSet};
use crate::measure::Task;
use crate::metrics::{
    Calibration, ClassCounts, ClassScore, Confusion, accuracy, is_in_top_k, macro_f1, per_class,
};
use crate::predictions::Record;
use crate::scorer::classes;
use crate::suite::SystemSpec;
use crate::table::RowKind;

/// Phases of a dialogue, as in the paper's Figure 3.
pub const N_PHASES: usize = 4;

/// Details of one system.
#[derive(Debug)]
pub struct Detail {
    /// The system.
    pub system: String,
    /// What it is.
    pub kind: RowKind,
    /// One entry a task with gold labels.
    pub tasks: Vec<TaskDetail>,
    /// The labels of all instances, in corpus order.
    pub answers: Vec<Answer>,
}

/// Details of one task.
#[derive(Debug)]
pub struct TaskDetail {
    /// The task.
    pub task: Task,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// How often each is taken for each other.
    pub confusion: Confusion,
    /// Whether it is as right as it is sure.
    pub calibration: Calibration,
    /// Share of instances whose gold label is among its first three; `None` without probabilities.
    pub top_3: Option<f64>,
    /// Precision, recall and F1 of each class that occurs.
    pub per_class: Vec<ClassScore>,
    /// Accuracy, macro-F1 and instances in each quarter of the dialogue.
    pub phases: Vec<Part>,
    /// The same by scenario, the most frequent first.
    pub scenarios: Vec<Part>,
}

/// Scores of a part of the instances.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Name of the part.
    pub name: String,
    /// Share of right labels.
    pub accuracy: f64,
    /// Plain mean of the classes' F1.
    pub macro_f1: f64,
    /// Instances.
    pub n: u32,
}

/// Gold and predicted classes of one instance, by task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// Place of the dialogue.
    pub dialogue: usize,
    /// Position of the utterance in it.
    pub utterance: usize,
    /// `(gold, predicted)` by task, in the order of [`Task::ALL`].
    pub labels: [(Option<usize>, Option<usize>); 3],
}

impl Detail {
    /// Looks behind one seed of a system.
    pub fn new(spec: &SystemSpec, gold: &GoldSet, predictions: &Predictions) -> Self {
        let mut answers = Vec::with_capacity(gold.n_instances());
        for (dialogue, one) in gold.dialogues.iter().enumerate() {
            for instance in &one.instances {
                let record = predictions.records[answers.len()].as_ref();
                answers.push(Answer {
                    dialogue,
                    utterance: instance.instance.utterance_idx,
                    labels: Task::ALL.map(|task| classes(gold, instance, record, task)),
                });
            }
        }
        let tasks = Task::ALL.map(|task| TaskDetail::new(task, gold, predictions, &answers));
        Self {
            system: spec.name.clone(),
            kind: spec.kind,
            tasks: tasks.into_iter().flatten().collect(),
            answers,
        }
    }
}

impl TaskDetail {
    fn new(
        task: Task,
        gold: &GoldSet,
        predictions: &Predictions,
        answers: &[Answer],
    ) -> Option<Self> {
        let classes: Vec<String> = match task {
            Task::Strategy => gold.strategies.names().map(str::to_owned).collect(),
            _ => gold.emotions.names().map(str::to_owned).collect(),
        };
        let mut confusion = Confusion::new(classes.len());
        let mut by_phase = vec![ClassCounts::new(classes.len()); N_PHASES];
        let mut by_scenario: BTreeMap<&str, ClassCounts> = BTreeMap::new();
        let mut sureness = Sureness::default();
        for (answer, (dialogue, one)) in answers.iter().zip(gold.instances()) {
            let (Some(right), found) = answer.labels[task as usize] else {
                continue;
            };
            confusion.add(right, found);
            let phase = phase(one.instance.utterance_idx + 1, dialogue.utterances.len());
            by_phase[phase].add(right, found);
            if let Some(scenario) = &dialogue.scenario {
                by_scenario
                    .entry(&scenario.name)
                    .or_insert_with(|| ClassCounts::new(classes.len()))
                    .add(right, found);
            }
        }
        for ((_, one), record) in gold.instances().zip(&predictions.records) {
            sureness.add(task, one, record.as_ref());
        }
        let counts = confusion.class_counts();
        let phases = ["first quarter", "second", "third", "last quarter"];
        let mut scenarios: Vec<Part> = by_scenario
            .iter()
            .map(|(name, counts)| Part::new(name, counts))
            .collect();
        scenarios.sort_by(|a, b| b.n.cmp(&a.n).then_with(|| a.name.cmp(&b.name)));
        (counts.n() > 0).then(|| Self {
            task,
            per_class: per_class(&counts),
            phases: phases
                .into_iter()
                .zip(&by_phase)
                .map(|(name, counts)| Part::new(name, counts))
                .collect(),
            scenarios,
            top_3: sureness.top_3(),
            calibration: sureness.calibration,
            confusion,
            classes,
        })
    }
}

impl Part {
    fn new(name: &str, counts: &ClassCounts) -> Self {
        Self {
            name: name.to_owned(),
            accuracy: accuracy(counts),
            macro_f1: macro_f1(counts),
            n: counts.n(),
        }
    }
}

/// Where the 1-based row `k` of `n` lies: 0 for `k/n` in `(0, 1/4]`, and so on, as in the corpus's
/// statistics.
const fn phase(k: usize, n: usize) -> usize {
    (4 * k - 1) / n
}

/// What the probabilities say.
#[derive(Default)]
struct Sureness {
    calibration: Calibration,
    n_in_top_3: u32,
    n: u32,
}

impl Sureness {
    fn add(&mut self, task: Task, one: &GoldInstance, record: Option<&Record>) {
        let Some((right, ranked)) = record.and_then(|record| ranked(task, one, record)) else {
            return;
        };
        let Some((top, prob)) = ranked.first() else {
            return;
        };
        self.n += 1;
        self.calibration.add(f64::from(*prob), *top == right);
        let labels = ranked.iter().map(|(label, _)| *label);
        self.n_in_top_3 += u32::from(is_in_top_k(right, labels, 3));
    }

    fn top_3(&self) -> Option<f64> {
        (self.n > 0).then(|| f64::from(self.n_in_top_3) / f64::from(self.n))
    }
}

/// The gold label and the predicted ones with their probabilities, most likely first.
fn ranked<'r>(
    task: Task,
    one: &'r GoldInstance,
    record: &'r Record,
) -> Option<(&'r str, Vec<(&'r str, f32)>)> {
    fn list<L: Label>(probs: &[(L, f32)]) -> Vec<(&str, f32)> {
        let mut list: Vec<(&str, f32)> = probs.iter().map(|(l, prob)| (l.name(), *prob)).collect();
        list.sort_by(|a, b| b.1.total_cmp(&a.1));
        list
    }
    let (gold, predicted) = (&one.instance.gold, &record.predicted);
    Some(match task {
        Task::UserEmotion => (
            gold.user_emotion.as_ref()?.name(),
            list(&predicted.user_emotion.as_ref()?.probs),
        ),
        Task::Strategy => (
            gold.strategy.as_ref()?.name(),
            list(&predicted.strategy.as_ref()?.probs),
        ),
        Task::SystemEmotion => (
            gold.system_emotion.as_ref()?.name(),
            list(&predicted.system_emotion.as_ref()?.probs),
        ),
    })
}
