//! One fit of the networks: windows and their emotions in, parameters out.

use smes_cues::emotion::{N_INPUTS, UsualVoice, VERSION, VoiceModelConfig, VoiceNet};
use smes_nn::loss::{CrossEntropy, cross_entropy};
use smes_nn::optim::{AdamW, AdamWConfig, ParamGroup};
use smes_nn::schedule::Schedule;
use smes_nn::{Gradients, NnError, Params, Pass, RandomStream, Tensor};

use super::VoiceRecipe;
use super::windows::Row;
use crate::TrainingError;

/// A fitted model.
pub(super) struct Fitted {
    pub(super) params: Params,
    pub(super) net: VoiceNet,
}

/// The configuration of the recipe's model, not yet calibrated.
pub(super) fn config(recipe: &VoiceRecipe, emotions: &str) -> VoiceModelConfig {
    VoiceModelConfig {
        version: VERSION,
        emotions: emotions.to_owned(),
        n_members: recipe.model.n_members,
        hidden_size: recipe.model.hidden_size,
        input_dropout: recipe.model.input_dropout,
        dropout: recipe.model.dropout,
        prior_clips: recipe.model.prior_clips,
        temperature: 1.0,
    }
}

/// Fits the recipe's networks to some rows. Emotions that are rarer weigh more, so that each
/// counts the same.
pub(super) fn fit(
    recipe: &VoiceRecipe,
    rows: &[&Row],
    emotions: (&str, usize),
) -> Result<Fitted, TrainingError> {
    let (name, n_emotions) = emotions;
    let config = config(recipe, name);
    let params = Params::new();
    VoiceNet::load(&params.initialiser(recipe.seed), &config, n_emotions)?;
    let (mean, deviation) = moments(rows);
    VoiceNet::set_moments(&params, &mean, &deviation)?;
    let net = VoiceNet::load(&params.loader(), &config, n_emotions)?;
    let numbers = rows.iter().map(|row| row.inputs.as_slice());
    let inputs = net.inputs(numbers, &UsualVoice::default())?;
    let criterion = CrossEntropy {
        class_weights: Some(class_weights(rows, n_emotions)),
        label_smoothing: recipe.fit.label_smoothing,
    };
    let mut optimiser = optimiser(recipe, &params)?;
    let n_batches = rows.len().div_ceil(recipe.fit.batch_size) as u64;
    let schedule = Schedule {
        n_warmup_steps: recipe.fit.n_warmup_steps,
        n_steps: recipe.fit.n_epochs * n_batches,
        decay: recipe.fit.decay,
    };
    for epoch in 0..recipe.fit.n_epochs {
        let order = shuffled(rows.len(), recipe.seed, epoch);
        for (batch, members) in (0..).zip(order.chunks(recipe.fit.batch_size)) {
            let step = epoch * n_batches + batch;
            let targets: Vec<Option<u32>> = members
                .iter()
                .map(|&at| u32::try_from(rows[at as usize].emotion).ok())
                .collect();
            let chosen = Tensor::from_slice(members, members.len(), inputs.device());
            let x = inputs
                .index_select(&chosen.map_err(NnError::from)?, 0)
                .map_err(NnError::from)?;
            let votes = net.forward(&x, &mut Pass::train(recipe.seed, step))?;
            let loss = mean_loss(&votes, &targets, &criterion)?;
            let value = f64::from(loss.to_scalar::<f32>().map_err(NnError::from)?);
            if !value.is_finite() {
                return Err(TrainingError::Diverged { loss: value, step });
            }
            optimiser.step(&Gradients::of(&loss, &params)?, schedule.factor(step))?;
        }
    }
    // The last step is followed by no loss that would show what it did.
    if !sum_of_logits(&net, &inputs)?.is_finite() {
        return Err(TrainingError::Diverged {
            loss: f64::NAN,
            step: recipe.fit.n_epochs * n_batches,
        });
    }
    Ok(Fitted { params, net })
}

/// A number only where every logit is one.
fn sum_of_logits(net: &VoiceNet, inputs: &Tensor) -> Result<f64, NnError> {
    let sum = net.logits(inputs)?.sum_all()?.to_scalar::<f32>()?;
    Ok(f64::from(sum))
}

/// The sum of the members' losses: each learns for itself.
fn mean_loss(
    votes: &[Tensor],
    targets: &[Option<u32>],
    criterion: &CrossEntropy,
) -> Result<Tensor, NnError> {
    let mut losses = Vec::with_capacity(votes.len());
    for vote in votes {
        losses.push(cross_entropy(vote, targets, criterion)?);
    }
    Ok(Tensor::stack(&losses, 0)?.sum_all()?)
}

fn shuffled(n: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let stream = RandomStream::new(seed).named("order").numbered(epoch);
    let mut order: Vec<u32> = (0..).take(n).collect();
    order.sort_by_key(|at| stream.bits(u64::from(*at)));
    order
}

fn optimiser(recipe: &VoiceRecipe, params: &Params) -> Result<AdamW, NnError> {
    let fit = &recipe.fit;
    let group = ParamGroup::new("voice", params, fit.learning_rate, fit.weight_decay, |_| {
        true
    });
    let config = AdamWConfig {
        max_norm: Some(fit.max_gradient_norm),
        ..AdamWConfig::default()
    };
    AdamW::new(vec![group], config)
}

/// Mean and deviation of each input over the rows that have it.
fn moments(rows: &[&Row]) -> (Vec<f32>, Vec<f32>) {
    let of = |at: usize| {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.inputs[at]).collect();
        let n = values.len().max(1) as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        #[expect(clippy::cast_possible_truncation, reason = "networks read f32")]
        let pair = (mean as f32, variance.sqrt().max(1e-6) as f32);
        pair
    };
    (0..N_INPUTS).map(of).unzip()
}

fn class_weights(rows: &[&Row], n_emotions: usize) -> Vec<f32> {
    let count = |emotion| rows.iter().filter(|row| row.emotion == emotion).count();
    let weight = |emotion| rows.len() as f32 / (n_emotions * count(emotion).max(1)) as f32;
    (0..n_emotions).map(weight).collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::Recipe;

    #[test]
    fn a_fit_whose_last_step_breaks_it_is_an_error() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes/voice.toml");
        let mut recipe = VoiceRecipe::load(&path).unwrap();
        recipe.fit.n_epochs = 1;
        recipe.fit.n_warmup_steps = 0;
        let row = |at: usize| Row {
            inputs: (0..N_INPUTS)
                .map(|d| Some(((at * 7 + d * 3) % 11) as f64))
                .collect(),
            emotion: at % 2,
        };
        let rows: Vec<Row> = (0..6).map(row).collect();
        let rows: Vec<&Row> = rows.iter().collect();
        fit(&recipe, &rows, ("emodb-7", 7)).unwrap();
        // One step: the loss before it is a number.
        recipe.fit.learning_rate = 1e30;
        let error = fit(&recipe, &rows, ("emodb-7", 7)).err().unwrap();
        assert!(
            matches!(error, TrainingError::Diverged { step: 1, .. }),
            "{error}"
        );
    }
}
