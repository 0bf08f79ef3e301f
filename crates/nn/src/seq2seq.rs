//! Sequence-to-sequence models as decoding sees them: encode the sources once, then a step a token.
//!
//! Whoever searches for the best output (greedy, sampling, beams, constrained labels) needs only
//! [`Seq2Seq`] and [`Cache::select`]; [`crate::blenderbot`] stands behind it, and a test can
//! put a toy there. Absent on purpose: training, which a model offers with its own types.

use candle_core::{Device, Tensor};
use smes_kernels::KeyValues;

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
    /// output would be longer than [`Seq2SeqConfig::max_positions`], or a token is not in the vocabulary; the cache is
    /// then as it was.
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

/// What the model keeps of sources and outputs, a row an output.
///
/// What is of the sources stays as it is while the rows only move among outputs of one source, which
/// is what a beam search does at every token.
#[derive(Debug, Clone)]
pub struct Cache {
    source: Vec<KeyValues>,
    source_mask: Tensor,
    source_rows: Vec<usize>,
    past: Vec<KeyValues>,
    n_past: usize,
}

/// The parts of a [`Cache`] that a step reads and writes.
#[derive(Debug)]
pub struct CacheParts<'c> {
    /// Keys and values of the sources, for each layer.
    pub source: &'c [KeyValues],
    /// `[B, S]`, which positions of the sources are visible.
    pub source_mask: &'c Tensor,
    /// Keys and values of the outputs so far, for each layer.
    pub past: &'c mut [KeyValues],
}

impl Cache {
    /// A cache of outputs without tokens. `source`: keys and values of the sources, for each layer ·
    /// `source_mask`: `[B, S]` · `past`: a place for those of the outputs, for each layer.
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the rows or the layers are not the same everywhere.
    pub fn new(
        source: Vec<KeyValues>,
        source_mask: Tensor,
        past: Vec<KeyValues>,
    ) -> Result<Self, NnError> {
        let n_rows = source_mask.dim(0)?;
        let mut all = source.iter().chain(&past);
        if source.len() != past.len() || all.any(|kept| kept.n_rows() != n_rows) {
            let expected = format!("{} layers of {n_rows} rows each", source.len());
            return Err(NnError::shape("past", expected, &[past.len()]));
        }
        Ok(Self {
            source,
            source_mask,
            source_rows: (0..n_rows).collect(),
            past,
            n_past: 0,
        })
    }

    /// How many outputs there are.
    pub fn n_rows(&self) -> usize {
        self.source_rows.len()
    }

    /// How many layers keep something.
    pub fn n_layers(&self) -> usize {
        self.past.len()
    }

    /// How many tokens each output has.
    pub fn n_past(&self) -> usize {
        self.n_past
    }

    /// What a step reads and writes.
    pub fn parts(&mut self) -> CacheParts<'_> {
        CacheParts {
            source: &self.source,
            source_mask: &self.source_mask,
            past: &mut self.past,
        }
    }

    /// Takes the outputs to be `n_new` tokens longer.
    pub fn advance(&mut self, n_new: usize) {
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
        self.past.iter_mut().for_each(|past| past.select(rows));
        let source_rows: Vec<usize> = rows.iter().map(|&row| self.source_rows[row]).collect();
        if source_rows != self.source_rows {
            self.source
                .iter_mut()
                .for_each(|source| source.select(rows));
            self.source_mask = select_rows(&self.source_mask, rows)?;
            self.source_rows = source_rows;
        }
        Ok(())
    }
}

fn select_rows(tensor: &Tensor, rows: &[usize]) -> Result<Tensor, NnError> {
    #[expect(clippy::cast_possible_truncation, reason = "a row of a batch")]
    let rows: Vec<u32> = rows.iter().map(|&row| row as u32).collect();
    let n_rows = rows.len();
    let rows = Tensor::from_vec(rows, n_rows, &Device::Cpu)?;
    Ok(tensor.index_select(&rows, 0)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One position for each row, holding the row's number.
    fn kept(values: &[f32]) -> KeyValues {
        let mut kept = KeyValues::new(values.len(), 1, 1).unwrap();
        let column = Tensor::from_slice(values, (values.len(), 1, 1), &Device::Cpu).unwrap();
        kept.append(&column, &column).unwrap();
        kept
    }

    /// What a query finds: with one position, its value.
    fn values(kept: &KeyValues) -> Vec<f32> {
        let query = Tensor::ones((kept.n_rows(), 1, 1), candle_core::DType::F32, &Device::Cpu);
        let found = kept.attend(&query.unwrap(), None, false).unwrap();
        found.flatten_all().unwrap().to_vec1().unwrap()
    }

    fn cache(source: &[f32], past: &[f32]) -> Cache {
        let mask = Tensor::ones((source.len(), 1), candle_core::DType::U8, &Device::Cpu).unwrap();
        Cache::new(vec![kept(source)], mask, vec![kept(past)]).unwrap()
    }

    fn found(cache: &Cache) -> (Vec<f32>, Vec<f32>) {
        (values(&cache.source[0]), values(&cache.past[0]))
    }

    #[test]
    fn rows_are_repeated_moved_and_dropped_together_with_their_source() {
        let mut cache = cache(&[10.0, 20.0], &[1.0, 2.0]);
        cache.select(&[0, 0, 1, 1]).unwrap();
        assert_eq!(
            found(&cache),
            (vec![10.0, 10.0, 20.0, 20.0], vec![1.0, 1.0, 2.0, 2.0])
        );
        cache.past = vec![kept(&[1.0, 2.0, 3.0, 4.0])];
        cache.advance(1);
        // Beams change places within their source.
        cache.select(&[1, 0, 3, 3]).unwrap();
        assert_eq!(
            found(&cache),
            (vec![10.0, 10.0, 20.0, 20.0], vec![2.0, 1.0, 4.0, 4.0])
        );
        // The first source is done.
        cache.select(&[2]).unwrap();
        assert_eq!((cache.n_rows(), cache.n_past()), (1, 1));
        assert_eq!(found(&cache), (vec![20.0], vec![4.0]));
        assert_eq!(cache.source_mask.dims(), [1, 1]);
    }

    #[test]
    fn rows_that_cross_sources_take_their_source_along() {
        let mut cache = cache(&[10.0, 20.0], &[1.0, 2.0]);
        cache.select(&[1, 0]).unwrap();
        assert_eq!(found(&cache), (vec![20.0, 10.0], vec![2.0, 1.0]));
        cache.select(&[1, 0]).unwrap();
        assert_eq!(found(&cache), (vec![10.0, 20.0], vec![1.0, 2.0]));
    }

    #[test]
    fn a_row_that_does_not_exist_is_an_error_and_changes_nothing() {
        let mut cache = cache(&[5.0], &[7.0]);
        let error = cache.select(&[1]).unwrap_err();
        assert!(error.to_string().contains("below 1"));
        assert_eq!(found(&cache), (vec![5.0], vec![7.0]));
        let mask = cache.source_mask.clone();
        assert!(Cache::new(vec![kept(&[1.0])], mask, Vec::new()).is_err());
    }
}
