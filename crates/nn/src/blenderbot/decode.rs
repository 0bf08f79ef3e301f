//! A Blenderbot behind [`Seq2Seq`]: token by token, with the keys and values of earlier tokens kept.
//!
//! The cache holds, of the source: key and value for each decoder layer, then the attention mask;
//! of the outputs: key and value for each layer.

use candle_core::Tensor;

use super::{Blenderbot, Seen, attention::KeyValue, check_lengths};
use crate::{
    NnError, Pass,
    seq2seq::{Cache, Memory, Seq2Seq, Seq2SeqConfig},
    tokenizer::TokenBatch,
};

impl Blenderbot {
    fn pass(&self) -> Pass {
        Pass::eval().with_precision(self.precision)
    }

    fn check_step(&self, tokens: &[Vec<u32>], cache: &Cache) -> Result<(), NnError> {
        let left = self.search.max_positions.saturating_sub(cache.n_past());
        check_lengths("tokens", tokens, left)?;
        let n_new = tokens[0].len();
        if tokens.len() != cache.n_rows() || tokens.iter().any(|row| row.len() != n_new) {
            let expected = format!(
                "{} rows of the same length; the lengths are listed",
                cache.n_rows()
            );
            let lengths: Vec<usize> = tokens.iter().map(Vec::len).collect();
            return Err(NnError::shape("tokens", expected, &lengths));
        }
        Ok(())
    }
}

impl Seq2Seq for Blenderbot {
    fn config(&self) -> &Seq2SeqConfig {
        &self.search
    }

    fn encode(&self, token_ids: &[Vec<u32>]) -> Result<Memory, NnError> {
        self.encoder_states(token_ids, &mut self.pass())
    }

    fn start(&self, memory: &Memory) -> Result<Cache, NnError> {
        let source = self.project_source(memory, &self.pass())?;
        let mut source = flat(source);
        source.push(memory.attention_mask.clone());
        Ok(Cache::new(memory.hidden.dim(0)?, source, Vec::new()))
    }

    fn step(&self, tokens: &[Vec<u32>], cache: &mut Cache) -> Result<Tensor, NnError> {
        self.check_step(tokens, cache)?;
        let n_kept = 2 * self.decoder.layers.len();
        let (is_visible, source) = match cache.source() {
            [source @ .., is_visible] if source.len() == n_kept => (is_visible, source),
            found => {
                let expected = format!("{n_kept} keys and values and a mask of the source");
                return Err(NnError::shape("cache", expected, &[found.len()]));
            }
        };
        let token_ids = TokenBatch::pad(tokens, self.search.pad_id)?.token_ids;
        let seen = Seen {
            source: &pairs(source),
            is_visible,
            past: &pairs(cache.past()),
            n_past: cache.n_past(),
        };
        let mut pass = self.pass();
        let (states, kept) = self.decode(&token_ids, seen, &mut pass)?;
        let n_new = token_ids.dim(1)?;
        let last = states.narrow(1, n_new - 1, 1)?.squeeze(1)?;
        let logits = self.logits(&last, &pass)?;
        cache.advance(flat(kept), n_new);
        Ok(logits)
    }
}

fn flat(layers: Vec<KeyValue>) -> Vec<Tensor> {
    layers
        .into_iter()
        .flat_map(|layer| [layer.key, layer.value])
        .collect()
}

fn pairs(tensors: &[Tensor]) -> Vec<KeyValue> {
    let pair = |[key, value]: &[Tensor; 2]| KeyValue {
        key: key.clone(),
        value: value.clone(),
    };
    tensors.as_chunks::<2>().0.iter().map(pair).collect()
}
