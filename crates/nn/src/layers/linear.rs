//! Affine map over the last dimension, PyTorch's `nn.Linear`: weight `[out, in]`, `y = x Wᵀ + b`.

use candle_core::{CpuStorage, CustomOp2, Layout, Result as CandleResult, Shape, Tensor};
use rayon::prelude::*;

use super::kernel::{add_scaled, for_pieces, numbers, rows_per_piece, with_numbers};
use crate::{Init, NnError, ParamLoader};

/// An affine map over the last dimension.
#[derive(Debug, Clone)]
pub struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl Linear {
    /// Takes `weight` `[out, in]` and `bias` `[out]`; new ones start uniform in `±1/sqrt(in)`.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load(loader: &ParamLoader<'_>, n_in: usize, n_out: usize) -> Result<Self, NnError> {
        let init = Init::Uniform(1.0 / (n_in as f64).sqrt());
        Self::load_with(loader, n_in, n_out, init)
    }

    /// As [`Linear::load`]; a new weight starts by `init`, a new bias at zero where `init` is
    /// normal (BERT) and like the weight where it is uniform (PyTorch).
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load_with(
        loader: &ParamLoader<'_>,
        n_in: usize,
        n_out: usize,
        init: Init,
    ) -> Result<Self, NnError> {
        let bias_init = if matches!(init, Init::Uniform(_)) {
            init
        } else {
            Init::Zeros
        };
        let weight = loader.get("weight", &[n_out, n_in], init)?;
        let bias = Some(loader.get("bias", &[n_out], bias_init)?);
        Ok(Self { weight, bias })
    }

    /// Takes only `weight` `[out, in]`.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`].
    pub fn load_without_bias(
        loader: &ParamLoader<'_>,
        n_in: usize,
        n_out: usize,
    ) -> Result<Self, NnError> {
        let init = Init::Uniform(1.0 / (n_in as f64).sqrt());
        Ok(Self {
            weight: loader.get("weight", &[n_out, n_in], init)?,
            bias: None,
        })
    }

    /// # Shapes
    /// `x`: `[.., in]` · returns `[.., out]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the last dimension is not `in`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, NnError> {
        linear(x, &self.weight, self.bias.as_ref())
    }
}

/// `x Wᵀ + b` over the last dimension.
pub(crate) fn linear(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
) -> Result<Tensor, NnError> {
    let (n_out, n_in) = weight.dims2()?;
    let Some((&width, leading)) = x.dims().split_last() else {
        return Err(NnError::shape("x", format!("[.., {n_in}]"), x.dims()));
    };
    if width != n_in {
        return Err(NnError::shape("x", format!("[.., {n_in}]"), x.dims()));
    }
    // One flat product: with leading dimensions candle would run one small product for each.
    let n_rows: usize = leading.iter().product();
    let mut shape = leading.to_vec();
    shape.push(n_out);
    let product = x.reshape((n_rows, n_in))?.matmul(&weight.t()?)?;
    let y = match bias {
        Some(bias) => product.apply_op2(&bias.contiguous()?, BiasOp)?,
        None => product,
    };
    Ok(y.reshape(shape)?)
}

/// `x + b`, `x`: `[N, D]`, `b`: `[D]`.
struct BiasOp;

impl CustomOp2 for BiasOp {
    fn name(&self) -> &'static str {
        "bias"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> CandleResult<(CpuStorage, Shape)> {
        let bias = numbers(bias, bias_layout)?;
        let mut y = numbers(x, x_layout)?.to_vec();
        for_pieces(&mut y, bias.len(), |_, y| {
            for y in y.chunks_exact_mut(bias.len()) {
                add_scaled(y, 1.0, bias);
            }
        });
        Ok((CpuStorage::F32(y), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        _x: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> CandleResult<(Option<Tensor>, Option<Tensor>)> {
        if !bias.track_op() {
            return Ok((Some(grad.clone()), None));
        }
        let width = bias.elem_count();
        let sums = with_numbers(grad, |grad| column_sums(grad, width))?;
        Ok((
            Some(grad.clone()),
            Some(Tensor::from_vec(sums, width, grad.device())?),
        ))
    }
}

/// Sum of each column of rows of `width` numbers. The pieces are added in order, so the result
/// does not depend on the number of cores.
fn column_sums(values: &[f32], width: usize) -> Vec<f32> {
    let piece = rows_per_piece(width) * width;
    let partial: Vec<Vec<f32>> = values
        .par_chunks(piece.max(1))
        .map(|rows| {
            let mut sums = vec![0.0; width];
            for row in rows.chunks_exact(width) {
                add_scaled(&mut sums, 1.0, row);
            }
            sums
        })
        .collect();
    let mut sums = vec![0.0; width];
    for part in &partial {
        add_scaled(&mut sums, 1.0, part);
    }
    sums
}
