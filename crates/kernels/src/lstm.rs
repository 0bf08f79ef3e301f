//! The recurrence of a long short-term memory (Hochreiter and Schmidhuber 1997), with the equations of
//! PyTorch's `LSTM`, for networks that are read and not trained: it passes no gradient, and refuses
//! what would want one.

use candle_core::{Device, Tensor};

use crate::{
    KernelError, Precision, gemm::Kept, math::sigmoid, simd::vectorise, storage::with_numbers,
};

/// Every state of a recurrence that begins with nothing, on the thread that asks.
///
/// # Shapes
/// `gates`: `[T, B, 4H]`, projected inputs with both biases in PyTorch's order input, forget, cell,
/// output · `weight`: `[4H, H]` · returns `[T, B, H]`
///
/// # Equation
/// `i = sigmoid(g_i + W_i h)`, `f` and `o` alike, `c' = f * c + i * tanh(g_c + W_c h)`,
/// `h' = o * tanh(c')`. `W h` is computed in `precision`, all else in `f32`.
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes do not fit, [`KernelError::NoGradient`] when a loss
/// could want the gradient of an argument.
pub fn lstm(gates: &Tensor, weight: &Tensor, precision: Precision) -> Result<Tensor, KernelError> {
    let (n_gates, n_hidden) = weight
        .dims2()
        .map_err(|_| KernelError::shape("weight", "[4H, H]", weight.dims()))?;
    if n_hidden == 0 || n_gates != 4 * n_hidden {
        return Err(KernelError::shape("weight", "[4H, H]", weight.dims()));
    }
    let (length, batch) = match *gates.dims() {
        [length, batch, width] if width == n_gates => (length, batch),
        _ => {
            let expected = format!("[T, B, {n_gates}]");
            return Err(KernelError::shape("gates", expected, gates.dims()));
        }
    };
    if gates.track_op() || weight.track_op() {
        return Err(KernelError::NoGradient { operation: "lstm" });
    }
    let weight = with_numbers(weight, |weight| Kept::new(weight, n_hidden, precision))?;
    let states = with_numbers(gates, |gates| run(gates, &weight, n_hidden, batch))?;
    Ok(Tensor::from_vec(
        states,
        (length, batch, n_hidden),
        &Device::Cpu,
    )?)
}

fn run(gates: &[f32], weight: &Kept, n_hidden: usize, batch: usize) -> Vec<f32> {
    let width = batch * n_hidden;
    let mut states = vec![0.0; gates.len() / 4];
    let mut cells = vec![0.0; width];
    // Before the first position there is no state to project.
    let mut projected = vec![0.0; 4 * width];
    for (t, inputs) in gates.chunks_exact(4 * width.max(1)).enumerate() {
        let (before, now) = states.split_at_mut(t * width);
        if t > 0 {
            weight.multiply(&before[(t - 1) * width..], &mut projected);
        }
        let rows = inputs
            .chunks_exact(4 * n_hidden)
            .zip(projected.chunks_exact(4 * n_hidden));
        let memory = now[..width]
            .chunks_exact_mut(n_hidden)
            .zip(cells.chunks_exact_mut(n_hidden));
        for ((input, projected), (state, cell)) in rows.zip(memory) {
            update(input, projected, state, cell);
        }
    }
    states
}

/// One position of one sequence: its gates are the sum of `input` and `projected`, `[4H]` each.
fn update(input: &[f32], projected: &[f32], state: &mut [f32], cell: &mut [f32]) {
    let h = state.len();
    let (input, projected) = (&input[..4 * h], &projected[..4 * h]);
    let cell = &mut cell[..h];
    vectorise(
        #[inline(always)]
        || {
            for i in 0..h {
                let gate = |which: usize| input[which * h + i] + projected[which * h + i];
                let kept = sigmoid(gate(1)) * cell[i];
                cell[i] = kept + sigmoid(gate(0)) * tanh(gate(2));
                state[i] = sigmoid(gate(3)) * tanh(cell[i]);
            }
        },
    );
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    2.0 * sigmoid(2.0 * x) - 1.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Var;
    use proptest::prelude::*;

    use crate::RandomStream;

    fn numbers(seed: u64, n: usize, scale: f64) -> Vec<f32> {
        let stream = RandomStream::new(seed);
        #[expect(clippy::cast_possible_truncation, reason = "tensors are f32")]
        (0..n as u64)
            .map(|at| (scale * stream.normal(at)) as f32)
            .collect()
    }

    /// The equations once more, one number at a time in `f64`.
    fn plain(gates: &[f32], weight: &[f32], [length, batch, h]: [usize; 3]) -> Vec<f64> {
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let (mut states, mut cells) = (vec![0.0; batch * h], vec![0.0; batch * h]);
        let mut all = Vec::new();
        for t in 0..length {
            let before = states.clone();
            for b in 0..batch {
                for i in 0..h {
                    let gate = |which: usize| {
                        let row = &weight[(which * h + i) * h..][..h];
                        let own = before[b * h..][..h].iter().zip(row);
                        let sum: f64 = own.map(|(state, w)| state * f64::from(*w)).sum();
                        sum + f64::from(gates[((t * batch + b) * 4 + which) * h + i])
                    };
                    let cell = &mut cells[b * h + i];
                    *cell = sigmoid(gate(1)) * *cell + sigmoid(gate(0)) * gate(2).tanh();
                    states[b * h + i] = sigmoid(gate(3)) * cell.tanh();
                }
            }
            all.extend_from_slice(&states);
        }
        all
    }

    proptest! {
        #[test]
        fn states_are_those_of_the_equations(length in 1_usize..9, batch in 1_usize..20, h in 1_usize..23, seed in 0_u64..99) {
            let gates = numbers(seed, length * batch * 4 * h, 1.0);
            let weight = numbers(seed + 100, 4 * h * h, 0.5);
            let expected = plain(&gates, &weight, [length, batch, h]);
            let gates = Tensor::from_vec(gates, (length, batch, 4 * h), &Device::Cpu).unwrap();
            let weight = Tensor::from_vec(weight, (4 * h, h), &Device::Cpu).unwrap();
            for (precision, tolerance) in [(Precision::F32, 1e-5), (Precision::Bf16, 0.08)] {
                let found = lstm(&gates, &weight, precision).unwrap();
                prop_assert_eq!(found.dims(), [length, batch, h]);
                for (found, expected) in found.flatten_all().unwrap().to_vec1::<f32>().unwrap().iter().zip(&expected) {
                    prop_assert!((f64::from(*found) - expected).abs() < tolerance, "{precision:?}: {found} {expected}");
                }
            }
        }
    }

    #[test]
    fn what_is_trained_and_what_does_not_fit_is_refused() {
        let tensor = |shape: &[usize]| Tensor::zeros(shape, candle_core::DType::F32, &Device::Cpu);
        let (gates, weight) = (tensor(&[3, 2, 8]).unwrap(), tensor(&[8, 2]).unwrap());
        assert_eq!(
            lstm(&gates, &weight, Precision::F32).unwrap().dims(),
            [3, 2, 2]
        );
        let trained = Var::from_tensor(&weight).unwrap();
        let error = lstm(&gates, &trained, Precision::F32).unwrap_err();
        assert!(error.to_string().contains("lstm"), "{error}");
        let narrow = tensor(&[3, 2, 4]).unwrap();
        let error = lstm(&narrow, &weight, Precision::F32).unwrap_err();
        assert!(error.to_string().contains("[T, B, 8]"), "{error}");
        assert!(lstm(&gates, &tensor(&[8, 3]).unwrap(), Precision::F32).is_err());
        let nothing = tensor(&[0, 2, 8]).unwrap();
        assert_eq!(
            lstm(&nothing, &weight, Precision::F32).unwrap().dims(),
            [0, 2, 2]
        );
    }
}
