//! Multi-head scaled dot-product attention (Vaswani et al. 2017, section 3.2): self, cross,
//! causal. Decoding, which keeps earlier positions, has [`crate::KeyValues`].
//!
//! One operation from projected queries, keys and values to mixed values, with its backward pass:
//! heads are read in place, so nothing is transposed or copied. The `[T, S]` weights of the heads are
//! kept for the backward pass up to a limit, and above it made again there.

use std::borrow::Cow;

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::{
    DropoutMask, KernelError, Precision,
    gemm::{Onto, Product},
    gradients::ready_gradient,
    math::{dot, hide, softmax_row},
    matrix::{MatrixMut, MatrixRef},
    simd::vectorise,
    softmax::visibility,
    storage::{numbers, with_numbers},
};

/// How queries attend to keys.
#[derive(Debug, Clone, Copy)]
pub struct AttentionSpec<'a> {
    /// Heads; must divide the width.
    pub n_heads: usize,
    /// Factor of the scores, usually `1 / sqrt(D / n_heads)`.
    pub scale: f32,
    /// Whether a query sees only keys up to its own position. The queries are the last `T` of the
    /// `S` positions, so that a cache of earlier keys may stand before them.
    pub is_causal: bool,
    /// `[B, S]`, any integer type, 0 = hidden from every query; all visible where absent.
    pub key_is_visible: Option<&'a Tensor>,
    /// Dropout of the attention weights.
    pub dropout: Option<DropoutMask>,
    /// Precision of the products.
    pub precision: Precision,
}

impl AttentionSpec<'_> {
    /// Everything visible, nothing dropped, `f32`, scaled by the width of a head.
    pub fn new(n_heads: usize, width: usize) -> Self {
        Self {
            n_heads,
            scale: 1.0 / ((width / n_heads.max(1)).max(1) as f32).sqrt(),
            is_causal: false,
            key_is_visible: None,
            dropout: None,
            precision: Precision::F32,
        }
    }
}

/// Mixes values by the similarity of queries and keys, in heads. A query with nothing visible
/// yields 0.
///
/// # Shapes
/// `query`: `[B, T, D]` · `key`, `value`: `[B, S, D]` · returns `[B, T, D]`
///
/// # Equation
/// `softmax(scale * Q Kᵀ) V` in each head (Vaswani et al. 2017, equation 1).
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes do not fit or a causal query stands before all
/// keys, [`KernelError::Heads`] when the heads do not divide `D`.
pub fn attention(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    spec: &AttentionSpec<'_>,
) -> std::result::Result<Tensor, KernelError> {
    let op = AttentionOp::new(query.dims(), key.dims(), value.dims(), spec)?;
    Ok(query
        .contiguous()?
        .apply_op3(&key.contiguous()?, &value.contiguous()?, op)?)
}

/// The weights of each head of each sequence, `[T, S]`, before dropout.
pub(crate) type Weights = Vec<Vec<f32>>;

/// An operation with more weights than this makes them again in its backward pass: 128 MB.
const MOST_KEPT: usize = 1 << 25;

pub(crate) struct AttentionOp {
    /// `[B, S]`
    is_visible: Option<Vec<u8>>,
    n_heads: usize,
    n_queries: usize,
    n_keys: usize,
    width: usize,
    scale: f32,
    is_causal: bool,
    dropout: Option<DropoutMask>,
    precision: Precision,
}

impl AttentionOp {
    /// Checks the shapes of query, key and value.
    pub(crate) fn new(
        query: &[usize],
        key: &[usize],
        value: &[usize],
        spec: &AttentionSpec<'_>,
    ) -> std::result::Result<Self, KernelError> {
        let shape =
            |input, expected: String, found: &[usize]| KernelError::shape(input, expected, found);
        let [batch, n_queries, width] = *query else {
            return Err(shape("query", "[B, T, D]".to_owned(), query));
        };
        let n_keys = match *key {
            [b, n_keys, w] if (b, w) == (batch, width) => n_keys,
            _ => return Err(shape("key", format!("[{batch}, S, {width}]"), key)),
        };
        if value != key {
            return Err(shape("value", format!("{key:?}"), value));
        }
        if spec.n_heads == 0 || !width.is_multiple_of(spec.n_heads) {
            return Err(KernelError::Heads {
                n_heads: spec.n_heads,
                width,
            });
        }
        if spec.is_causal && n_keys < n_queries {
            let expected = format!("[{batch}, {n_queries} or more, {width}]");
            return Err(shape("key", expected, key));
        }
        let is_visible = match spec.key_is_visible {
            Some(mask) if mask.dims() != [batch, n_keys] => {
                let expected = format!("[{batch}, {n_keys}]");
                return Err(shape("key_is_visible", expected, mask.dims()));
            }
            mask => mask.map(visibility).transpose()?,
        };
        Ok(Self {
            is_visible,
            n_heads: spec.n_heads,
            n_queries,
            n_keys,
            width,
            scale: spec.scale,
            is_causal: spec.is_causal,
            dropout: spec.dropout,
            precision: spec.precision,
        })
    }

    fn head_width(&self) -> usize {
        self.width / self.n_heads
    }

    /// One head of one sequence: `[n_rows, D / H]` of `[B, n_rows, D]`.
    fn head<'a>(&self, values: &'a [f32], task: usize, n_rows: usize) -> MatrixRef<'a> {
        let (sequence, head) = (task / self.n_heads, task % self.n_heads);
        let start = sequence * n_rows * self.width + head * self.head_width();
        let values = values.get(start..).unwrap_or_default();
        MatrixRef::strided(values, n_rows, self.head_width(), self.width)
    }

    /// The same cut of a whole output, in the order of the tasks.
    fn heads_mut<'a>(&self, values: MatrixMut<'a>, n_rows: usize) -> Vec<MatrixMut<'a>> {
        if n_rows == 0 || self.width == 0 {
            return Vec::new();
        }
        values.into_blocks(n_rows, self.head_width())
    }

    /// Scores of query `i` to attention weights, before dropout.
    #[inline(always)]
    fn weigh(&self, task: usize, i: usize, row: &mut [f32]) {
        row.iter_mut().for_each(|score| *score *= self.scale);
        if let Some(is_visible) = &self.is_visible {
            hide(row, &is_visible[task / self.n_heads * self.n_keys..]);
        }
        if self.is_causal {
            row[self.n_keys - self.n_queries + i + 1..].fill(f32::NEG_INFINITY);
        }
        softmax_row(row);
    }

    /// Where the row of query `i` begins in the numbering that dropout uses.
    #[inline(always)]
    fn position(&self, task: usize, i: usize) -> usize {
        (task * self.n_queries + i) * self.n_keys
    }

    /// Attention weights `[T, S]` of a head, before dropout.
    fn weights(&self, task: usize, query: MatrixRef<'_>, key: MatrixRef<'_>) -> Vec<f32> {
        let mut weights = Product::serial(self.precision).fresh(query, key.t(), None);
        vectorise(
            #[inline(always)]
            || {
                for (i, row) in weights.chunks_exact_mut(self.n_keys).enumerate() {
                    self.weigh(task, i, row);
                }
            },
        );
        weights
    }

    /// Applies dropout to the weights of a head, or to their gradient.
    fn drop(&self, task: usize, weights: &mut [f32]) {
        if let Some(mask) = self.dropout {
            let first = self.position(task, 0);
            vectorise(
                #[inline(always)]
                || mask.apply(weights, first),
            );
        }
    }

    /// The weights of a head after dropout.
    fn dropped<'w>(&self, task: usize, weights: &'w [f32]) -> Cow<'w, [f32]> {
        if self.dropout.is_none() {
            return Cow::Borrowed(weights);
        }
        let mut dropped = weights.to_vec();
        self.drop(task, &mut dropped);
        Cow::Owned(dropped)
    }

    /// Writes what a head mixes, and gives its weights.
    fn head_forward(&self, task: usize, [q, k, v]: Inputs<'_>, out: MatrixMut<'_>) -> Vec<f32> {
        let query = self.head(q, task, self.n_queries);
        let (key, value) = (
            self.head(k, task, self.n_keys),
            self.head(v, task, self.n_keys),
        );
        let weights = self.weights(task, query, key);
        let dropped = self.dropped(task, &weights);
        let dropped = MatrixRef::new(&dropped, self.n_queries, self.n_keys);
        Product::serial(self.precision).write(out, dropped, value, Onto::Nothing);
        weights
    }

    /// Gradients of one head into its part of those of query, key and value.
    fn head_backward(
        &self,
        task: usize,
        [q, k, v, d_out]: [&[f32]; 4],
        weights: Option<Vec<f32>>,
        [d_query, d_key, d_value]: [MatrixMut<'_>; 3],
    ) {
        let (t, s) = (self.n_queries, self.n_keys);
        let product = Product::serial(self.precision);
        let (query, d_out) = (self.head(q, task, t), self.head(d_out, task, t));
        let (key, value) = (self.head(k, task, s), self.head(v, task, s));
        let weights = weights.unwrap_or_else(|| self.weights(task, query, key));
        let dropped = self.dropped(task, &weights);
        let dropped = MatrixRef::new(&dropped, t, s);
        product.write(d_value, dropped.t(), d_out, Onto::Nothing);
        let mut d_weights = product.fresh(d_out, value.t(), None);
        self.drop(task, &mut d_weights);
        vectorise(
            #[inline(always)]
            || {
                let rows = weights.chunks_exact(s).zip(d_weights.chunks_exact_mut(s));
                for (weights, d_weights) in rows {
                    let mean = dot(weights, d_weights);
                    for (weight, d) in weights.iter().zip(d_weights) {
                        *d = weight * (*d - mean) * self.scale;
                    }
                }
            },
        );
        let d_scores = MatrixRef::new(&d_weights, t, s);
        product.write(d_query, d_scores, key, Onto::Nothing);
        product.write(d_key, d_scores.t(), query, Onto::Nothing);
    }
}

/// The numbers of `query`, `key` and `value`.
pub(crate) type Inputs<'a> = [&'a [f32]; 3];

impl AttentionOp {
    /// What the heads mix, `[B, T, D]`, and where asked for their weights, unless these are too many.
    pub(crate) fn forward(&self, inputs: Inputs<'_>, is_kept: bool) -> (Vec<f32>, Option<Weights>) {
        let n_rows = inputs[0].len() / self.width.max(1);
        let mut out = vec![0.0; inputs[0].len()];
        let n_weights = n_rows * self.n_heads * self.n_keys;
        let is_kept = is_kept && (1..=MOST_KEPT).contains(&n_weights);
        let mut weights = Vec::new();
        if self.n_keys > 0 {
            let heads = MatrixMut::new(&mut out, n_rows, self.width);
            let tasks = self.heads_mut(heads, self.n_queries);
            let mix = |(task, out)| {
                let weights = self.head_forward(task, inputs, out);
                if is_kept { weights } else { Vec::new() }
            };
            weights = tasks.into_par_iter().enumerate().map(mix).collect();
        }
        (out, is_kept.then_some(weights))
    }

    /// The gradients of query, key and value.
    pub(crate) fn backward(
        &self,
        [query, key, value]: Inputs<'_>,
        weights: Option<Weights>,
        d_out: &[f32],
    ) -> [Vec<f32>; 3] {
        let (t, s) = (self.n_queries, self.n_keys);
        let mut d_query = vec![0.0; query.len()];
        let mut d_key = vec![0.0; key.len()];
        let mut d_value = vec![0.0; value.len()];
        let cut = |values, n_rows| {
            let values: &mut Vec<f32> = values;
            let all_rows = values.len() / self.width.max(1);
            self.heads_mut(MatrixMut::new(values, all_rows, self.width), n_rows)
        };
        let d_heads = cut(&mut d_query, t).into_par_iter();
        let d_heads = d_heads.zip(cut(&mut d_key, s)).zip(cut(&mut d_value, s));
        let n_heads = d_heads.len();
        let weights: Vec<Option<Vec<f32>>> = match weights {
            Some(weights) => weights.into_iter().map(Some).collect(),
            None => vec![None; n_heads],
        };
        d_heads.zip(weights).enumerate().for_each(
            |(task, (((d_query, d_key), d_value), weights))| {
                let inputs = [query, key, value, d_out];
                self.head_backward(task, inputs, weights, [d_query, d_key, d_value]);
            },
        );
        [d_query, d_key, d_value]
    }
}

impl CustomOp3 for AttentionOp {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(
        &self,
        query: &CpuStorage,
        query_layout: &Layout,
        key: &CpuStorage,
        key_layout: &Layout,
        value: &CpuStorage,
        value_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let inputs = [
            numbers(query, query_layout)?,
            numbers(key, key_layout)?,
            numbers(value, value_layout)?,
        ];
        let (out, _) = self.forward(inputs, false);
        Ok((CpuStorage::F32(out), query_layout.shape().clone()))
    }

    fn bwd(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [d_query, d_key, d_value] = with_numbers(query, |q| {
            with_numbers(key, |k| {
                with_numbers(value, |v| {
                    with_numbers(grad, |d_out| self.backward([q, k, v], None, d_out))
                })
            })
        })????;
        Ok((
            ready_gradient(query, d_query)?,
            ready_gradient(key, d_key)?,
            ready_gradient(value, d_value)?,
        ))
    }
}
