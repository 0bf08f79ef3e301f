//! A Blenderbot behind [`Seq2Seq`]: token by token, with the keys and values of sources and earlier
//! tokens kept for each decoder layer.

use candle_core::Tensor;
use smes_kernels::on_pool;

use super::{Blenderbot, check_lengths};
use crate::{
    NnError, Pass,
    seq2seq::{Cache, CacheParts, Memory, Seq2Seq, Seq2SeqConfig},
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
        if cache.n_layers() != self.decoder.layers.len() {
            let expected = format!("{} layers", self.decoder.layers.len());
            return Err(NnError::shape("cache", expected, &[cache.n_layers()]));
        }
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
        on_pool(|| self.encoder_states(token_ids, &mut self.pass()))
    }

    fn start(&self, memory: &Memory) -> Result<Cache, NnError> {
        let pass = self.pass();
        let (n_rows, _, width) = memory.hidden.dims3()?;
        let layers = self.decoder.layers.iter();
        let source = on_pool(|| {
            let source = layers
                .clone()
                .map(|one| one.keep_source(&memory.hidden, &pass));
            source.collect::<Result<_, _>>()
        })?;
        let past = layers.map(|layer| layer.keep_none(n_rows, width));
        let past = past.collect::<Result<_, _>>()?;
        Cache::new(source, memory.attention_mask.clone(), past)
    }

    fn step(&self, tokens: &[Vec<u32>], cache: &mut Cache) -> Result<Tensor, NnError> {
        self.check_step(tokens, cache)?;
        let token_ids = TokenBatch::pad(tokens, self.search.pad_id)?.token_ids;
        let (n_past, n_new) = (cache.n_past(), token_ids.dim(1)?);
        let logits = on_pool(|| {
            let mut pass = self.pass();
            let states = self.decode(&token_ids, n_past, cache.parts(), &mut pass)?;
            let last = states.narrow(1, n_new - 1, 1)?.squeeze(1)?;
            self.logits(&last, &pass)
        })?;
        cache.advance(n_new);
        Ok(logits)
    }
}

impl Blenderbot {
    /// Runs the decoder over `[B, T]` tokens that follow `n_past` others; gives `[B, T, D]`.
    fn decode(
        &self,
        token_ids: &Tensor,
        n_past: usize,
        CacheParts {
            source,
            source_mask,
            past,
        }: CacheParts<'_>,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let stack = &self.decoder;
        let mut hidden = self.enter_decoder(token_ids, n_past, pass)?;
        let kept = past.iter_mut().zip(source);
        for (layer, (past, source)) in stack.layers.iter().zip(kept) {
            hidden = layer.forward(&hidden, past, source, source_mask, pass)?;
        }
        stack.norm_last(&hidden)
    }
}
