//! The dialogue model: causal mixing over utterances, then the chain of heads E -> S -> SE.
//!
//! All positions of a dialogue are computed in one pass and none sees a later one, so a training
//! dialogue gives as many examples as it has utterances, and adding an utterance to a live history
//! changes nothing before it. Position `t` answers: what does the seeker feel now, and if the
//! supporter speaks next, by which strategy and in which tone?
//!
//! Over the dialogue it mixes by exponentially decaying means rather than by a recurrent network:
//! as good on cross-validation over the training dialogues, and a single product to compute.

use smes_nn::bert::unit_length;
use smes_nn::layers::{Dropout, LayerNorm, Linear, gelu, log_softmax, softmax};
use smes_nn::{Device, Init, NnError, ParamLoader, Pass, Tensor};

use super::surface::supporter_column;
use super::{StarterConfig, surface_width};

/// Added to the seeker's share of a mean, so that the mean is zero before they have spoken.
const SMALLEST_SHARE: f64 = 1e-3;

/// A batch of dialogues, padded at the end.
#[derive(Debug, Clone)]
pub struct DialogueInputs {
    /// Utterance vectors of the encoder, `[B, U, taps * D]`.
    pub utterances: Tensor,
    /// Surface features, `[B, U, F]`.
    pub surface: Tensor,
    /// Vectors of the cues' words, `[B, U, taps * D]`, rows of zeros where there is no cue; for a
    /// model that reads cues, `None` is a dialogue without any.
    pub cues: Option<Tensor>,
    /// The user emotion that the strategy head is told, `[B, U, E]`, one-hot; rows of zeros where
    /// none is known. `None` feeds each position the model's own distribution, as in use.
    pub told_emotion: Option<Tensor>,
}

/// What the model says at every position, as logits before temperature.
#[derive(Debug, Clone)]
pub struct DialogueOutputs {
    /// `[B, U, E]`.
    pub user_emotion: Tensor,
    /// `[B, U, S]`.
    pub strategy: Tensor,
    /// `[B, U, E]`.
    pub system_emotion: Tensor,
    /// Where the next response should lie, at unit length, `[B, U, R]`.
    pub query: Tensor,
}

/// One member of the starter's [ensemble](super::Ensemble).
#[derive(Debug)]
pub struct DialogueModel {
    mean: Tensor,
    deviation: Tensor,
    embed_utterance: Linear,
    embed_surface: Linear,
    embed_cue: Option<Linear>,
    norm: LayerNorm,
    mix: Linear,
    mix_seeker: Option<Linear>,
    emotion: Head,
    strategy: Head,
    strategy_skip: Linear,
    system_emotion: Linear,
    query: Linear,
    key: Linear,
    decays: Vec<f64>,
    seeker_decays: Vec<f64>,
    supporter_column: usize,
    n_emotions: usize,
    input_dropout: Dropout,
    dropout: Dropout,
}

impl DialogueModel {
    /// Takes the parameters at the loader's place.
    ///
    /// # Errors
    /// When one is missing or misshapen.
    pub fn load(
        loader: &ParamLoader<'_>,
        config: &StarterConfig,
        n_emotions: usize,
        n_strategies: usize,
    ) -> Result<Self, NnError> {
        let (hidden, width) = (config.hidden_size, config.utterance_width());
        let surface = surface_width(n_strategies);
        let n_views = config.decays.len() + 1;
        let n_seeker_views = config.seeker_decays.len();
        // What a head reads: the mixed state, the utterance itself, the mean so far, the surface.
        let state = 3 * hidden;
        let seeker = hidden * usize::from(n_seeker_views > 0);
        let linear = |name: &str, n_in, n_out| -> Result<Linear, NnError> {
            Linear::load(&loader.part(name), n_in, n_out)
        };
        let head = |name: &str, n_in, n_out| -> Result<Head, NnError> {
            Head::load(&loader.part(name), n_in, hidden, n_out)
        };
        Ok(Self {
            mean: loader.get("input_mean", &[width], Init::Zeros)?,
            deviation: loader.get("input_deviation", &[width], Init::Ones)?,
            embed_utterance: linear("embed_utterance", width, hidden)?,
            embed_surface: linear("embed_surface", surface, hidden)?,
            embed_cue: config
                .reads_cues
                .then(|| linear("embed_cue", width, hidden))
                .transpose()?,
            norm: LayerNorm::load(&loader.part("norm"), hidden, 1e-5)?,
            mix: linear("mix", n_views * hidden, hidden)?,
            mix_seeker: (n_seeker_views > 0)
                .then(|| linear("mix_seeker", n_seeker_views * hidden, hidden))
                .transpose()?,
            emotion: head("emotion", state + surface + seeker, n_emotions)?,
            strategy: head("strategy", state + surface + n_emotions, n_strategies)?,
            strategy_skip: linear("strategy_skip", surface + n_emotions, n_strategies)?,
            system_emotion: linear(
                "system_emotion",
                hidden + surface + n_emotions + n_strategies,
                n_emotions,
            )?,
            query: linear("query", state + n_strategies, config.rank_size)?,
            key: linear("key", config.encoder.hidden_size, config.rank_size)?,
            decays: config.decays.clone(),
            seeker_decays: config.seeker_decays.clone(),
            supporter_column: supporter_column(n_strategies),
            n_emotions,
            input_dropout: Dropout::new(config.input_dropout),
            dropout: Dropout::new(config.dropout),
        })
    }

    /// Runs the chain at every position.
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn forward(
        &self,
        inputs: &DialogueInputs,
        pass: &mut Pass,
    ) -> Result<DialogueOutputs, NnError> {
        let surface = &inputs.surface;
        let own = self.embed(&inputs.utterances, surface, inputs.cues.as_ref(), pass)?;
        let (mixed, mean_so_far) = self.mix_over_dialogue(&own, pass)?;
        let state = Tensor::cat(&[&mixed, &own, &mean_so_far], 2)?;

        let mut seen = Tensor::cat(&[&state, surface], 2)?;
        if let Some(mix) = &self.mix_seeker {
            let seeker = self.mix_over_seeker(mix, &own, surface, pass)?;
            seen = Tensor::cat(&[&seen, &seeker], 2)?;
        }
        let user_emotion = self.emotion.forward(&seen, self.dropout, pass)?;
        let told = self.told_emotion(&user_emotion, inputs.told_emotion.as_ref())?;

        let told_surface = Tensor::cat(&[surface, &told], 2)?;
        let seen = Tensor::cat(&[&state, &told_surface], 2)?;
        let strategy = (self.strategy.forward(&seen, self.dropout, pass)?
            + self.strategy_skip.forward(&told_surface)?)?;
        let strategy_probs = softmax(&strategy)?;

        let seen = Tensor::cat(&[&mixed, &told_surface, &strategy_probs], 2)?;
        let system_emotion = self.system_emotion.forward(&seen)?;

        // The ranker is told the strategy but does not teach it: choosing a strategy is that head's task.
        let seen = Tensor::cat(&[&state, &strategy_probs.detach()], 2)?;
        let query = unit_length(&self.query.forward(&seen)?)?;
        Ok(DialogueOutputs {
            user_emotion,
            strategy,
            system_emotion,
            query,
        })
    }

    /// Responses in the space of [`DialogueOutputs::query`].
    ///
    /// # Shapes
    /// `sentence_embeddings`: `[N, D]` · returns `[N, R]`, at unit length
    ///
    /// # Errors
    /// When the shape is another.
    pub fn keys(&self, sentence_embeddings: &Tensor) -> Result<Tensor, NnError> {
        unit_length(&self.key.forward(sentence_embeddings)?)
    }

    /// Each utterance by itself.
    ///
    /// # Shapes
    /// `utterances`, `cues`: `[B, U, taps * D]` · `surface`: `[B, U, F]` · returns `[B, U, H]`
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn embed(
        &self,
        utterances: &Tensor,
        surface: &Tensor,
        cues: Option<&Tensor>,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let centred = utterances.broadcast_sub(&self.mean)?;
        let standard = centred.broadcast_div(&self.deviation)?;
        let standard = self.input_dropout.forward(&standard, pass)?;
        let mut sum =
            (self.embed_utterance.forward(&standard)? + self.embed_surface.forward(surface)?)?;
        if let (Some(embed), Some(cues)) = (&self.embed_cue, cues) {
            // Divided but not centred: what has no cue stays zero.
            let scaled = cues.broadcast_div(&self.deviation)?;
            let scaled = self.input_dropout.forward(&scaled, pass)?;
            sum = (sum + embed.forward(&scaled)?)?;
        }
        self.dropout
            .forward(&gelu(&self.norm.forward(&sum)?)?, pass)
    }

    /// The dialogue up to each utterance: mixed `[B, U, H]`, and the plain mean `[B, U, H]`.
    fn mix_over_dialogue(
        &self,
        own: &Tensor,
        pass: &mut Pass,
    ) -> Result<(Tensor, Tensor), NnError> {
        let mut views = vec![own.clone()];
        for &decay in &self.decays {
            views.push(causal_mean(own, decay)?);
        }
        let mixed = gelu(&self.mix.forward(&Tensor::cat(&views, 2)?)?)?;
        Ok((self.dropout.forward(&mixed, pass)?, causal_mean(own, 1.0)?))
    }

    /// What the seeker said up to each utterance, without what the supporter said between,
    /// `[B, U, H]`: on cross-validation this is worth a percent and more of the user emotion.
    fn mix_over_seeker(
        &self,
        mix: &Linear,
        own: &Tensor,
        surface: &Tensor,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let is_supporter = surface.narrow(2, self.supporter_column, 1)?;
        let is_seeker = (1.0 - is_supporter)?;
        let said = own.broadcast_mul(&is_seeker)?;
        let mut views = Vec::with_capacity(self.seeker_decays.len());
        for &decay in &self.seeker_decays {
            let share = (causal_mean(&is_seeker, decay)? + SMALLEST_SHARE)?;
            views.push(causal_mean(&said, decay)?.broadcast_div(&share)?);
        }
        let mixed = gelu(&mix.forward(&Tensor::cat(&views, 2)?)?)?;
        self.dropout.forward(&mixed, pass)
    }

    fn told_emotion(&self, logits: &Tensor, told: Option<&Tensor>) -> Result<Tensor, NnError> {
        match told {
            Some(told) if told.dims().last() == Some(&self.n_emotions) => Ok(told.clone()),
            Some(told) => Err(NnError::InputShape {
                input: "told_emotion",
                expected: format!("[B, U, {}]", self.n_emotions),
                found: told.dims().to_vec(),
            }),
            // Detached: the strategy must not bend the emotion to its needs.
            None => Ok(softmax(logits)?.detach()),
        }
    }
}

/// Two affine maps with a GELU between.
#[derive(Debug)]
struct Head {
    hidden: Linear,
    out: Linear,
}

impl Head {
    fn load(
        loader: &ParamLoader<'_>,
        n_in: usize,
        hidden: usize,
        n_out: usize,
    ) -> Result<Self, NnError> {
        Ok(Self {
            hidden: Linear::load(&loader.part("hidden"), n_in, hidden)?,
            out: Linear::load(&loader.part("out"), hidden, n_out)?,
        })
    }

    fn forward(&self, x: &Tensor, dropout: Dropout, pass: &mut Pass) -> Result<Tensor, NnError> {
        let hidden = dropout.forward(&gelu(&self.hidden.forward(x)?)?, pass)?;
        self.out.forward(&hidden)
    }
}

/// At every position, the mean of what came up to it, each step back counting `decay` times less.
///
/// # Shapes
/// `x`: `[B, U, H]` · returns the same
///
/// # Equation
/// `y_t = sum_{s <= t} decay^(t-s) x_s / sum_{s <= t} decay^(t-s)`
fn causal_mean(x: &Tensor, decay: f64) -> Result<Tensor, NnError> {
    let (n_dialogues, n_utterances, width) = x.dims3()?;
    let weights = Tensor::from_vec(
        decay_weights(n_utterances, decay),
        (n_utterances, n_utterances),
        &Device::Cpu,
    )?;
    // One flat product over all dialogues: time first, dialogues beside each other.
    let by_time = x
        .transpose(0, 1)?
        .contiguous()?
        .reshape((n_utterances, n_dialogues * width))?;
    let mixed = weights
        .matmul(&by_time)?
        .reshape((n_utterances, n_dialogues, width))?;
    Ok(mixed.transpose(0, 1)?.contiguous()?)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "weights in 0..=1, used beside f32 numbers"
)]
fn decay_weights(n_utterances: usize, decay: f64) -> Vec<f32> {
    let mut weights = vec![0.0; n_utterances * n_utterances];
    for (now, row) in weights.chunks_exact_mut(n_utterances.max(1)).enumerate() {
        let mut weight = 1.0;
        let mut total = 0.0;
        for past in (0..=now).rev() {
            row[past] = weight as f32;
            total += weight;
            weight *= decay;
        }
        for weight in row {
            *weight /= total as f32;
        }
    }
    weights
}

/// Probabilities of logits divided by a temperature, as plain numbers.
///
/// # Shapes
/// `logits`: `[N]`
pub(super) fn probabilities(logits: &Tensor, temperature: f64) -> Result<Vec<f32>, NnError> {
    let scaled = (logits.reshape((1, logits.elem_count()))? / temperature)?;
    Ok(log_softmax(&scaled)?.exp()?.flatten_all()?.to_vec1()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_causal_mean_weighs_the_past_by_its_age() {
        let x = Tensor::from_vec(vec![4.0_f32, 8.0, 0.0], (1, 3, 1), &Device::Cpu).unwrap();
        let mean: Vec<f32> = causal_mean(&x, 0.5)
            .unwrap()
            .flatten_all()
            .unwrap()
            .to_vec1()
            .unwrap();
        let expected = [4.0, (8.0 + 2.0) / 1.5, (4.0 + 1.0) / 1.75];
        for (found, expected) in mean.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{mean:?}");
        }
    }

    #[test]
    fn probabilities_sum_to_one_and_flatten_with_temperature() {
        let logits = Tensor::from_vec(vec![2.0_f32, 0.0, -1.0], 3, &Device::Cpu).unwrap();
        let (sharp, flat) = (
            probabilities(&logits, 0.5).unwrap(),
            probabilities(&logits, 4.0).unwrap(),
        );
        assert!((sharp.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        assert!(sharp[0] > flat[0] && flat[0] > flat[1]);
    }
}
