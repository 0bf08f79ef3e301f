//! Sequence-to-sequence models as decoding sees them: encode the sources once, then a step a token.
//!
//! Whoever searches for the best output (greedy, sampling, beams, constrained labels) needs only
//! [`Seq2Seq`] and [`Cache::select`]; [`crate::blenderbot`] stands behind it, and a test can
//! put a toy there. Absent on purpose: training, which a model offers with its own types.

use candle_core::{Device, Tensor};

use crate::NnError;

/// What a search has to know about the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seq2SeqConfig {
    /// `V`, how many tokens the logits are over, added ones included.
    pub vocab_size: usize,
    /// The token that fills short rows.
    pub pad_id: u32,
    /// The token every output starts with.
    pub start_id: u32,
    /// The token that ends an output.
    pub eos_id: u32,
    /// The longest source and the longest output, in tokens, start token included.
    pub max_positions: usize,
}

/// A model that turns a source into a distribution over the next token of the output.
pub trait Seq2Seq {
    /// What a search has to know.
    fn config(&self) -> &Seq2SeqConfig;

    /// Reads the sources; `B` rows of unequal lengths, padded inside.
    ///
    /// # Errors
    /// [`NnError::InputShape`] when there is no row, or one is empty or longer than
    /// [`Seq2SeqConfig::max_positions`].
    fn encode(&self, token_ids: &[Vec<u32>]) -> Result<Memory, NnError>;

    /// An empty output for each source.
    ///
    /// # Errors
    /// When the memory is another model's.
    fn start(&self, memory: &Memory) -> Result<Cache, NnError>;

    /// Appends tokens to every output and gives the logits of the token after the last.
    ///
    /// # Shapes
    /// `tokens`: `B` rows of the same length, 1 or more; the first step's rows begin with
    /// [`Seq2SeqConfig::start_id`] · returns `[B, V]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the rows are not those of the cache, differ in length, or the
    /// output would be longer than [`Seq2SeqConfig::max_positions`].
    fn step(&self, tokens: &[Vec<u32>], cache: &mut Cache) -> Result<Tensor, NnError>;
}

/// Encoded sources.
#[derive(Debug, Clone)]
pub struct Memory {
    /// `[B, S, D]`; what padding positions hold is meaningless.
    pub hidden: Tensor,
    /// `[B, S]`, `u8`; 1 = visible, 0 = padding.
    pub attention_mask: Tensor,
}

/// What the model keeps of the outputs so far, a row an output.
///
/// Every tensor has the rows first. Those of the source stay as they are while the rows only move
/// among outputs of one source, which is what a beam search does at every token.
#[derive(Debug, Clone)]
pub struct Cache {
    source: Vec<Tensor>,
    source_rows: Vec<usize>,
    past: Vec<Tensor>,
    n_past: usize,
}

impl Cache {
    /// A cache of `n_rows` empty outputs. `source`: what was computed of the sources · `past`: what
    /// grows with the outputs, may be empty before the first step.
    pub fn new(n_rows: usize, source: Vec<Tensor>, past: Vec<Tensor>) -> Self {
        Self {
            source,
            source_rows: (0..n_rows).collect(),
            past,
            n_past: 0,
        }
    }

    /// How many outputs there are.
    pub fn n_rows(&self) -> usize {
        self.source_rows.len()
    }

    /// How many tokens each output has.
    pub fn n_past(&self) -> usize {
        self.n_past
    }

    /// What was computed of the sources.
    pub fn source(&self) -> &[Tensor] {
        &self.source
    }

    /// What was computed of the outputs so far.
    pub fn past(&self) -> &[Tensor] {
        &self.past
    }

    /// Takes the outputs to be `n_new` tokens longer, with what was computed of all their tokens.
    pub fn advance(&mut self, past: Vec<Tensor>, n_new: usize) {
        self.past = past;
        self.n_past += n_new;
    }

    /// Keeps the outputs of these rows, in this order; a row may be named more than once. To be
    /// called with `[0, 0, 0, 1, 1, 1]` before the first step of a search with three beams.
    ///
    /// # Errors
    /// [`NnError::InputShape`] when a row does not exist.
    pub fn select(&mut self, rows: &[usize]) -> Result<(), NnError> {
        let n_rows = self.n_rows();
        if let Some(&row) = rows.iter().find(|&&row| row >= n_rows) {
            return Err(NnError::shape(
                "rows",
                format!("values below {n_rows}"),
                &[row],
            ));
        }
        select_rows(&mut self.past, rows)?;
        let source_rows: Vec<usize> = rows.iter().map(|&row| self.source_rows[row]).collect();
        if source_rows != self.source_rows {
            select_rows(&mut self.source, rows)?;
            self.source_rows = source_rows;
        }
        Ok(())
    }
}

fn select_rows(tensors: &mut [Tensor], rows: &[usize]) -> Result<(), NnError> {
    #[expect(clippy::cast_possible_truncation, reason = "a row of a batch")]
    let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
    let n_rows = rows.len();
    let rows = Tensor::from_vec(rows, n_rows, &Device::Cpu)?;
    for tensor in tensors {
        *tensor = tensor.index_select(&rows, 0)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(values: &[u32]) -> Tensor {
        Tensor::from_slice(values, (values.len(), 1), &Device::Cpu).unwrap()
    }

    fn values(tensor: &Tensor) -> Vec<u32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn rows_are_repeated_moved_and_dropped_together_with_their_source() {
        let mut cache = Cache::new(2, vec![column(&[10, 20])], Vec::new());
        cache.select(&[0, 0, 1, 1]).unwrap();
        assert_eq!(values(&cache.source()[0]), [10, 10, 20, 20]);
        cache.advance(vec![column(&[1, 2, 3, 4])], 1);
        // Beams change places within their source: the source's tensors need not move.
        cache.select(&[1, 0, 3, 3]).unwrap();
        assert_eq!(values(&cache.past()[0]), [2, 1, 4, 4]);
        assert_eq!(values(&cache.source()[0]), [10, 10, 20, 20]);
        // The first source is done; then the rows change places across sources.
        cache.select(&[2]).unwrap();
        assert_eq!((cache.n_rows(), cache.n_past()), (1, 1));
        assert_eq!(values(&cache.past()[0]), [4]);
        assert_eq!(values(&cache.source()[0]), [20]);
    }

    #[test]
    fn rows_that_cross_sources_take_their_source_along() {
        let mut cache = Cache::new(2, vec![column(&[10, 20])], vec![column(&[1, 2])]);
        cache.select(&[1, 0]).unwrap();
        assert_eq!(values(&cache.source()[0]), [20, 10]);
        assert_eq!(values(&cache.past()[0]), [2, 1]);
        cache.select(&[1, 0]).unwrap();
        assert_eq!(values(&cache.source()[0]), [10, 20]);
    }

    #[test]
    fn a_row_that_does_not_exist_is_an_error_and_changes_nothing() {
        let mut cache = Cache::new(1, Vec::new(), vec![column(&[7])]);
        assert!(
            cache
                .select(&[1])
                .unwrap_err()
                .to_string()
                .contains("below 1")
        );
        assert_eq!(values(&cache.past()[0]), [7]);
    }
}
