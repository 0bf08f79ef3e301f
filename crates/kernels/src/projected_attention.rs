//! Attention with its four projections as one operation: queries from `x`, keys and values from `x`
//! or from the memory of an encoder. Only `x` and the memory pass through candle's graph.

use std::sync::Mutex;

use candle_core::{Result, Tensor};

use crate::{
    Affine, AttentionSpec, KernelError, PostNorm, Precision, attention,
    attention::{AttentionOp, Weights},
    gemm::Operand,
    linear, residual_layer_norm,
    sub_layer::{Branch, sub_layer},
};

/// The projections of an attention.
#[derive(Debug, Clone)]
pub struct Projections {
    /// Of `x`, to queries.
    pub query: Affine,
    /// Of `x` or the memory, to keys.
    pub key: Affine,
    /// Of `x` or the memory, to values.
    pub value: Affine,
    /// Of the mixed values.
    pub out: Affine,
}

impl Projections {
    fn all(&self) -> [&Affine; 4] {
        [&self.query, &self.key, &self.value, &self.out]
    }
}

/// `out(attention(query(x), key(m), value(m)))`, `m` being the memory, or `x` where there is none;
/// where `end` is given the whole sub-layer, `layer_norm(x + dropout(..))`. Under a loss whose backward pass is [`crate::backward`].
///
/// # Shapes
/// `x`: `[B, T, D]` · `memory`: `[B, S, D]` · returns `[B, T, D]`
///
/// # Errors
/// As for [`attention()`].
pub fn projected_attention(
    x: &Tensor,
    memory: Option<&Tensor>,
    projections: &Projections,
    spec: &AttentionSpec<'_>,
    end: Option<&PostNorm>,
) -> std::result::Result<Tensor, KernelError> {
    let source = memory.unwrap_or(x);
    let Projections {
        query,
        key,
        value,
        out,
    } = projections;
    for (name, tensor, map) in [
        ("x", x, query),
        ("memory", source, key),
        ("memory", source, value),
    ] {
        if tensor.rank() != 3 || tensor.dims()[2] != map.n_in() {
            let expected = format!("[B, length, {}]", map.n_in());
            return Err(KernelError::shape(name, expected, tensor.dims()));
        }
    }
    let of = |tensor: &Tensor, map: &Affine| {
        let mut shape = tensor.dims().to_vec();
        shape[2] = map.n_out();
        shape
    };
    let op = AttentionOp::new(&of(x, query), &of(source, key), &of(source, value), spec)?;
    if out.n_in() != query.n_out() {
        let expected = format!("[.., {}]", query.n_out());
        return Err(KernelError::shape("out", expected, out.weight().dims()));
    }
    let arguments = [x, source];
    if !Affine::can_travel(&projections.all(), &arguments)
        || end.is_some_and(|end| !end.can_travel(&arguments))
    {
        let map =
            |x: &Tensor, map: &Affine| linear(x, map.weight(), Some(map.bias()), spec.precision);
        let (key, value) = (map(source, key)?, map(source, value)?);
        let y = map(&attention(&map(x, query)?, &key, &value, spec)?, out)?;
        return end.map_or(Ok(y.clone()), |end| residual_layer_norm(&y, x, end));
    }
    let branch = ProjectedAttention {
        projections: projections.clone(),
        attention: op,
        precision: spec.precision,
        is_kept: x.track_op() || source.track_op(),
        kept: Mutex::new(None),
    };
    sub_layer(branch, x, memory, end)
}

/// What the forward pass leaves to the backward pass.
struct Kept {
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    mixed: Vec<f32>,
    weights: Option<Weights>,
}

struct ProjectedAttention {
    projections: Projections,
    attention: AttentionOp,
    precision: Precision,
    /// Whether a backward pass may follow.
    is_kept: bool,
    /// The backward pass takes it; a second one makes it again.
    kept: Mutex<Option<Kept>>,
}

impl ProjectedAttention {
    fn make(&self, x: &[f32], memory: Option<&[f32]>) -> Result<Kept> {
        let (x, memory) = self.operands(x, memory);
        let source = memory.as_ref().unwrap_or(&x);
        let query = self.projections.query.forward_of(&x, self.precision)?;
        let key = self.projections.key.forward_of(source, self.precision)?;
        let value = self.projections.value.forward_of(source, self.precision)?;
        let inputs = [&query[..], &key, &value];
        let (mixed, weights) = self.attention.forward(inputs, self.is_kept);
        Ok(Kept {
            query,
            key,
            value,
            mixed,
            weights,
        })
    }

    /// `x` and the memory for all projections of them to read.
    fn operands<'a>(
        &self,
        x: &'a [f32],
        memory: Option<&'a [f32]>,
    ) -> (Operand<'a>, Option<Operand<'a>>) {
        let Projections { query, key, .. } = &self.projections;
        (query.operand(x), memory.map(|memory| key.operand(memory)))
    }
}

impl Branch for ProjectedAttention {
    const NAME: &'static str = "projected-attention";

    fn n_out(&self) -> usize {
        self.projections.out.n_out()
    }

    fn forward(&self, x: &[f32], memory: Option<&[f32]>) -> Result<Vec<f32>> {
        let made = self.make(x, memory)?;
        let y = self.projections.out.forward(&made.mixed, self.precision)?;
        if self.is_kept
            && let Ok(mut kept) = self.kept.lock()
        {
            *kept = Some(made);
        }
        Ok(y)
    }

    /// Without a memory the gradient of the source is added to that of `x`.
    fn backward(
        &self,
        x: &[f32],
        memory: Option<&[f32]>,
        grad: &[f32],
        so_far: Option<Vec<f32>>,
    ) -> Result<[Vec<f32>; 2]> {
        Affine::check_collecting(&self.projections.all())?;
        let precision = self.precision;
        let kept = self.kept.lock().ok().and_then(|mut kept| kept.take());
        let mut kept = kept.map_or_else(|| self.make(x, memory), Ok)?;
        let Projections {
            query,
            key,
            value,
            out,
        } = &self.projections;
        out.give_gradients(&kept.mixed, grad, precision)?;
        let d_mixed = out.input_gradient(grad, None, precision)?;
        let inputs = [&kept.query[..], &kept.key, &kept.value];
        let weights = kept.weights.take();
        let [d_query, d_key, d_value] = self.attention.backward(inputs, weights, &d_mixed);
        drop((kept, d_mixed));
        {
            let (x, memory) = self.operands(x, memory);
            let source = memory.as_ref().unwrap_or(&x);
            query.give_gradients_of(&x, &d_query, precision)?;
            key.give_gradients_of(source, &d_key, precision)?;
            value.give_gradients_of(source, &d_value, precision)?;
        }
        let d_x = query.input_gradient(&d_query, so_far, precision)?;
        let (mut d_x, so_far) = match memory {
            None => (Vec::new(), Some(d_x)),
            Some(_) => (d_x, None),
        };
        let d_source = key.input_gradient(&d_key, so_far, precision)?;
        let mut d_source = value.input_gradient(&d_value, Some(d_source), precision)?;
        if memory.is_none() {
            std::mem::swap(&mut d_x, &mut d_source);
        }
        Ok([d_x, d_source])
    }
}
