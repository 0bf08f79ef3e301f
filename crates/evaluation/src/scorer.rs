//! Predictions of one system against the gold instances, as counts by dialogue.

use std::collections::BTreeMap;

use smes_dialogue::{Emotion, Label, LabelSet};

use crate::align::Predictions;
use crate::gold::{GoldInstance, GoldSet};
use crate::measure::Task;
use crate::predictions::{PredictedLabel, Record};
use crate::protocol::{Protocol, Target};
use crate::tally::{SystemTally, Tokenizer, Tokens};

/// Scores systems against one split; keeps the tokens of the references.
#[derive(Debug)]
pub struct Scorer<'g> {
    gold: &'g GoldSet,
    tokenizer: Tokenizer,
    /// Tokens of each instance's target text, where it has one.
    references: BTreeMap<Target, Vec<Option<Tokens>>>,
}

/// The F1 of BERTScore of each instance under one target, in the order of the instances.
pub type BertScores = Vec<Option<f64>>;

impl<'g> Scorer<'g> {
    /// A scorer against these instances.
    pub fn new(gold: &'g GoldSet) -> Self {
        let mut tokenizer = Tokenizer::default();
        let references = [Target::WithCue, Target::Spoken]
            .into_iter()
            .map(|target| {
                let tokens = gold
                    .instances()
                    .map(|(_, one)| one.target(target).map(|text| tokenizer.tokens(text)))
                    .collect();
                (target, tokens)
            })
            .collect();
        Self {
            gold,
            tokenizer,
            references,
        }
    }

    /// What is scored against.
    pub const fn gold(&self) -> &'g GoldSet {
        self.gold
    }

    /// One tally a dialogue, in corpus order; a dialogue that the protocol leaves out has an empty one.
    pub fn tallies(
        &mut self,
        predictions: &Predictions,
        protocol: &Protocol,
        bertscores: Option<&BertScores>,
    ) -> Vec<SystemTally> {
        let gold = self.gold;
        let mut tallies = Vec::with_capacity(gold.dialogues.len());
        let mut place = 0;
        for dialogue in &gold.dialogues {
            let mut tally = SystemTally::new(gold.emotions.len(), gold.strategies.len());
            for one in &dialogue.instances {
                if one.is_in(protocol) {
                    let record = predictions.records[place].as_ref();
                    add_labels(&mut tally, gold, one, record);
                    let reference = self.references[&protocol.target][place].as_ref();
                    if let Some(reference) = reference {
                        let bertscore = bertscores.and_then(|scores| scores[place]);
                        add_text(
                            &mut self.tokenizer,
                            &mut tally,
                            record,
                            reference,
                            bertscore,
                        );
                        add_log_prob(&mut tally, record, protocol.target);
                    }
                }
                place += 1;
            }
            tallies.push(tally);
        }
        tallies
    }
}

/// Whether the label of each instance of a protocol that has a gold one is right, by task.
pub type Rights = [Vec<bool>; 3];

/// Which labels are right, in corpus order: what McNemar's test compares.
pub(crate) fn rights(gold: &GoldSet, predictions: &Predictions, protocol: &Protocol) -> Rights {
    let all = gold.instances().zip(&predictions.records);
    let scored: Vec<_> = all.filter(|((_, one), _)| one.is_in(protocol)).collect();
    Task::ALL.map(|task| {
        let pairs = scored
            .iter()
            .map(|((_, one), record)| classes(gold, one, record.as_ref(), task));
        pairs
            .filter_map(|(right, found)| Some(found == Some(right?)))
            .collect()
    })
}

fn add_labels(
    tally: &mut SystemTally,
    gold: &GoldSet,
    one: &GoldInstance,
    record: Option<&Record>,
) {
    for task in Task::ALL {
        let (right, found) = classes(gold, one, record, task);
        if let Some(right) = right {
            tally.labels_mut(task).add(right, found);
        }
    }
}

/// Classes of a task: the gold one, and the predicted one.
pub(crate) fn classes(
    gold: &GoldSet,
    one: &GoldInstance,
    record: Option<&Record>,
    task: Task,
) -> (Option<usize>, Option<usize>) {
    fn class<L: Label>(set: &LabelSet<L>, label: Option<&L>) -> Option<usize> {
        label.and_then(|label| set.index_of(label))
    }
    let right = &one.instance.gold;
    let predicted = record.map(|record| &record.predicted);
    let emotion = |label: Option<&Emotion>| class(&gold.emotions, label);
    let label = |found: Option<&PredictedLabel<Emotion>>| emotion(found.map(|found| &found.label));
    match task {
        Task::UserEmotion => (
            emotion(right.user_emotion.as_ref()),
            label(predicted.and_then(|one| one.user_emotion.as_ref())),
        ),
        Task::SystemEmotion => (
            emotion(right.system_emotion.as_ref()),
            label(predicted.and_then(|one| one.system_emotion.as_ref())),
        ),
        Task::Strategy => {
            let found = predicted.and_then(|one| one.strategy.as_ref());
            (
                class(&gold.strategies, right.strategy.as_ref()),
                class(&gold.strategies, found.map(|found| &found.label)),
            )
        }
    }
}

fn add_text(
    tokenizer: &mut Tokenizer,
    tally: &mut SystemTally,
    record: Option<&Record>,
    reference: &Tokens,
    bertscore: Option<f64>,
) {
    let response = record.and_then(|record| record.response.as_ref());
    let text = response.map_or("", |text| text.expose().as_str());
    let is_there = !text.trim().is_empty();
    tally.text.add(&tokenizer.tokens(text), reference, is_there);
    if let Some(f1) = bertscore {
        tally.text.add_bertscore(f1);
    }
}

fn add_log_prob(tally: &mut SystemTally, record: Option<&Record>, target: Target) {
    let scored = record
        .and_then(|record| record.target_log_prob)
        .filter(|scored| scored.target == target);
    if let Some(scored) = scored {
        tally.text.log_prob.log_prob += scored.log_prob;
        tally.text.log_prob.n_tokens += scored.n_tokens;
    }
}
