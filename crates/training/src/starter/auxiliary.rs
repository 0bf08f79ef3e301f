//! Emotions of single utterances from a second corpus, learnt beside the dialogues.
//!
//! MESC has 23,126 training utterances whose emotions were labelled from video, and the words alone
//! say little of them. A corpus such as MELD teaches the first layer of each member what feeling
//! words show; a linear head of the member's own reads it there, in training only. Cross-validation
//! figures are in `docs/results.md`.

use smes_corpus::Corpus;
use smes_dialogue::Train;
use smes_nn::layers::Linear;
use smes_nn::loss::{CrossEntropy, cross_entropy};
use smes_nn::{Device, NnError, ParamLoader, Pass, RandomStream, Tensor};
use smes_reasoning::starter::{Ensemble, UtteranceEncoder};

use super::data::encode_distinct;
use super::recipe::AuxiliaryRecipe;
use crate::{CorpusRef, Progress, TrainingError};

/// Place of the heads among the parameters; they are not exported.
pub(super) const PLACE: &str = "auxiliary";

/// The utterances and their emotions.
pub(super) struct Auxiliary {
    pub(super) corpus: CorpusRef,
    /// `[N, taps * D]`.
    vectors: Tensor,
    /// `N` of them.
    emotions: Vec<u32>,
    n_emotions: usize,
    weight: f64,
    batch_size: usize,
}

impl Auxiliary {
    /// Encodes the labelled utterances of the corpus's training split.
    pub(super) fn prepare(
        recipe: &AuxiliaryRecipe,
        encoder: &UtteranceEncoder,
        progress: &mut dyn Progress,
    ) -> Result<Self, TrainingError> {
        let corpus = Corpus::open(&recipe.corpus)?;
        let split = corpus.split::<Train>()?;
        let by_text = encode_distinct(&split, encoder, progress)?;
        let (mut rows, mut emotions) = (Vec::new(), Vec::new());
        for utterance in split.dialogues().iter().flat_map(|one| &one.utterances) {
            let label = utterance.emotion.as_ref();
            let idx = label.and_then(|label| corpus.emotions().index_of(label));
            if let Some(idx) = idx.and_then(|idx| u32::try_from(idx).ok()) {
                rows.push(&by_text[utterance.text.expose().as_str()]);
                emotions.push(idx);
            }
        }
        if rows.is_empty() {
            return Err(TrainingError::NoEmotions {
                corpus: corpus.manifest().name.clone(),
            });
        }
        Ok(Self {
            vectors: Tensor::stack(&rows, 0).map_err(NnError::from)?,
            emotions,
            n_emotions: corpus.emotions().len(),
            weight: recipe.weight,
            batch_size: recipe.batch_size,
            corpus: CorpusRef {
                name: corpus.manifest().name.clone(),
                checksum: corpus.checksum().to_owned(),
            },
        })
    }

    /// One head a member, reading what the member makes of an utterance.
    pub(super) fn heads(
        &self,
        loader: &ParamLoader<'_>,
        n_members: usize,
        hidden_size: usize,
    ) -> Result<Vec<Linear>, NnError> {
        let head = |idx: usize| {
            let place = loader.part(PLACE).part(idx.to_string());
            Linear::load(&place, hidden_size, self.n_emotions)
        };
        (0..n_members).map(head).collect()
    }

    /// The weighted sum of the members' losses on utterances drawn for this step.
    pub(super) fn loss(
        &self,
        ensemble: &Ensemble,
        heads: &[Linear],
        surface_width: usize,
        draws: RandomStream,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let drawn = draw(draws, self.batch_size, self.emotions.len());
        let gold: Vec<Option<u32>> = drawn
            .iter()
            .map(|&idx| Some(self.emotions[idx as usize]))
            .collect();
        let rows = Tensor::new(drawn.as_slice(), &Device::Cpu)?;
        let utterances = self.vectors.index_select(&rows, 0)?.unsqueeze(0)?;
        let shape = (1, self.batch_size, surface_width);
        // No dialogue stands around them.
        let surface = Tensor::zeros(shape, utterances.dtype(), &Device::Cpu)?;
        let plain = CrossEntropy {
            class_weights: None,
            label_smoothing: 0.0,
        };
        let mut losses = Vec::new();
        for (member, head) in ensemble.members().iter().zip(heads) {
            let own = member
                .embed(&utterances, &surface, None, pass)?
                .squeeze(0)?;
            losses.push(cross_entropy(&head.forward(&own)?, &gold, &plain)?);
        }
        Ok((Tensor::stack(&losses, 0)?.sum_all()? * self.weight)?)
    }
}

/// `n` indices below `len`, with repetition.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a share of the length is an index"
)]
fn draw(stream: RandomStream, n: usize, len: usize) -> Vec<u32> {
    let index = |place: u64| (stream.uniform(place) * len as f64) as u32;
    (0..n as u64).map(index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_reach_every_utterance_and_differ_between_steps() {
        let stream = RandomStream::new(3).named("auxiliary");
        let mut drawn = draw(stream.numbered(0), 400, 10);
        assert_ne!(drawn, draw(stream.numbered(1), 400, 10));
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, (0..10).collect::<Vec<u32>>());
    }
}
