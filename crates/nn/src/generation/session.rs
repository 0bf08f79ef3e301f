//! The outputs being made for a batch of sources.

use candle_core::Tensor;

use super::sampling::softmax_of;
use super::settings::{Decoding, GenerationSettings};
use super::{beam, stepwise};
use crate::seq2seq::{Cache, Seq2Seq};
use crate::{NnError, RandomStream};

/// One output a source, from the start token on.
pub struct Session<'m> {
    pub(super) model: &'m dyn Seq2Seq,
    pub(super) cache: Cache,
    pub(super) sources: Vec<Vec<u32>>,
    pub(super) outputs: Vec<Vec<u32>>,
    /// Of the next token, `[B, V]`.
    pub(super) logits: Tensor,
}

/// A finished output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The tokens made by [`Session::generate`], without those the output began with; the end
    /// token included where it ended by itself.
    pub token_ids: Vec<u32>,
    /// Whether the last token is the end token.
    pub has_ended: bool,
}

impl Output {
    /// The tokens without the end token.
    pub fn words(&self) -> &[u32] {
        let n_words = self.token_ids.len() - usize::from(self.has_ended);
        &self.token_ids[..n_words]
    }
}

impl<'m> Session<'m> {
    /// Reads the sources and begins an output for each with the start token.
    ///
    /// # Errors
    /// As for [`Seq2Seq::encode`], [`Seq2Seq::start`] and [`Seq2Seq::step`].
    pub fn begin(model: &'m dyn Seq2Seq, sources: &[Vec<u32>]) -> Result<Self, NnError> {
        let memory = model.encode(sources)?;
        let mut cache = model.start(&memory)?;
        let outputs = vec![vec![model.config().start_id]; sources.len()];
        let logits = model.step(&outputs, &mut cache)?;
        Ok(Self {
            model,
            cache,
            sources: sources.to_vec(),
            outputs,
            logits,
        })
    }

    /// The outputs so far, start token first.
    pub fn outputs(&self) -> &[Vec<u32>] {
        &self.outputs
    }

    /// Appends one token to every output.
    ///
    /// # Errors
    /// As for [`Seq2Seq::step`].
    pub fn feed(&mut self, token_ids: &[u32]) -> Result<(), NnError> {
        if token_ids.len() != self.outputs.len() {
            let expected = format!("[{}]", self.outputs.len());
            return Err(NnError::shape("token_ids", expected, &[token_ids.len()]));
        }
        let columns: Vec<Vec<u32>> = token_ids.iter().map(|&token| vec![token]).collect();
        self.logits = self.model.step(&columns, &mut self.cache)?;
        for (output, &token) in self.outputs.iter_mut().zip(token_ids) {
            output.push(token);
        }
        Ok(())
    }

    /// Scores of the next token of every output.
    ///
    /// # Shapes
    /// returns `B` rows of `V`
    ///
    /// # Errors
    /// When the logits are not `f32`.
    pub fn scores(&self) -> Result<Vec<Vec<f32>>, NnError> {
        Ok(self.logits.to_vec2::<f32>()?)
    }

    /// Probabilities of a few tokens when only they may come next.
    ///
    /// # Shapes
    /// `token_ids`: `N` · returns `B` rows of `N`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when a token is outside the vocabulary.
    pub fn probabilities_among(&self, token_ids: &[u32]) -> Result<Vec<Vec<f32>>, NnError> {
        let n_tokens = self.logits.dim(1)?;
        if let Some(&token) = token_ids.iter().find(|&&id| id as usize >= n_tokens) {
            let expected = format!("values below {n_tokens}");
            return Err(NnError::shape("token_ids", expected, &[token as usize]));
        }
        let among = |row: Vec<f32>| {
            let scores: Vec<f32> = token_ids.iter().map(|&id| row[id as usize]).collect();
            softmax_of(&scores)
        };
        Ok(self.scores()?.into_iter().map(among).collect())
    }

    /// Chance for the choices of an output: of the seed and the source alone, so that an output is
    /// the same in any batch.
    pub fn chance(&self, seed: u64, row: usize) -> RandomStream {
        let tokens = self.sources[row].iter();
        tokens.fold(RandomStream::new(seed), |stream, &token| {
            stream.numbered(u64::from(token))
        })
    }

    /// Makes the rest of every output. `on_token` hears each token with the row of its output as
    /// soon as it is certain: under beam search that is at the end.
    ///
    /// # Errors
    /// [`NnError::Decoding`] for settings out of range or a length beyond the model's,
    /// [`NnError::AllBarred`] when no token may come.
    pub fn generate(
        self,
        settings: &GenerationSettings,
        on_token: &mut dyn FnMut(usize, u32),
    ) -> Result<Vec<Output>, NnError> {
        settings.check()?;
        let config = self.model.config();
        // The last token of an output is never fed.
        if settings.max_length > config.max_positions + 1 {
            return Err(NnError::Decoding {
                field: "max_length",
                found: settings.max_length.to_string(),
                expected: "at most the positions of the model",
            });
        }
        let processors = settings.processors(config);
        match settings.decoding {
            Decoding::Greedy => {
                stepwise::run(self, &processors, settings.max_length, None, on_token)
            }
            Decoding::Sample(sampling) => {
                let seed = Some(sampling.seed);
                stepwise::run(self, &processors, settings.max_length, seed, on_token)
            }
            Decoding::Beam(beam) => {
                let outputs = beam::run(self, &processors, settings.max_length, beam)?;
                for (row, output) in outputs.iter().enumerate() {
                    for &token in &output.token_ids {
                        on_token(row, token);
                    }
                }
                Ok(outputs)
            }
        }
    }
}
