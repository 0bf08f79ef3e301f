//! Attention with its four projections as one operation: queries from `x`, keys and values from `x`
//! or from the memory of an encoder. Only `x` and the memory pass through candle's graph.

use std::sync::Mutex;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::{
    Affine, AttentionSpec, KernelError, Precision, attention,
    attention::AttentionOp,
    gradients::ready_gradient,
    linear,
    storage::{numbers, with_numbers},
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

/// `out(attention(query(x), key(m), value(m)))`, `m` being the memory, or `x` where there is none.
/// Under a loss whose backward pass is [`crate::backward`].
///
/// # Shapes
/// `x`: `[B, T, D]` · `memory`: `[B, S, D]` · returns `[B, T, D]`
///
/// # Errors
/// As for [`attention`].
pub fn projected_attention(
    x: &Tensor,
    memory: Option<&Tensor>,
    projections: &Projections,
    spec: &AttentionSpec<'_>,
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
    if !Affine::can_travel(&projections.all(), &[x, source]) {
        let map =
            |x: &Tensor, map: &Affine| linear(x, map.weight(), Some(map.bias()), spec.precision);
        let (key, value) = (map(source, key)?, map(source, value)?);
        return map(&attention(&map(x, query)?, &key, &value, spec)?, out);
    }
    let op = ProjectedOp {
        projections: projections.clone(),
        attention: op,
        precision: spec.precision,
        is_kept: x.track_op() || source.track_op(),
        kept: Mutex::new(None),
    };
    let x = x.contiguous()?;
    match memory {
        None => Ok(x.apply_op1(op)?),
        Some(memory) => Ok(x.apply_op2(&memory.contiguous()?, op)?),
    }
}

/// What the forward pass leaves to the backward pass.
struct Kept {
    query: Vec<f32>,
    key: Vec<f32>,
    value: Vec<f32>,
    mixed: Vec<f32>,
}

struct ProjectedOp {
    projections: Projections,
    attention: AttentionOp,
    precision: Precision,
    /// Whether a backward pass may follow.
    is_kept: bool,
    /// The backward pass takes it; a second one makes it again.
    kept: Mutex<Option<Kept>>,
}

impl ProjectedOp {
    fn make(&self, x: &[f32], source: &[f32]) -> Result<Kept> {
        let query = self.projections.query.forward(x, self.precision)?;
        let key = self.projections.key.forward(source, self.precision)?;
        let value = self.projections.value.forward(source, self.precision)?;
        let mixed = self.attention.forward([&query, &key, &value]);
        Ok(Kept {
            query,
            key,
            value,
            mixed,
        })
    }

    fn forward(&self, x: &[f32], source: &[f32], layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let made = self.make(x, source)?;
        let y = self.projections.out.forward(&made.mixed, self.precision)?;
        if self.is_kept
            && let Ok(mut kept) = self.kept.lock()
        {
            *kept = Some(made);
        }
        let mut shape = layout.dims().to_vec();
        if let Some(last) = shape.last_mut() {
            *last = self.projections.out.n_out();
        }
        Ok((CpuStorage::F32(y), Shape::from(shape)))
    }

    /// Sends the parameters' gradients to their sums; gives those of `x` and of the source, the
    /// latter added to the former where they are the same.
    fn backward(&self, x: &[f32], memory: Option<&[f32]>, grad: &[f32]) -> Result<[Vec<f32>; 2]> {
        Affine::check_collecting(&self.projections.all())?;
        let (precision, source) = (self.precision, memory.unwrap_or(x));
        let kept = self.kept.lock().ok().and_then(|mut kept| kept.take());
        let kept = kept.map_or_else(|| self.make(x, source), Ok)?;
        let Projections {
            query,
            key,
            value,
            out,
        } = &self.projections;
        out.give_gradients(&kept.mixed, grad, precision)?;
        let d_mixed = out.input_gradient(grad, precision)?;
        let inputs = [&kept.query[..], &kept.key, &kept.value];
        let [d_query, d_key, d_value] = self.attention.backward(inputs, &d_mixed);
        drop((kept, d_mixed));
        query.give_gradients(x, &d_query, precision)?;
        key.give_gradients(source, &d_key, precision)?;
        value.give_gradients(source, &d_value, precision)?;
        let mut d_x = query.input_gradient(&d_query, precision)?;
        if memory.is_none() {
            key.add_input_gradient(&d_key, &mut d_x, precision)?;
            value.add_input_gradient(&d_value, &mut d_x, precision)?;
            return Ok([d_x, Vec::new()]);
        }
        let mut d_source = key.input_gradient(&d_key, precision)?;
        value.add_input_gradient(&d_value, &mut d_source, precision)?;
        Ok([d_x, d_source])
    }
}

impl CustomOp1 for ProjectedOp {
    fn name(&self) -> &'static str {
        "projected-self-attention"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let x = numbers(x, layout)?;
        self.forward(x, x, layout)
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let backward = |x: &[f32], grad: &[f32]| self.backward(x, None, grad);
        let [d_x, _] = with_numbers(x, |x| with_numbers(grad, |grad| backward(x, grad)))???;
        ready_gradient(x, d_x)
    }
}

impl CustomOp2 for ProjectedOp {
    fn name(&self) -> &'static str {
        "projected-cross-attention"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        memory: &CpuStorage,
        memory_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (x, memory) = (numbers(x, x_layout)?, numbers(memory, memory_layout)?);
        self.forward(x, memory, x_layout)
    }

    fn bwd(
        &self,
        x: &Tensor,
        memory: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [d_x, d_memory] = with_numbers(x, |x| {
            with_numbers(memory, |memory| {
                with_numbers(grad, |grad| self.backward(x, Some(memory), grad))
            })
        })????;
        Ok((ready_gradient(x, d_x)?, ready_gradient(memory, d_memory)?))
    }
}
