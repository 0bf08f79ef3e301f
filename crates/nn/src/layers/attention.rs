//! Multi-head scaled dot-product self-attention (Vaswani et al. 2017, section 3.2).
//!
//! One operation from projected queries, keys and values to mixed values, with its backward pass:
//! heads are read in place, so nothing is transposed or copied, and the `[S, S]` weights are
//! recomputed rather than kept. Written for utterances and dialogues (tens of positions).

use candle_core::{CpuStorage, CustomOp3, DType, Layout, Result as CandleResult, Shape, Tensor};
use rayon::prelude::*;

use super::{
    dropout::{Dropout, DropoutMask},
    kernel::{add_scaled, dot, numbers, softmax_row, with_numbers},
    linear::Linear,
};
use crate::{Init, NnError, ParamLoader, Pass};

/// Self-attention with its three projections, named as in BERT: `query`, `key`, `value`.
#[derive(Debug, Clone)]
pub struct SelfAttention {
    query: Linear,
    key: Linear,
    value: Linear,
    n_heads: usize,
    is_causal: bool,
    dropout: Dropout,
}

impl SelfAttention {
    /// Takes `query`, `key` and `value`, each `width` to `width`. With `is_causal`, a position
    /// sees itself and those before it.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`]; [`NnError::ConfigValue`] when the heads do not divide the width.
    pub fn load(
        loader: &ParamLoader<'_>,
        width: usize,
        n_heads: usize,
        is_causal: bool,
        dropout: f64,
    ) -> Result<Self, NnError> {
        check_heads(width, n_heads)?;
        let init = Init::Normal(0.02);
        Ok(Self {
            query: Linear::load_with(&loader.part("query"), width, width, init)?,
            key: Linear::load_with(&loader.part("key"), width, width, init)?,
            value: Linear::load_with(&loader.part("value"), width, width, init)?,
            n_heads,
            is_causal,
            dropout: Dropout::new(dropout),
        })
    }

    /// # Shapes
    /// `x`: `[B, S, D]` · `attention_mask`: `[B, S]`, an integer type, 0 = padding · returns
    /// `[B, S, D]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shapes do not fit.
    pub fn forward(
        &self,
        x: &Tensor,
        attention_mask: &Tensor,
        pass: &mut Pass,
    ) -> Result<Tensor, NnError> {
        let mask = self.dropout.mask(pass);
        attend_with(
            [
                &self.query.forward(x)?,
                &self.key.forward(x)?,
                &self.value.forward(x)?,
            ],
            attention_mask,
            self.n_heads,
            self.is_causal,
            mask,
        )
    }
}

/// Mixes values by the similarity of queries and keys, in heads. A query with nothing visible
/// yields 0.
///
/// # Shapes
/// `query`, `key`, `value`: `[B, S, D]` · `attention_mask`: `[B, S]`, an integer type, 0 = padding
/// (hidden as key) · returns `[B, S, D]`
///
/// # Equation
/// `softmax(Q Kᵀ / sqrt(D / n_heads)) V` in each head (Vaswani et al. 2017, equation 1).
///
/// # Errors
/// [`NnError::InputShape`] when the shapes do not fit, [`NnError::ConfigValue`] when the heads do
/// not divide `D`.
pub fn attend(
    query: &Tensor,
    key: &Tensor,
    value: &Tensor,
    attention_mask: &Tensor,
    n_heads: usize,
    is_causal: bool,
) -> Result<Tensor, NnError> {
    attend_with(
        [query, key, value],
        attention_mask,
        n_heads,
        is_causal,
        None,
    )
}

fn check_heads(width: usize, n_heads: usize) -> Result<(), NnError> {
    if n_heads > 0 && width.is_multiple_of(n_heads) {
        return Ok(());
    }
    Err(NnError::ConfigValue {
        field: "num_attention_heads",
        found: n_heads.to_string(),
        expected: "a divisor of the hidden size",
    })
}

fn attend_with(
    [query, key, value]: [&Tensor; 3],
    attention_mask: &Tensor,
    n_heads: usize,
    is_causal: bool,
    dropout: Option<DropoutMask>,
) -> Result<Tensor, NnError> {
    let (batch, length, width) = query
        .dims3()
        .map_err(|_| NnError::shape("query", "[B, S, D]", query.dims()))?;
    check_heads(width, n_heads)?;
    for (name, tensor) in [("key", key), ("value", value)] {
        if tensor.dims() != query.dims() {
            return Err(NnError::shape(
                name,
                format!("{:?}", query.dims()),
                tensor.dims(),
            ));
        }
    }
    if attention_mask.dims() != [batch, length] {
        let expected = format!("[{batch}, {length}]");
        return Err(NnError::shape(
            "attention_mask",
            expected,
            attention_mask.dims(),
        ));
    }
    let is_visible: Vec<bool> = attention_mask
        .to_dtype(DType::U8)?
        .flatten_all()?
        .to_vec1::<u8>()?
        .into_iter()
        .map(|visible| visible != 0)
        .collect();
    let op = AttentionOp {
        is_visible,
        n_heads,
        length,
        width,
        is_causal,
        dropout,
    };
    Ok(query
        .contiguous()?
        .apply_op3(&key.contiguous()?, &value.contiguous()?, op)?)
}

struct AttentionOp {
    is_visible: Vec<bool>,
    n_heads: usize,
    length: usize,
    width: usize,
    is_causal: bool,
    dropout: Option<DropoutMask>,
}

/// One sequence of the batch: `[S, D]` slices.
#[derive(Clone, Copy)]
struct Sequence<'a> {
    idx: usize,
    query: &'a [f32],
    key: &'a [f32],
    value: &'a [f32],
}

impl AttentionOp {
    fn head_width(&self) -> usize {
        self.width / self.n_heads
    }

    fn scale(&self) -> f32 {
        1.0 / (self.head_width() as f32).sqrt()
    }

    fn sequence<'a>(&self, idx: usize, [query, key, value]: [&'a [f32]; 3]) -> Sequence<'a> {
        let at = idx * self.length * self.width..(idx + 1) * self.length * self.width;
        let (query, key, value) = (&query[at.clone()], &key[at.clone()], &value[at]);
        Sequence {
            idx,
            query,
            key,
            value,
        }
    }

    /// The row of a head at a position.
    #[inline]
    fn row(&self, head: usize, position: usize) -> std::ops::Range<usize> {
        let start = position * self.width + head * self.head_width();
        start..start + self.head_width()
    }

    /// Attention of one query over all keys, before dropout.
    #[inline]
    fn weights(&self, of: Sequence<'_>, head: usize, i: usize, weights: &mut [f32]) {
        let query = &of.query[self.row(head, i)];
        let is_visible = &self.is_visible[of.idx * self.length..][..self.length];
        let scale = self.scale();
        for (j, weight) in weights.iter_mut().enumerate() {
            *weight = dot(query, &of.key[self.row(head, j)]) * scale;
        }
        softmax_row(weights, |j| is_visible[j] && (!self.is_causal || j <= i));
    }

    /// What dropout makes of the attention of query `i` to key `j`.
    #[inline]
    fn dropout_factor(&self, sequence: usize, head: usize, i: usize, j: usize) -> f32 {
        self.dropout.map_or(1.0, |mask| {
            let row = (sequence * self.n_heads + head) * self.length + i;
            mask.factor((row * self.length + j) as u64)
        })
    }

    fn sequence_forward(&self, of: Sequence<'_>, out: &mut [f32]) {
        let mut weights = vec![0.0; self.length];
        for head in 0..self.n_heads {
            for i in 0..self.length {
                self.weights(of, head, i, &mut weights);
                let out = &mut out[self.row(head, i)];
                for (j, weight) in weights
                    .iter()
                    .enumerate()
                    .filter(|(_, weight)| **weight > 0.0)
                {
                    let weight = weight * self.dropout_factor(of.idx, head, i, j);
                    add_scaled(out, weight, &of.value[self.row(head, j)]);
                }
            }
        }
    }

    /// Gradients of one sequence, into its slices of `d_query`, `d_key`, `d_value`.
    fn sequence_backward(&self, of: Sequence<'_>, d_out: &[f32], d: [&mut [f32]; 3]) {
        let [d_query, d_key, d_value] = d;
        let mut weights = vec![0.0; self.length];
        let mut d_weights = vec![0.0; self.length];
        for head in 0..self.n_heads {
            for i in 0..self.length {
                self.weights(of, head, i, &mut weights);
                let d_out = &d_out[self.row(head, i)];
                for (j, weight) in weights.iter().enumerate() {
                    if *weight == 0.0 {
                        d_weights[j] = 0.0;
                        continue;
                    }
                    let factor = self.dropout_factor(of.idx, head, i, j);
                    add_scaled(&mut d_value[self.row(head, j)], weight * factor, d_out);
                    d_weights[j] = factor * dot(d_out, &of.value[self.row(head, j)]);
                }
                let mean = dot(&weights, &d_weights);
                for (j, weight) in weights
                    .iter()
                    .enumerate()
                    .filter(|(_, weight)| **weight > 0.0)
                {
                    let d_score = weight * (d_weights[j] - mean) * self.scale();
                    let (query, key) = (self.row(head, i), self.row(head, j));
                    add_scaled(&mut d_query[query.clone()], d_score, &of.key[key.clone()]);
                    add_scaled(&mut d_key[key], d_score, &of.query[query]);
                }
            }
        }
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
    ) -> CandleResult<(CpuStorage, Shape)> {
        let inputs = [
            numbers(query, query_layout)?,
            numbers(key, key_layout)?,
            numbers(value, value_layout)?,
        ];
        let mut out = vec![0.0; inputs[0].len()];
        out.par_chunks_mut((self.length * self.width).max(1))
            .enumerate()
            .for_each(|(idx, out)| self.sequence_forward(self.sequence(idx, inputs), out));
        Ok((CpuStorage::F32(out), query_layout.shape().clone()))
    }

    fn bwd(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        _out: &Tensor,
        grad: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let size = (self.length * self.width).max(1);
        let mut d_query = vec![0.0; query.elem_count()];
        let mut d_key = d_query.clone();
        let mut d_value = d_query.clone();
        let mut backward = |inputs: [&[f32]; 3], d_out: &[f32]| {
            d_query
                .par_chunks_mut(size)
                .zip(d_key.par_chunks_mut(size))
                .zip(d_value.par_chunks_mut(size))
                .zip(d_out.par_chunks(size))
                .enumerate()
                .for_each(|(idx, (((d_query, d_key), d_value), d_out))| {
                    let of = self.sequence(idx, inputs);
                    self.sequence_backward(of, d_out, [d_query, d_key, d_value]);
                });
        };
        with_numbers(query, |query| {
            with_numbers(key, |key| {
                with_numbers(value, |value| {
                    with_numbers(grad, |d_out| backward([query, key, value], d_out))
                })
            })
        })????;
        let tensor = |values| Tensor::from_vec(values, query.shape(), query.device());
        Ok((
            Some(tensor(d_query)?),
            Some(tensor(d_key)?),
            Some(tensor(d_value)?),
        ))
    }
}
