//! The recurrence of a gated recurrent unit (Cho et al. 2014), with the equations of PyTorch's `GRU`:
//! one operation with back-propagation through time written out. As a chain of candle operations
//! every step would add a gradient of the size of the whole sequence.

use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};

use crate::{
    KernelError,
    gradients::ready_gradient,
    math::sigmoid,
    storage::{numbers, with_numbers},
};

/// Every state of a recurrence. No gradient flows into the initial one.
///
/// # Shapes
/// `gates`: `[B, T, 3H]`, projected inputs in PyTorch's order reset, update, new · `weight`:
/// `[3H, H]` · `bias`: `[3H]` · `initial`: `B * H` numbers · returns `[B, T, H]`
///
/// # Equation
/// `r = sigmoid(g_r + W_hr h + b_hr)`, `z` alike, `n = tanh(g_n + r * (W_hn h + b_hn))`,
/// `h' = (1 - z) * n + z * h`.
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes do not fit.
pub fn gru(
    gates: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    initial: Vec<f32>,
) -> std::result::Result<Tensor, KernelError> {
    let (_, n_hidden) = weight
        .dims2()
        .map_err(|_| KernelError::shape("weight", "[3H, H]", weight.dims()))?;
    let n_gates = 3 * n_hidden;
    let batch = match *gates.dims() {
        [batch, _, width] if width == n_gates => batch,
        _ => {
            return Err(KernelError::shape(
                "gates",
                format!("[B, T, {n_gates}]"),
                gates.dims(),
            ));
        }
    };
    if bias.dims() != [n_gates] {
        return Err(KernelError::shape(
            "bias",
            format!("[{n_gates}]"),
            bias.dims(),
        ));
    }
    if initial.len() != batch * n_hidden {
        let expected = format!("[{batch}, {n_hidden}]");
        return Err(KernelError::shape("initial", expected, &[initial.len()]));
    }
    let op = GruOp { initial, n_hidden };
    Ok(gates
        .contiguous()?
        .apply_op3(&weight.contiguous()?, &bias.contiguous()?, op)?)
}

/// The recurrence over projected inputs `[B, T, 3H]`, state weight `[3H, H]`, state bias `[3H]`.
struct GruOp {
    initial: Vec<f32>,
    n_hidden: usize,
}

/// The gates of one unit at one position.
struct Unit {
    reset: f32,
    update: f32,
    new: f32,
}

impl Unit {
    /// Unit `i` from its projected input and projected state, `[3H]` each.
    #[inline]
    fn new(input: &[f32], state: &[f32], i: usize, n_hidden: usize) -> Self {
        let (z, n) = (n_hidden + i, 2 * n_hidden + i);
        let reset = sigmoid(input[i] + state[i]);
        let update = sigmoid(input[z] + state[z]);
        let new = 2.0 * sigmoid(2.0 * (input[n] + reset * state[n])) - 1.0;
        Self { reset, update, new }
    }
}

/// `states Wᵀ + b` as plain numbers, `states`: `[N, H]`.
fn project(states: Vec<f32>, weight: &Tensor, bias: &Tensor) -> Result<Vec<f32>> {
    let (_, width) = weight.dims2()?;
    let n_rows = states.len() / width;
    let states = Tensor::from_vec(states, (n_rows, width), &Device::Cpu)?;
    states
        .matmul(&weight.t()?)?
        .broadcast_add(bias)?
        .flatten_all()?
        .to_vec1()
}

impl GruOp {
    /// The state before every position: the initial one, then the outputs but the last.
    fn states_before(&self, out: &[f32], batch: usize, length: usize) -> Vec<f32> {
        let h = self.n_hidden;
        let mut before = Vec::with_capacity(out.len());
        for b in 0..batch {
            before.extend_from_slice(&self.initial[b * h..(b + 1) * h]);
            before.extend_from_slice(&out[b * length * h..((b + 1) * length - 1) * h]);
        }
        before
    }
}

impl CustomOp3 for GruOp {
    fn name(&self) -> &'static str {
        "gru"
    }

    fn cpu_fwd(
        &self,
        gates: &CpuStorage,
        gates_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let h = self.n_hidden;
        let (batch, length, _) = gates_layout.shape().dims3()?;
        let gates = numbers(gates, gates_layout)?;
        let weight = Tensor::from_slice(numbers(weight, weight_layout)?, (3 * h, h), &Device::Cpu)?;
        let bias = Tensor::from_slice(numbers(bias, bias_layout)?, 3 * h, &Device::Cpu)?;
        let mut state = self.initial.clone();
        let mut out = vec![0.0; batch * length * h];
        for t in 0..length {
            let projected = project(state.clone(), &weight, &bias)?;
            for b in 0..batch {
                let input = &gates[(b * length + t) * 3 * h..][..3 * h];
                let projected = &projected[b * 3 * h..][..3 * h];
                let state = &mut state[b * h..][..h];
                for (i, state) in state.iter_mut().enumerate() {
                    let unit = Unit::new(input, projected, i, h);
                    *state = (1.0 - unit.update) * unit.new + unit.update * *state;
                }
                out[(b * length + t) * h..][..h].copy_from_slice(state);
            }
        }
        Ok((CpuStorage::F32(out), Shape::from((batch, length, h))))
    }

    fn bwd(
        &self,
        gates: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        out: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (batch, length, h) = out.dims3()?;
        let (fixed_weight, fixed_bias) = (weight.detach(), bias.detach());
        let before = with_numbers(out, |out| self.states_before(out, batch, length))?;
        let projected = project(before.clone(), &fixed_weight, &fixed_bias)?;
        let mut trace = Backward {
            n_hidden: h,
            length,
            d_input: vec![0.0; batch * length * 3 * h],
            d_projected: vec![0.0; batch * length * 3 * h],
            d_state: vec![0.0; batch * h],
        };
        for t in (0..length).rev() {
            let d_step = with_numbers(gates, |gates| {
                with_numbers(grad, |grad| trace.step(t, gates, &projected, &before, grad))
            })??;
            let d_step = Tensor::from_vec(d_step, (batch, 3 * h), &Device::Cpu)?;
            let through_weight = d_step
                .matmul(&fixed_weight)?
                .flatten_all()?
                .to_vec1::<f32>()?;
            for (d_state, through) in trace.d_state.iter_mut().zip(through_weight) {
                *d_state += through;
            }
        }
        let rows = batch * length;
        let d_projected = Tensor::from_vec(trace.d_projected, (rows, 3 * h), &Device::Cpu)?;
        let before = Tensor::from_vec(before, (rows, h), &Device::Cpu)?;
        let of_weight = d_projected.t()?.matmul(&before)?.flatten_all()?.to_vec1()?;
        Ok((
            ready_gradient(gates, trace.d_input)?,
            ready_gradient(weight, of_weight)?,
            ready_gradient(bias, d_projected.sum(0)?.to_vec1()?)?,
        ))
    }
}

/// What back-propagation through time collects.
struct Backward {
    n_hidden: usize,
    length: usize,
    /// `[B, T, 3H]`
    d_input: Vec<f32>,
    /// `[B, T, 3H]`
    d_projected: Vec<f32>,
    /// `[B, H]`: of the state that position `t` handed on.
    d_state: Vec<f32>,
}

impl Backward {
    /// Position `t`: fills its gate gradients, leaves in `d_state` the part of the earlier state's
    /// gradient that does not pass the weight, and returns the part that does, `[B, 3H]`.
    fn step(
        &mut self,
        t: usize,
        gates: &[f32],
        projected: &[f32],
        before: &[f32],
        grad: &[f32],
    ) -> Vec<f32> {
        let h = self.n_hidden;
        let batch = self.d_state.len() / h;
        let mut d_step = Vec::with_capacity(batch * 3 * h);
        for b in 0..batch {
            let row = b * self.length + t;
            let input = &gates[row * 3 * h..][..3 * h];
            let state = &projected[row * 3 * h..][..3 * h];
            let d_input = &mut self.d_input[row * 3 * h..][..3 * h];
            let d_projected = &mut self.d_projected[row * 3 * h..][..3 * h];
            for i in 0..h {
                let unit = Unit::new(input, state, i, h);
                let d_out = grad[row * h + i] + self.d_state[b * h + i];
                let d_new = d_out * (1.0 - unit.update) * (1.0 - unit.new * unit.new);
                let d_update = d_out * (before[row * h + i] - unit.new);
                let d_update = d_update * unit.update * (1.0 - unit.update);
                let d_reset = d_new * state[2 * h + i] * unit.reset * (1.0 - unit.reset);
                (d_input[i], d_input[h + i], d_input[2 * h + i]) = (d_reset, d_update, d_new);
                (d_projected[i], d_projected[h + i]) = (d_reset, d_update);
                d_projected[2 * h + i] = d_new * unit.reset;
                self.d_state[b * h + i] = d_out * unit.update;
            }
            d_step.extend_from_slice(d_projected);
        }
        d_step
    }
}
