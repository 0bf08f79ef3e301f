//! Attention during decoding (Vaswani et al. 2017, section 3.2): keys and values of the positions so
//! far are kept, those of new positions are written behind them, and queries attend to all.
//!
//! They lie as a step reads them. The keys of a head lie dimension by dimension, so that the scores
//! of a query are a sum of whole rows; its values lie position by position. Sums are `f32`. No
//! gradients: training uses [`crate::attention()`].

use candle_core::{Device, Tensor};
use rayon::prelude::*;

use crate::{
    KernelError,
    math::{add_scaled, hide, softmax_row},
    simd::vectorise,
    softmax::visibility,
    storage::with_numbers,
};

/// Below this many products of numbers, splitting a step over the cores costs more than it gains.
const SPLIT: usize = 1 << 17;

/// Keys and values of the positions of some sequences, in heads.
#[derive(Debug, Clone)]
pub struct KeyValues {
    /// `[B, H, D / H, capacity]`
    keys: Vec<f32>,
    /// `[B, H, capacity, D / H]`
    values: Vec<f32>,
    n_rows: usize,
    n_heads: usize,
    head_width: usize,
    n_kept: usize,
    capacity: usize,
}

impl KeyValues {
    /// Of `n_rows` sequences without positions.
    ///
    /// # Errors
    /// [`KernelError::Heads`] when the heads do not divide the width.
    pub fn new(n_rows: usize, n_heads: usize, width: usize) -> Result<Self, KernelError> {
        if n_heads == 0 || width == 0 || !width.is_multiple_of(n_heads) {
            return Err(KernelError::Heads { n_heads, width });
        }
        Ok(Self {
            keys: Vec::new(),
            values: Vec::new(),
            n_rows,
            n_heads,
            head_width: width / n_heads,
            n_kept: 0,
            capacity: 0,
        })
    }

    /// `B`, how many sequences there are.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// How many positions each has.
    pub fn n_kept(&self) -> usize {
        self.n_kept
    }

    fn width(&self) -> usize {
        self.n_heads * self.head_width
    }

    /// Puts positions after those that are kept.
    ///
    /// # Shapes
    /// `key`, `value`: `[B, T, D]`
    ///
    /// # Errors
    /// [`KernelError::InputShape`] when the shapes do not fit; then nothing is changed.
    pub fn append(&mut self, key: &Tensor, value: &Tensor) -> Result<(), KernelError> {
        let n_new = self.n_positions("key", key)?;
        if value.dims() != key.dims() {
            let expected = format!("{:?}", key.dims());
            return Err(KernelError::shape("value", expected, value.dims()));
        }
        let n_kept = self.n_kept + n_new;
        if n_kept > self.capacity {
            self.grow(n_kept.max(2 * self.capacity));
        }
        with_numbers(key, |key| {
            with_numbers(value, |value| self.write(key, value))
        })??;
        self.n_kept = n_kept;
        Ok(())
    }

    /// `T` of `[B, T, D]`.
    fn n_positions(&self, input: &'static str, tensor: &Tensor) -> Result<usize, KernelError> {
        match *tensor.dims() {
            [n_rows, n, width] if (n_rows, width) == (self.n_rows, self.width()) => Ok(n),
            _ => {
                let expected = format!("[{}, T, {}]", self.n_rows, self.width());
                Err(KernelError::shape(input, expected, tensor.dims()))
            }
        }
    }

    /// Makes room for `capacity` positions, more than there is.
    fn grow(&mut self, capacity: usize) {
        let spread = |from: &[f32], n_from: usize, n_to: usize, n: usize| {
            let mut to = vec![0.0; n * n_to];
            if n_from > 0 {
                let blocks = to.chunks_exact_mut(n_to).zip(from.chunks_exact(n_from));
                blocks.for_each(|(to, from)| to[..n_from].copy_from_slice(from));
            }
            to
        };
        let (n, d) = (self.n_rows * self.n_heads, self.head_width);
        self.keys = spread(&self.keys, self.capacity, capacity, n * d);
        self.values = spread(&self.values, self.capacity * d, capacity * d, n);
        self.capacity = capacity;
    }

    /// Writes `[B, T, D]` keys and values behind the last position; there must be room.
    fn write(&mut self, key: &[f32], value: &[f32]) {
        let (n_kept, capacity, d, width) =
            (self.n_kept, self.capacity, self.head_width, self.width());
        let n_new = key.len() / (self.n_rows * width).max(1);
        if n_new == 0 {
            return;
        }
        let size = (capacity * width, n_new * width);
        let keys = self.keys.par_chunks_exact_mut(size.0);
        let values = self.values.par_chunks_exact_mut(size.0);
        let new = key
            .par_chunks_exact(size.1)
            .zip(value.par_chunks_exact(size.1));
        let min_len = (SPLIT / size.1).max(1);
        let rows = keys.zip(values).zip(new).with_min_len(min_len);
        rows.for_each(|((keys, values), (key, value))| {
            for (i, to) in keys.chunks_exact_mut(capacity).enumerate() {
                let from = key.iter().skip(i).step_by(width);
                to[n_kept..]
                    .iter_mut()
                    .zip(from)
                    .for_each(|(to, from)| *to = *from);
            }
            for (head, to) in values.chunks_exact_mut(capacity * d).enumerate() {
                let from = value.chunks_exact(width).map(|row| &row[head * d..][..d]);
                let to = to[n_kept * d..].chunks_exact_mut(d);
                to.zip(from).for_each(|(to, from)| to.copy_from_slice(from));
            }
        });
    }

    /// Keeps the sequences of these rows, in this order; a row may be named more than once.
    ///
    /// # Panics
    /// When a row does not exist.
    pub fn select(&mut self, rows: &[usize]) {
        let size = self.capacity * self.width();
        let pick = |from: &[f32]| {
            let mut to = Vec::with_capacity(rows.len() * size);
            rows.iter()
                .for_each(|row| to.extend_from_slice(&from[row * size..][..size]));
            to
        };
        assert!(
            rows.iter().all(|row| *row < self.n_rows),
            "rows of {}",
            self.n_rows
        );
        self.keys = pick(&self.keys);
        self.values = pick(&self.values);
        self.n_rows = rows.len();
    }

    /// Mixes the values by the similarity of queries and keys. Where `is_causal`, the queries are
    /// the last `T` positions and see none after their own. A query with nothing visible yields 0.
    ///
    /// # Shapes
    /// `query`: `[B, T, D]` · `is_visible`: `[B, positions]`, 0 = hidden, all visible where absent ·
    /// returns `[B, T, D]`
    ///
    /// # Equation
    /// `softmax(Q Kᵀ / sqrt(D / H)) V` in each head (Vaswani et al. 2017, equation 1).
    ///
    /// # Errors
    /// [`KernelError::InputShape`] when the shapes do not fit or a causal query stands before all
    /// positions.
    pub fn attend(
        &self,
        query: &Tensor,
        is_visible: Option<&Tensor>,
        is_causal: bool,
    ) -> Result<Tensor, KernelError> {
        let n_queries = self.n_positions("query", query)?;
        if is_causal && n_queries > self.n_kept {
            let expected = format!(
                "[{}, at most {}, {}]",
                self.n_rows,
                self.n_kept,
                self.width()
            );
            return Err(KernelError::shape("query", expected, query.dims()));
        }
        let is_visible = match is_visible {
            Some(mask) if mask.dims() != [self.n_rows, self.n_kept] => {
                let expected = format!("[{}, {}]", self.n_rows, self.n_kept);
                return Err(KernelError::shape("is_visible", expected, mask.dims()));
            }
            mask => mask.map(visibility).transpose()?,
        };
        let hidden = |row: usize| {
            let mask = is_visible.as_ref()?;
            Some(&mask[row * self.n_kept..][..self.n_kept])
        };
        let mixed = with_numbers(query, |query| self.mix(query, n_queries, hidden, is_causal))?;
        Ok(Tensor::from_vec(mixed, query.shape(), &Device::Cpu)?)
    }

    fn mix<'m>(
        &self,
        query: &[f32],
        n_queries: usize,
        is_visible: impl Fn(usize) -> Option<&'m [u8]> + Sync,
        is_causal: bool,
    ) -> Vec<f32> {
        let mut mixed = vec![0.0; query.len()];
        if query.is_empty() || self.n_kept == 0 {
            return mixed;
        }
        let width = self.width();
        let work = |(at, mixed): (usize, &mut [f32])| {
            let (row, i) = (at / n_queries, at % n_queries);
            let n_seen = if is_causal {
                self.n_kept - n_queries + i + 1
            } else {
                self.n_kept
            };
            let query = &query[at * width..][..width];
            self.mix_one(row, query, n_seen, is_visible(row), mixed);
        };
        let min_len = (SPLIT / (2 * width * self.n_kept)).max(1);
        let queries = mixed.par_chunks_exact_mut(width).enumerate();
        queries.with_min_len(min_len).for_each(work);
        mixed
    }

    /// All heads of one query, which sees the first `n_seen` positions.
    fn mix_one(
        &self,
        row: usize,
        query: &[f32],
        n_seen: usize,
        is_visible: Option<&[u8]>,
        mixed: &mut [f32],
    ) {
        let d = self.head_width;
        let scale = 1.0 / (d as f32).sqrt();
        let mut weights = vec![0.0; n_seen];
        for head in 0..self.n_heads {
            let first = (row * self.n_heads + head) * d * self.capacity;
            let keys = self.keys[first..].chunks_exact(self.capacity);
            let values = self.values[first..].chunks_exact(d);
            let (query, mixed) = (&query[head * d..][..d], &mut mixed[head * d..][..d]);
            vectorise(
                #[inline(always)]
                || {
                    weights.fill(0.0);
                    for (query, keys) in query.iter().zip(keys) {
                        add_scaled(&mut weights, query * scale, &keys[..n_seen]);
                    }
                    if let Some(is_visible) = is_visible {
                        hide(&mut weights, is_visible);
                    }
                    softmax_row(&mut weights);
                    for (weight, value) in weights.iter().zip(values) {
                        add_scaled(mixed, *weight, value);
                    }
                },
            );
        }
    }
}
