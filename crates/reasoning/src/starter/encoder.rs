//! Utterances to vectors: MiniLM, the mean over tokens of two of its layers.
//!
//! Lower layers keep how something is said, the last one what is meant; together they served the
//! emotion head better on validation than the last alone.

use smes_dialogue::Cue;
use smes_nn::bert::{BertEncoder, mean_pool, unit_length};
use smes_nn::token_vectors::{TextVectors, token_vectors};
use smes_nn::tokenizer::TextTokenizer;
use smes_nn::{DType, Device, NnError, ParamLoader, Pass, Tensor};

use super::StarterConfig;

/// Utterances encoded in one pass; more would only cost memory.
const BATCH: usize = 32;

/// What is read of a cue: its answers to both questions.
pub fn cue_words(cue: &Cue) -> String {
    let distress = cue.distress.iter().map(|text| text.expose().as_str());
    let answers: Vec<&str> = std::iter::once(cue.observation.expose().as_str())
        .chain(distress)
        .collect();
    answers.join(" ")
}

/// The frozen utterance encoder.
#[derive(Debug)]
pub struct UtteranceEncoder {
    bert: BertEncoder,
    tokenizer: TextTokenizer,
    taps: Vec<usize>,
    max_tokens: usize,
    /// Width of a vector, all taps together.
    width: usize,
}

impl UtteranceEncoder {
    /// Takes the encoder's parameters at the loader's place.
    ///
    /// # Errors
    /// When one is missing or misshapen.
    pub fn load(
        loader: &ParamLoader<'_>,
        tokenizer: TextTokenizer,
        config: &StarterConfig,
    ) -> Result<Self, NnError> {
        let bert = BertEncoder::load(loader, &config.encoder)?;
        if let Some(tap) = config
            .taps
            .iter()
            .find(|tap| !(1..=bert.n_layers()).contains(*tap))
        {
            return Err(NnError::ConfigValue {
                field: "taps",
                found: tap.to_string(),
                expected: "layers of the encoder, counted from 1",
            });
        }
        Ok(Self {
            bert,
            tokenizer,
            taps: config.taps.clone(),
            max_tokens: config.max_tokens,
            width: config.utterance_width(),
        })
    }

    /// One vector an utterance.
    ///
    /// # Shapes
    /// returns `[U, taps * D]`, the taps one after the other
    ///
    /// # Errors
    /// When tokens or tensors cannot be made.
    pub fn encode(&self, texts: &[&str]) -> Result<Tensor, NnError> {
        // Neighbours in length share a batch, so little is spent on padding.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|&idx| texts[idx].len());
        let mut rows: Vec<Option<Tensor>> = vec![None; texts.len()];
        for chunk in order.chunks(BATCH) {
            let batch: Vec<&str> = chunk.iter().map(|&idx| texts[idx]).collect();
            let vectors = self.encode_batch(&batch)?;
            for (row, &idx) in chunk.iter().enumerate() {
                rows[idx] = Some(vectors.get(row)?);
            }
        }
        let rows: Vec<Tensor> = rows.into_iter().flatten().collect();
        Ok(Tensor::stack(&rows, 0)?)
    }

    fn encode_batch(&self, texts: &[&str]) -> Result<Tensor, NnError> {
        let tokens = self.tokenizer.encode_batch(texts, self.max_tokens)?;
        let stages = self.bert.hidden_states(
            &tokens.token_ids,
            &tokens.attention_mask,
            &mut Pass::eval(),
        )?;
        let pooled = self
            .taps
            .iter()
            .map(|&tap| mean_pool(&stages[tap], &tokens.attention_mask));
        let pooled = pooled.collect::<Result<Vec<_>, _>>()?;
        Ok(Tensor::cat(&pooled, 1)?)
    }

    /// Vectors of texts of which some are absent; those are rows of zeros.
    ///
    /// # Shapes
    /// returns `[U, taps * D]`
    ///
    /// # Errors
    /// As for [`UtteranceEncoder::encode`].
    pub fn encode_some(&self, texts: &[Option<String>]) -> Result<Tensor, NnError> {
        self.some(texts, |present| self.encode(present))
    }

    /// As [`UtteranceEncoder::encode_some`], with another source of the vectors of those present.
    pub(super) fn some(
        &self,
        texts: &[Option<String>],
        encode: impl Fn(&[&str]) -> Result<Tensor, NnError>,
    ) -> Result<Tensor, NnError> {
        let present: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
        let absent = Tensor::zeros((1, self.width), DType::F32, &Device::Cpu)?;
        // Row 0 stands for what is absent.
        let rows = match present.len() {
            0 => absent,
            _ => Tensor::cat(&[absent, encode(&present)?], 0)?,
        };
        let mut n_before = 0;
        let places = texts.iter().map(|text| {
            n_before += u32::from(text.is_some());
            if text.is_some() { n_before } else { 0 }
        });
        let places: Vec<u32> = places.collect();
        Ok(rows.index_select(&Tensor::new(places, &Device::Cpu)?, 0)?)
    }

    /// Hidden states of a layer for the tokens of each text, as BERTScore compares them.
    ///
    /// # Errors
    /// As for [`token_vectors`].
    pub fn token_vectors(&self, texts: &[&str], layer: usize) -> Result<Vec<TextVectors>, NnError> {
        token_vectors(&self.bert, &self.tokenizer, texts, layer, self.max_tokens)
    }

    /// The sentence embedding as published: the last tap, at unit length.
    ///
    /// # Shapes
    /// `vectors`: `[U, taps * D]` from [`UtteranceEncoder::encode`] · returns `[U, D]`
    ///
    /// # Errors
    /// When the shape is another.
    pub fn sentence_embeddings(&self, vectors: &Tensor) -> Result<Tensor, NnError> {
        let width = vectors.dim(1)? / self.taps.len();
        unit_length(&vectors.narrow(1, width * (self.taps.len() - 1), width)?)
    }
}
