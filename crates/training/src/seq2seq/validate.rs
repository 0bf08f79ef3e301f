//! Scores on the validation split, which alone decide which epoch is kept.

use serde::{Deserialize, Serialize};
use smes_dialogue::Validation;
use smes_evaluation::{ClassCounts, accuracy, macro_f1};
use smes_nn::NnError;
use smes_nn::blenderbot::Blenderbot;
use smes_nn::generation::Session;
use smes_reasoning::blenderbot::token_likelihoods;
use smes_reasoning::sequence::{
    ChosenLabels, DecodedLabels, LabelDecoding, Sequence, decode_labels,
};

use super::SelectBy;
use super::data::{Example, Material};
use crate::{Progress, TrainingError};

/// Examples scored in one pass.
const BATCH: usize = 16;

/// Scores of one kind of label, decoded one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelScores {
    /// Share of instances whose decoded label is the gold one.
    pub accuracy: f64,
    /// Mean F1 over the labels.
    pub macro_f1: f64,
}

/// Scores on validation after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationScores {
    /// Perplexity of all target tokens, labels and end token included, gold tokens before.
    pub perplexity: f64,
    /// As the authors' code has it: label tokens do not count and cannot be chosen.
    pub response_perplexity: f64,
    /// Mean negative log-probability of a label token over the whole vocabulary, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_loss: Option<f64>,
    /// Of the user emotion, where the layout has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_emotion: Option<LabelScores>,
    /// Of the strategy, given the decoded user emotion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<LabelScores>,
    /// Of the system emotion, given both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_emotion: Option<LabelScores>,
}

impl ValidationScores {
    /// What an epoch is chosen by, smaller is better.
    pub fn selection_loss(&self, by: SelectBy) -> f64 {
        match by {
            SelectBy::AllTokens => self.perplexity.ln(),
            SelectBy::LabelTokens => self.label_loss.unwrap_or(self.perplexity.ln()),
        }
    }
}

/// The validation split as examples. Only this type reaches selection.
pub(super) struct ValidationSet {
    /// In the order of length.
    examples: Vec<Example>,
}

/// Sums of negative log-probabilities of tokens.
#[derive(Default)]
struct TokenSums {
    all: Mean,
    labels: Mean,
    /// Label tokens neither count nor can they be chosen.
    response: Mean,
}

#[derive(Default)]
struct Mean {
    sum: f64,
    n: u64,
}

impl Mean {
    fn add(&mut self, number: f64) {
        self.sum += number;
        self.n += 1;
    }

    fn value(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }
}

impl TokenSums {
    /// Takes in a batch under teacher forcing.
    fn add(
        &mut self,
        model: &Blenderbot,
        sequence: &Sequence,
        batch: &[Example],
    ) -> Result<(), NnError> {
        let pick = |of: fn(&Example) -> &Vec<u32>| -> Vec<Vec<u32>> {
            batch.iter().map(|example| of(example).clone()).collect()
        };
        let (sources, targets) = (pick(|one| &one.source), pick(|one| &one.target));
        let tokens = token_likelihoods(model, sequence, &sources, &targets)?;
        for token in tokens.iter().flatten() {
            self.all.add(-token.among_all);
            match token.among_words {
                Some(among_words) => self.response.add(-among_words),
                None => self.labels.add(-token.among_all),
            }
        }
        Ok(())
    }
}

fn decode(
    model: &Blenderbot,
    sequence: &Sequence,
    batch: &[Example],
) -> Result<Vec<DecodedLabels>, NnError> {
    let sources: Vec<Vec<u32>> = batch.iter().map(|example| example.source.clone()).collect();
    let mut session = Session::begin(model, &sources)?;
    let (prefix, labels) = (sequence.layout().labels, sequence.labels());
    let way = LabelDecoding::Sequential;
    decode_labels(&mut session, prefix, labels, way, &mut |_, _, _| ())
}

impl ValidationSet {
    /// Takes what was read as the validation split.
    pub(super) fn new(
        material: &ValidationMaterial,
        sequence: &Sequence,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let mut examples = material.0.examples(sequence, "validation data", progress)?;
        examples.sort_by_key(Example::length);
        Ok(Self { examples })
    }

    /// Scores the network.
    pub(super) fn score(
        &self,
        model: &Blenderbot,
        sequence: &Sequence,
        progress: &mut dyn Progress,
    ) -> Result<ValidationScores, NnError> {
        let mut tokens = TokenSums::default();
        let mut decoded = Vec::with_capacity(self.examples.len());
        progress.begin("validation", self.examples.len().div_ceil(BATCH) as u64);
        for batch in self.examples.chunks(BATCH) {
            tokens.add(model, sequence, batch)?;
            decoded.extend(decode(model, sequence, batch)?);
            progress.advance(1);
        }
        progress.end();
        let prefix = sequence.layout().labels;
        let (n_emotions, n_strategies) = (sequence.emotions().len(), sequence.strategies().len());
        let pick = |is_on: bool, n: usize, place: fn(ChosenLabels) -> usize| {
            is_on.then(|| self.label_scores(&decoded, n, place))
        };
        Ok(ValidationScores {
            perplexity: tokens.all.value().unwrap_or(f64::NAN).exp(),
            response_perplexity: tokens.response.value().unwrap_or(f64::NAN).exp(),
            label_loss: tokens.labels.value(),
            user_emotion: pick(prefix.user_emotion, n_emotions, |one| one.user_emotion),
            strategy: pick(prefix.strategy, n_strategies, |one| one.strategy),
            system_emotion: pick(prefix.system_emotion, n_emotions, |one| one.system_emotion),
        })
    }

    fn label_scores(
        &self,
        decoded: &[DecodedLabels],
        n_classes: usize,
        place: fn(ChosenLabels) -> usize,
    ) -> LabelScores {
        let mut counts = ClassCounts::new(n_classes);
        for (example, decoded) in self.examples.iter().zip(decoded) {
            counts.add(place(example.gold), Some(place(decoded.chosen)));
        }
        LabelScores {
            accuracy: accuracy(&counts),
            macro_f1: macro_f1(&counts),
        }
    }
}

/// What was read of the validation split; no other split can stand in.
pub(super) struct ValidationMaterial(Material);

impl ValidationMaterial {
    pub(super) fn read(
        corpus: &smes_corpus::Corpus,
        recipe: &super::Seq2seqRecipe,
    ) -> Result<Self, TrainingError> {
        Ok(Self(Material::read::<Validation>(corpus, recipe)?))
    }
}
