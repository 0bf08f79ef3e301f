//! Scores on the validation split, which alone decide which epoch is kept, and the temperatures.

use serde::{Deserialize, Serialize};
use smes_dialogue::{Split, Validation};
use smes_evaluation::{ClassCounts, accuracy, macro_f1};
use smes_nn::{NnError, Pass, Tensor};
use smes_reasoning::starter::{Ensemble, Temperatures};

use super::data::{Prepared, Targets, batch};
use crate::calibration::{best_temperature, likeliest};

/// Dialogues scored in one pass.
const BATCH: usize = 16;
/// Responses among which the true one is to be found.
const N_CANDIDATES: usize = 100;

/// Scores of one label task.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskScores {
    /// Share of instances whose most likely label is the gold one.
    pub accuracy: f64,
    /// Mean F1 over the labels.
    pub macro_f1: f64,
    /// Mean negative log-probability of the gold label, in nats, at the head's best temperature,
    /// which is fitted in any case before the model is shipped.
    pub nll: f64,
}

/// Scores on validation after an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValidationScores {
    /// Of the user's emotion, over instances after at least one seeker utterance.
    pub user_emotion: TaskScores,
    /// Of the strategy.
    pub strategy: TaskScores,
    /// Of the system's emotion.
    pub system_emotion: TaskScores,
    /// Share of instances whose true response ranks first among 100.
    pub recall_at_1: f64,
    /// Share of instances whose true response ranks among the first ten of 100.
    pub recall_at_10: f64,
}

impl ValidationScores {
    /// What an epoch is chosen by: the mean negative log-probability of the two tasks that can be
    /// learnt, smaller is better. Accuracy on a thousand instances jumps by chance between epochs;
    /// this does not, and after temperature it does not punish confidence that is taken back. System emotion is left out: it is 98 % one label.
    pub fn selection_loss(&self) -> f64 {
        f64::midpoint(self.user_emotion.nll, self.strategy.nll)
    }
}

/// The prepared validation split. Only this type reaches selection.
#[derive(Debug)]
pub(super) struct ValidationSet {
    dialogues: Vec<Prepared>,
}

/// Logits and gold labels of the instances of a task.
#[derive(Default)]
struct TaskLogits {
    logits: Vec<Vec<f32>>,
    gold: Vec<Option<u32>>,
}

impl ValidationSet {
    /// Takes the dialogues prepared from the split; the split itself is asked for so that no
    /// other can stand in.
    pub(super) fn new(_split: &Split<Validation>, dialogues: Vec<Prepared>) -> Self {
        Self { dialogues }
    }

    /// Scores the model.
    pub(super) fn score(&self, model: &Ensemble) -> Result<ValidationScores, NnError> {
        let outputs = self.run(model)?;
        let (recall_at_1, recall_at_10) = recalls(&outputs.queries, &outputs.keys);
        Ok(ValidationScores {
            user_emotion: outputs.user_emotion.score(),
            strategy: outputs.strategy.score(),
            system_emotion: outputs.system_emotion.score(),
            recall_at_1,
            recall_at_10,
        })
    }

    /// The temperature of each head under which the gold labels are most likely.
    pub(super) fn temperatures(&self, model: &Ensemble) -> Result<Temperatures, NnError> {
        let outputs = self.run(model)?;
        Ok(Temperatures {
            user_emotion: outputs.user_emotion.best_temperature(),
            strategy: outputs.strategy.best_temperature(),
            system_emotion: outputs.system_emotion.best_temperature(),
        })
    }

    fn run(&self, model: &Ensemble) -> Result<Outputs, NnError> {
        let mut order: Vec<&Prepared> = self.dialogues.iter().collect();
        order.sort_by_key(|one| one.len());
        let mut outputs = Outputs::default();
        for chunk in order.chunks(BATCH) {
            let batch = batch(chunk, None)?;
            let found = model.forward(&batch.inputs, &mut Pass::eval())?;
            let at = &batch.instances;
            let gold = |pick: fn(&Targets) -> Option<u32>| -> Vec<Option<u32>> {
                at.iter()
                    .map(|&idx| pick(&batch.targets[idx as usize]))
                    .collect()
            };
            outputs
                .user_emotion
                .extend(&found.user_emotion, at, gold(|one| one.user_emotion))?;
            outputs
                .strategy
                .extend(&found.strategy, at, gold(|one| one.strategy))?;
            outputs.system_emotion.extend(
                &found.system_emotion,
                at,
                gold(|one| one.system_emotion),
            )?;
            outputs.queries.extend(rows_at(&found.query, at)?);
            outputs
                .keys
                .extend(model.keys(&batch.responses)?.to_vec2::<f32>()?);
        }
        Ok(outputs)
    }
}

#[derive(Default)]
struct Outputs {
    user_emotion: TaskLogits,
    strategy: TaskLogits,
    system_emotion: TaskLogits,
    queries: Vec<Vec<f32>>,
    keys: Vec<Vec<f32>>,
}

/// The rows of a `[B, U, N]` tensor at flat positions.
fn rows_at(tensor: &Tensor, at: &[u32]) -> Result<Vec<Vec<f32>>, NnError> {
    let rows = tensor.flatten_to(1)?.to_vec2::<f32>()?;
    Ok(at.iter().map(|&idx| rows[idx as usize].clone()).collect())
}

impl TaskLogits {
    fn extend(
        &mut self,
        logits: &Tensor,
        at: &[u32],
        gold: Vec<Option<u32>>,
    ) -> Result<(), NnError> {
        self.logits.extend(rows_at(logits, at)?);
        self.gold.extend(gold);
        Ok(())
    }

    fn labelled(&self) -> impl Iterator<Item = (&[f32], usize)> {
        let pairs = self.logits.iter().zip(&self.gold);
        pairs.filter_map(|(logits, gold)| Some((logits.as_slice(), (*gold)? as usize)))
    }

    fn score(&self) -> TaskScores {
        let mut counts = ClassCounts::new(self.logits.first().map_or(0, Vec::len));
        for (logits, gold) in self.labelled() {
            counts.add(gold, likeliest(logits));
        }
        TaskScores {
            accuracy: accuracy(&counts),
            macro_f1: macro_f1(&counts),
            nll: self.nll(self.best_temperature()),
        }
    }

    fn nll(&self, temperature: f64) -> f64 {
        let (mut total, mut n) = (0.0, 0_u32);
        for (logits, gold) in self.labelled() {
            let scaled = |logit: &f32| f64::from(*logit) / temperature;
            let peak = logits.iter().map(scaled).fold(f64::NEG_INFINITY, f64::max);
            let log_sum = logits
                .iter()
                .map(|one| (scaled(one) - peak).exp())
                .sum::<f64>()
                .ln();
            total += peak + log_sum - scaled(&logits[gold]);
            n += 1;
        }
        total / f64::from(n.max(1))
    }

    fn best_temperature(&self) -> f64 {
        best_temperature(|temperature| self.nll(temperature))
    }
}

/// Recall at 1 and 10 among [`N_CANDIDATES`]: each instance's own response and the next ones of
/// the list, which come from other dialogues as often as not.
fn recalls(queries: &[Vec<f32>], keys: &[Vec<f32>]) -> (f64, f64) {
    let n = queries.len();
    let stride = (n / N_CANDIDATES).max(1);
    let (mut first, mut in_ten) = (0_u32, 0_u32);
    for (idx, query) in queries.iter().enumerate() {
        let score =
            |other: usize| -> f32 { query.iter().zip(&keys[other]).map(|(a, b)| a * b).sum() };
        let own = score(idx);
        let others = (1..N_CANDIDATES.min(n)).map(|k| (idx + k * stride) % n);
        let n_above = others
            .filter(|&other| keys[other] != keys[idx] && score(other) >= own)
            .count();
        first += u32::from(n_above == 0);
        in_ten += u32::from(n_above < 10);
    }
    let share = |count: u32| f64::from(count) / (n.max(1)) as f64;
    (share(first), share(in_ten))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temperature_flattens_a_model_that_is_too_sure() {
        // Sure of label 0 at odds of e^4, right three times in four.
        let task = TaskLogits {
            logits: vec![vec![4.0, 0.0]; 4],
            gold: vec![Some(0), Some(0), Some(0), Some(1)],
        };
        let expected = 4.0 / 3.0_f64.ln();
        assert!(
            (task.best_temperature() - expected).abs() < 0.01,
            "{}",
            task.best_temperature()
        );
    }

    #[test]
    fn unlabelled_instances_count_nowhere() {
        let task = TaskLogits {
            logits: vec![vec![1.0, 0.0]; 2],
            gold: vec![Some(0), None],
        };
        assert!((task.score().accuracy - 1.0).abs() < 1e-9);
    }

    #[test]
    fn recall_counts_the_true_response_among_the_others() {
        let axis = |idx: usize| {
            (0..4)
                .map(|k| if k == idx { 1.0 } else { 0.0 })
                .collect::<Vec<f32>>()
        };
        let keys: Vec<Vec<f32>> = (0..4).map(axis).collect();
        let (first, in_ten) = recalls(&keys, &keys);
        assert!((first - 1.0).abs() < 1e-9 && (in_ten - 1.0).abs() < 1e-9);
        let mut rotated = keys.clone();
        rotated.rotate_left(1);
        assert!(recalls(&rotated, &keys).0 < 1e-9);
    }
}
