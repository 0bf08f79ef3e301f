//! The control that answers as in the most similar moment of the training data.
//!
//! A history is the sum of the sentence embeddings of its latest utterances, each step back
//! counting half; the moment whose history has the highest cosine gives labels and words. The
//! encoder is the starter's, as it is, so this is what memory alone can do.

use std::collections::HashMap;

use smes_dialogue::{ContextUtterance, DialogueContext, EmotionSet, Plan, Reply, StrategySet};
use smes_nn::{Device, NnError, Tensor};

use super::{Example, Majority};
use crate::starter::StarterReasoner;
use crate::{Reasoner, ReasoningError};

/// Utterances of a history that are compared.
const N_UTTERANCES: usize = 4;
/// How much less each step back counts.
const DECAY: f32 = 0.5;
/// Texts encoded at a time, so that progress can be told.
const CHUNK: usize = 512;

/// The labels and words of the nearest training moment.
#[derive(Debug)]
pub struct NearestContext {
    encoder: StarterReasoner,
    examples: Vec<Example>,
    /// The examples' histories at unit length, `[N, D]`.
    keys: Tensor,
    majority: Majority,
}

impl NearestContext {
    /// Its name on the command line.
    pub const NAME: &'static str = "nearest-context";

    /// The control over these moments, with MESC's labels. `on_texts` is told how many texts of how
    /// many have been encoded.
    ///
    /// # Errors
    /// [`ReasoningError::NoExamples`] when there are none, and when the encoder fails.
    pub fn try_new(
        encoder: StarterReasoner,
        examples: Vec<Example>,
        on_texts: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, ReasoningError> {
        if examples.is_empty() {
            return Err(ReasoningError::NoExamples {
                control: Self::NAME,
            });
        }
        let mut texts: Vec<&str> = examples
            .iter()
            .flat_map(|example| latest(&example.context))
            .collect();
        texts.sort_unstable();
        texts.dedup();
        let mut vectors = HashMap::with_capacity(texts.len());
        for chunk in texts.chunks(CHUNK) {
            let encoded = encoder.sentence_embeddings(chunk)?;
            vectors.extend(chunk.iter().copied().zip(encoded));
            on_texts(vectors.len(), texts.len());
        }
        let keys: Vec<Vec<f32>> = examples
            .iter()
            .map(|example| key(latest(&example.context).map(|text| vectors[text].as_slice())))
            .collect();
        Ok(Self {
            keys: rows(&keys).map_err(NnError::from)?,
            encoder,
            examples,
            majority: Majority::new(),
        })
    }

    fn nearest(&self, context: &DialogueContext) -> Result<Option<&Example>, ReasoningError> {
        let texts: Vec<&str> = latest(&context.utterances).collect();
        if texts.is_empty() {
            return Ok(None);
        }
        let vectors = self.encoder.remembered_embeddings(&texts)?;
        let wanted = key(vectors.iter().map(Vec::as_slice));
        let cosines = self.cosines(wanted).map_err(NnError::from)?;
        let best = (0..cosines.len()).max_by(|&a, &b| cosines[a].total_cmp(&cosines[b]));
        Ok(best.map(|idx| &self.examples[idx]))
    }

    /// Of every example's history with this one, both at unit length.
    fn cosines(&self, wanted: Vec<f32>) -> Result<Vec<f32>, candle_core::Error> {
        let wanted = rows(&[wanted])?.t()?;
        self.keys.matmul(&wanted)?.flatten_all()?.to_vec1()
    }
}

fn rows(vectors: &[Vec<f32>]) -> Result<Tensor, candle_core::Error> {
    let shape = (vectors.len(), vectors.first().map_or(0, Vec::len));
    Tensor::from_vec(vectors.concat(), shape, &Device::Cpu)
}

/// The latest utterances' texts, newest first.
fn latest(context: &[ContextUtterance]) -> impl Iterator<Item = &str> {
    context
        .iter()
        .rev()
        .take(N_UTTERANCES)
        .map(|one| one.text.expose().as_str())
}

/// The history of these utterances, newest first, as one vector at unit length.
fn key<'v>(vectors: impl Iterator<Item = &'v [f32]>) -> Vec<f32> {
    let mut sum: Vec<f32> = Vec::new();
    let mut weight = 1.0;
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += weight * value;
        }
        weight *= DECAY;
    }
    let norm = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    if norm > 0.0 {
        for x in &mut sum {
            *x /= norm;
        }
    }
    sum
}

impl Reasoner for NearestContext {
    fn id(&self) -> String {
        format!("{}@1", Self::NAME)
    }

    fn emotions(&self) -> &EmotionSet {
        self.majority.emotions()
    }

    fn strategies(&self) -> &StrategySet {
        self.majority.strategies()
    }

    fn plan(&self, context: &DialogueContext) -> Result<Plan, ReasoningError> {
        Ok(match self.nearest(context)? {
            Some(example) => example.plan.clone(),
            None => Majority::always(),
        })
    }

    fn respond(
        &self,
        context: &DialogueContext,
        _plan: &Plan,
        on_text: &mut dyn FnMut(&str),
    ) -> Result<Reply, ReasoningError> {
        let example = self.nearest(context)?.unwrap_or(&self.examples[0]);
        on_text(example.response.expose());
        Ok(example.reply(Self::NAME))
    }

    fn forget(&self, context: &DialogueContext) {
        self.encoder.forget(context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use smes_dialogue::{Distribution, Emotion, Label, Strategy};

    #[test]
    fn the_nearest_history_answers() {
        let example = |said: &str, strategy: &str, response: &str| Example {
            context: vec![ContextUtterance::seeker(said)],
            plan: Plan {
                strategy: Distribution::certain(Strategy::from_name(strategy)),
                user_emotion: Distribution::certain(Emotion::from_name("sadness")),
                system_emotion: Distribution::certain(Emotion::from_name("neutral")),
            },
            response: response.into(),
        };
        let examples = vec![
            example("I lost my job last week.", "Approval", "That is hard."),
            example("The weather is lovely today.", "Others", "It is."),
        ];
        let encoder = StarterReasoner::embedded().unwrap();
        let control = NearestContext::try_new(encoder, examples, &mut |_, _| {}).unwrap();
        let context = DialogueContext {
            utterances: vec![ContextUtterance::seeker("They fired me on Monday.")],
        };
        let plan = control.plan(&context).unwrap();
        assert_eq!(plan.strategy.top().name(), "Approval");
        let reply = control.respond(&context, &plan, &mut |_| {}).unwrap();
        assert_eq!(reply.text.expose(), "That is hard.");
        control.forget(&context);
        assert!(format!("{:?}", control.encoder).contains("n_utterances: 0"));
    }
}
