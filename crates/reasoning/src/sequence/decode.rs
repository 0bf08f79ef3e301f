//! The labels, decoded: one after the other, or all from the first position.

use std::str::FromStr;

use smes_nn::NnError;
use smes_nn::generation::{LogitsProcessor, Moment, Session, TopP, softmax_of, token_at};

use super::{ChosenLabels, LabelPrefix, LabelTokens, PrefixStep};

/// How the labels of a turn are decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum LabelDecoding {
    /// One after the other, each given those before, as the paper describes; the most likely one.
    #[default]
    Sequential,
    /// All three from the logits of the first position, as the authors' code does. There training
    /// only ever had user emotions, so that the other two are not learnt: for comparison only.
    FirstStep(Choice),
}

/// How a label is chosen from its probabilities at the first position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Choice {
    /// The most likely one (the authors' `top1`).
    Likeliest,
    /// By chance among the likely ones (the authors' default, with `p` 0.9).
    Nucleus {
        /// The mass of the likely ones.
        p: f32,
        /// Seed of the choice.
        seed: u64,
    },
}

impl FromStr for LabelDecoding {
    type Err = String;

    /// `sequential`, `first-step` (sampled, as the authors' code) or `first-step-argmax`.
    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "sequential" => Ok(Self::Sequential),
            "first-step" => Ok(Self::FirstStep(Choice::Nucleus { p: 0.9, seed: 0 })),
            "first-step-argmax" => Ok(Self::FirstStep(Choice::Likeliest)),
            _ => Err(format!(
                "`{name}` is no way to decode labels; there are `sequential`, `first-step`, `first-step-argmax`"
            )),
        }
    }
}

impl std::fmt::Display for LabelDecoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sequential => "sequential",
            Self::FirstStep(Choice::Nucleus { .. }) => "first-step",
            Self::FirstStep(Choice::Likeliest) => "first-step-argmax",
        })
    }
}

/// A kind of label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelKind {
    /// `E_t`.
    UserEmotion,
    /// `S_t`.
    Strategy,
    /// `SE_t`.
    SystemEmotion,
}

impl LabelKind {
    /// The kind that a step decodes; none for the separator.
    pub fn of_step(step: PrefixStep) -> Option<Self> {
        match step {
            PrefixStep::UserEmotion => Some(Self::UserEmotion),
            PrefixStep::Separator => None,
            PrefixStep::Strategy => Some(Self::Strategy),
            PrefixStep::SystemEmotion => Some(Self::SystemEmotion),
        }
    }

    fn block(self, labels: &LabelTokens) -> &[u32] {
        match self {
            Self::UserEmotion => &labels.user_emotions,
            Self::Strategy => &labels.strategies,
            Self::SystemEmotion => &labels.system_emotions,
        }
    }
}

/// The labels of one turn with their probabilities; uniform for a label that the layout lacks.
#[derive(Debug, Clone, PartialEq)]
pub struct DecodedLabels {
    /// What was chosen; the first of the set for a label that the layout lacks.
    pub chosen: ChosenLabels,
    /// Over the emotions.
    pub user_emotion: Vec<f32>,
    /// Over the strategies, given the user emotion.
    pub strategy: Vec<f32>,
    /// Over the emotions, given both.
    pub system_emotion: Vec<f32>,
}

impl DecodedLabels {
    fn unknown(labels: &LabelTokens) -> Self {
        let uniform = |n: usize| vec![1.0 / n as f32; n];
        Self {
            chosen: ChosenLabels {
                user_emotion: 0,
                strategy: 0,
                system_emotion: 0,
            },
            user_emotion: uniform(labels.user_emotions.len()),
            strategy: uniform(labels.strategies.len()),
            system_emotion: uniform(labels.system_emotions.len()),
        }
    }

    /// Notes the probabilities of a kind and what was chosen.
    fn set(&mut self, kind: LabelKind, probs: Vec<f32>, chosen: usize) {
        let (into, choice) = match kind {
            LabelKind::UserEmotion => (&mut self.user_emotion, &mut self.chosen.user_emotion),
            LabelKind::Strategy => (&mut self.strategy, &mut self.chosen.strategy),
            LabelKind::SystemEmotion => (&mut self.system_emotion, &mut self.chosen.system_emotion),
        };
        *into = probs;
        *choice = chosen;
    }
}

/// Decodes the labels of every output of a session that has just begun, and feeds them to it, so
/// that the response can follow. `adjust` may change the probabilities of a row before one is
/// chosen (a user who corrected their emotion).
///
/// # Errors
/// When the model fails, or the tokens are outside its vocabulary.
pub fn decode_labels(
    session: &mut Session<'_>,
    prefix: LabelPrefix,
    labels: &LabelTokens,
    decoding: LabelDecoding,
    adjust: &mut dyn FnMut(usize, LabelKind, &mut [f32]),
) -> Result<Vec<DecodedLabels>, NnError> {
    let n_rows = session.outputs().len();
    let mut decoded = vec![DecodedLabels::unknown(labels); n_rows];
    if let LabelDecoding::FirstStep(choice) = decoding {
        for kind in prefix.steps().filter_map(LabelKind::of_step) {
            let mut rows = session.probabilities_among(kind.block(labels))?;
            for (row, probs) in rows.iter_mut().enumerate() {
                adjust(row, kind, probs);
                let chosen = choose(session, row, kind, probs, choice);
                decoded[row].set(kind, std::mem::take(probs), chosen);
            }
        }
        let chosen: Vec<ChosenLabels> = decoded.iter().map(|one| one.chosen).collect();
        feed_labels(session, prefix, labels, &chosen)?;
        return Ok(decoded);
    }
    for step in prefix.steps() {
        if let Some(kind) = LabelKind::of_step(step) {
            let mut rows = session.probabilities_among(kind.block(labels))?;
            for (row, probs) in rows.iter_mut().enumerate() {
                adjust(row, kind, probs);
                let chosen = likeliest(probs);
                decoded[row].set(kind, std::mem::take(probs), chosen);
            }
        }
        let tokens: Vec<u32> = decoded
            .iter()
            .map(|one| labels.token(step, one.chosen))
            .collect();
        session.feed(&tokens)?;
    }
    Ok(decoded)
}

/// Feeds labels that were chosen before.
///
/// # Errors
/// When the model fails.
pub fn feed_labels(
    session: &mut Session<'_>,
    prefix: LabelPrefix,
    labels: &LabelTokens,
    chosen: &[ChosenLabels],
) -> Result<(), NnError> {
    for step in prefix.steps() {
        let tokens: Vec<u32> = chosen
            .iter()
            .map(|chosen| labels.token(step, *chosen))
            .collect();
        session.feed(&tokens)?;
    }
    Ok(())
}

fn choose(
    session: &Session<'_>,
    row: usize,
    kind: LabelKind,
    probs: &[f32],
    choice: Choice,
) -> usize {
    match choice {
        Choice::Likeliest => likeliest(probs),
        Choice::Nucleus { p, seed } => {
            let mut scores: Vec<f32> = probs.iter().map(|prob| prob.ln()).collect();
            let nowhere = Moment {
                output: &[],
                source: &[],
            };
            TopP { p }.apply(nowhere, &mut scores);
            let share = session.chance(seed, row).uniform(kind as u64);
            token_at(&softmax_of(&scores), share).unwrap_or_else(|| likeliest(probs))
        }
    }
}

/// The place of the largest probability; the first of equals.
fn likeliest(probs: &[f32]) -> usize {
    let places = 0..probs.len();
    places
        .max_by(|&a, &b| probs[a].total_cmp(&probs[b]).then(b.cmp(&a)))
        .unwrap_or(0)
}
