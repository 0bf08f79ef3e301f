//! The loss of the starter: four label tasks and the ranking of the true response.

use serde::{Deserialize, Serialize};
use smes_nn::loss::{CrossEntropy, cross_entropy, in_batch_ranking};
use smes_nn::{NnError, Pass, Tensor};
use smes_reasoning::starter::{DialogueModel, Ensemble};

use super::LossRecipe;
use super::data::{Batch, Targets};

/// Mean losses over an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Losses {
    /// The weighted sum that is minimised.
    pub total: f64,
    /// User emotion where the supporter speaks next.
    pub user_emotion: f64,
    /// Strategy.
    pub strategy: f64,
    /// System emotion.
    pub system_emotion: f64,
    /// Ranking of the true response.
    pub ranking: f64,
}

/// The sum of the members' losses of a batch, and the mean of their parts as numbers. Members share
/// no parameter, so each learns from its own loss alone.
pub(super) fn loss(
    model: &Ensemble,
    batch: &Batch,
    weights: &LossRecipe,
    pass: &mut Pass,
) -> Result<(Tensor, Losses), NnError> {
    let mut sums = Losses::default();
    let mut totals = Vec::new();
    for member in model.members() {
        let (total, parts) = member_loss(member, batch, weights, pass)?;
        sums.add(&parts);
        totals.push(total);
    }
    let total = Tensor::stack(&totals, 0)?.sum_all()?;
    Ok((total, sums.mean(totals.len() as u64)))
}

/// The weighted loss of one member, and its parts as numbers.
fn member_loss(
    model: &DialogueModel,
    batch: &Batch,
    weights: &LossRecipe,
    pass: &mut Pass,
) -> Result<(Tensor, Losses), NnError> {
    let outputs = model.forward(&batch.inputs, pass)?;
    let flat = |x: &Tensor| x.flatten_to(1);
    let all = |pick: fn(&Targets) -> Option<u32>| -> Vec<Option<u32>> {
        batch.targets.iter().map(pick).collect()
    };
    let smooth = CrossEntropy {
        class_weights: None,
        label_smoothing: weights.emotion_smoothing,
    };
    let plain = CrossEntropy {
        class_weights: None,
        label_smoothing: 0.0,
    };
    let emotion = flat(&outputs.user_emotion)?;
    let at_seekers = cross_entropy(&emotion, &all(|one| one.seeker_emotion), &smooth)?;
    let at_instances = all(|one| one.strategy.and(one.user_emotion));
    let user_emotion = cross_entropy(&emotion, &at_instances, &smooth)?;
    let strategy = cross_entropy(&flat(&outputs.strategy)?, &all(|one| one.strategy), &plain)?;
    let system_emotion = cross_entropy(
        &flat(&outputs.system_emotion)?,
        &all(|one| one.system_emotion),
        &plain,
    )?;
    let instances = Tensor::new(batch.instances.as_slice(), &smes_nn::Device::Cpu)?;
    let queries = flat(&outputs.query)?.index_select(&instances, 0)?;
    let keys = model.keys(&batch.responses)?;
    let ranking = in_batch_ranking(&queries, &keys, &batch.response_ids, weights.ranking_scale)?;

    let parts = [
        (&at_seekers, weights.seeker_emotion),
        (&user_emotion, weights.user_emotion),
        (&strategy, weights.strategy),
        (&system_emotion, weights.system_emotion),
        (&ranking, weights.ranking),
    ];
    let mut total = (parts[0].0 * parts[0].1)?;
    for (part, weight) in &parts[1..] {
        total = (total + (*part * *weight)?)?;
    }
    let number = |x: &Tensor| -> Result<f64, NnError> { Ok(f64::from(x.to_scalar::<f32>()?)) };
    let losses = Losses {
        total: number(&total)?,
        user_emotion: number(&user_emotion)?,
        strategy: number(&strategy)?,
        system_emotion: number(&system_emotion)?,
        ranking: number(&ranking)?,
    };
    Ok((total, losses))
}

impl Losses {
    pub(super) fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.user_emotion += other.user_emotion;
        self.strategy += other.strategy;
        self.system_emotion += other.system_emotion;
        self.ranking += other.ranking;
    }

    pub(super) fn mean(&self, n: u64) -> Self {
        let n = n.max(1) as f64;
        Self {
            total: self.total / n,
            user_emotion: self.user_emotion / n,
            strategy: self.strategy / n,
            system_emotion: self.system_emotion / n,
            ranking: self.ranking / n,
        }
    }
}
