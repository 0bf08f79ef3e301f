//! Several dialogue models over one encoder, answering as one.
//!
//! Each member runs its own chain E -> S -> SE from its own random start; their distributions are
//! averaged. The encoder, which is nearly all of the cost, runs once, so members are cheap, and
//! their mean is steadier than any of them (`docs/results.md` has the figures).

use smes_nn::layers::softmax;
use smes_nn::{NnError, ParamLoader, Pass, Tensor};

use super::{DialogueInputs, DialogueModel, DialogueOutputs, StarterConfig};

/// The trainable part of the starter.
#[derive(Debug)]
pub struct Ensemble {
    members: Vec<DialogueModel>,
}

impl Ensemble {
    /// Takes the parameters of [`StarterConfig::n_members`] members at the loader's place, under
    /// `0`, `1` and so on.
    ///
    /// # Errors
    /// When there is to be none, or a parameter is missing or misshapen.
    pub fn load(
        loader: &ParamLoader<'_>,
        config: &StarterConfig,
        n_emotions: usize,
        n_strategies: usize,
    ) -> Result<Self, NnError> {
        if config.n_members == 0 {
            return Err(NnError::ConfigValue {
                field: "n_members",
                found: "0".to_owned(),
                expected: "at least 1",
            });
        }
        let member = |idx: usize| {
            let place = loader.part(idx.to_string());
            DialogueModel::load(&place, config, n_emotions, n_strategies)
        };
        Ok(Self {
            members: (0..config.n_members)
                .map(member)
                .collect::<Result<_, _>>()?,
        })
    }

    /// The members; training teaches each for itself.
    pub fn members(&self) -> &[DialogueModel] {
        &self.members
    }

    /// The mean of the members' distributions, as logits. Queries stand beside each other, so that
    /// a product with [`Ensemble::keys`] is the mean of the members' cosines.
    ///
    /// # Shapes
    /// as [`DialogueModel::forward`], the query `[B, U, members * R]`
    ///
    /// # Errors
    /// When shapes do not fit.
    pub fn forward(
        &self,
        inputs: &DialogueInputs,
        pass: &mut Pass,
    ) -> Result<DialogueOutputs, NnError> {
        let answers = self
            .members
            .iter()
            .map(|member| member.forward(inputs, pass));
        let answers = answers.collect::<Result<Vec<_>, _>>()?;
        let logits_of = |pick: fn(&DialogueOutputs) -> &Tensor| -> Result<Tensor, NnError> {
            let mut sum = softmax(pick(&answers[0]))?;
            for answer in &answers[1..] {
                sum = (sum + softmax(pick(answer))?)?;
            }
            Ok((sum / answers.len() as f64)?.log()?)
        };
        let queries: Vec<&Tensor> = answers.iter().map(|answer| &answer.query).collect();
        Ok(DialogueOutputs {
            user_emotion: logits_of(|answer| &answer.user_emotion)?,
            strategy: logits_of(|answer| &answer.strategy)?,
            system_emotion: logits_of(|answer| &answer.system_emotion)?,
            query: self.side_by_side(&queries)?,
        })
    }

    /// Responses in the space of the query.
    ///
    /// # Shapes
    /// `sentence_embeddings`: `[N, D]` · returns `[N, members * R]`, at unit length
    ///
    /// # Errors
    /// When the shape is another.
    pub fn keys(&self, sentence_embeddings: &Tensor) -> Result<Tensor, NnError> {
        let keys = self
            .members
            .iter()
            .map(|member| member.keys(sentence_embeddings));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        self.side_by_side(&keys.iter().collect::<Vec<_>>())
    }

    /// Unit vectors of the members joined into one unit vector.
    fn side_by_side(&self, parts: &[&Tensor]) -> Result<Tensor, NnError> {
        let joined = Tensor::cat(parts, candle_core::D::Minus1)?;
        Ok((joined / (self.members.len() as f64).sqrt())?)
    }
}

#[cfg(test)]
mod tests {
    use smes_nn::bert::BertConfig;
    use smes_nn::{Device, Params};

    use super::*;
    use crate::starter::{Temperatures, surface_width};

    fn config(n_members: usize) -> StarterConfig {
        StarterConfig {
            version: 2,
            emotions: String::new(),
            strategies: String::new(),
            max_tokens: 8,
            taps: vec![1],
            n_members,
            hidden_size: 5,
            decays: vec![0.5],
            seeker_decays: vec![0.9],
            reads_cues: false,
            rank_size: 3,
            input_dropout: 0.0,
            dropout: 0.0,
            temperatures: Temperatures::ONE,
            encoder: BertConfig {
                vocab_size: 8,
                hidden_size: 4,
                num_hidden_layers: 1,
                num_attention_heads: 1,
                intermediate_size: 4,
                hidden_act: "gelu".to_owned(),
                hidden_dropout_prob: 0.0,
                attention_probs_dropout_prob: 0.0,
                max_position_embeddings: 8,
                type_vocab_size: 2,
                layer_norm_eps: 1e-12,
            },
        }
    }

    fn inputs() -> DialogueInputs {
        let range = |n: usize, shape: (usize, usize, usize)| {
            let values: Vec<f32> = (0..n).map(|i| (i as f32).sin()).collect();
            Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
        };
        DialogueInputs {
            utterances: range(8, (1, 2, 4)),
            surface: range(2 * surface_width(3), (1, 2, surface_width(3))),
            cues: None,
            told_emotion: None,
        }
    }

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_distribution_is_the_mean_of_the_members_and_they_differ() {
        let params = Params::new();
        let ensemble = Ensemble::load(&params.initialiser(1), &config(3), 2, 3).unwrap();
        let (inputs, pass) = (inputs(), &mut Pass::eval());
        let together = ensemble.forward(&inputs, pass).unwrap();
        let alone: Vec<Vec<f32>> = ensemble
            .members()
            .iter()
            .map(|one| numbers(&softmax(&one.forward(&inputs, pass).unwrap().strategy).unwrap()))
            .collect();
        assert!((alone[0][0] - alone[1][0]).abs() > 1e-4, "{alone:?}");
        let found = numbers(&softmax(&together.strategy).unwrap());
        for (idx, found) in found.iter().enumerate() {
            let mean = (alone[0][idx] + alone[1][idx] + alone[2][idx]) / 3.0;
            assert!((found - mean).abs() < 1e-5, "{found} {mean}");
        }
    }

    #[test]
    fn a_query_meets_a_key_at_the_mean_of_the_members_cosines() {
        let params = Params::new();
        let ensemble = Ensemble::load(&params.initialiser(1), &config(2), 2, 3).unwrap();
        let (inputs, pass) = (inputs(), &mut Pass::eval());
        let sentences = Tensor::new(&[[0.3_f32, -0.1, 0.9, 0.2]], &Device::Cpu).unwrap();
        let cosine = |query: &Tensor, key: &Tensor| -> f32 {
            let (query, key) = (numbers(query), numbers(key));
            let width = key.len();
            query[..width].iter().zip(&key).map(|(a, b)| a * b).sum()
        };
        let of_members: Vec<f32> = ensemble
            .members()
            .iter()
            .map(|one| {
                let query = one.forward(&inputs, pass).unwrap().query;
                cosine(&query, &one.keys(&sentences).unwrap())
            })
            .collect();
        let query = ensemble.forward(&inputs, pass).unwrap().query;
        let found = cosine(&query, &ensemble.keys(&sentences).unwrap());
        let mean = f32::midpoint(of_members[0], of_members[1]);
        assert!((found - mean).abs() < 1e-5, "{found} {of_members:?}");
    }
}
