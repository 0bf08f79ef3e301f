//! Weights prepared once for many products, for inference: bf16 and int8. No gradients.

use candle_core::{Device, Shape, Tensor};

use crate::{
    KernelError,
    gemm::{int8, packed_bf16::PackedBf16},
    matrix::MatrixRef,
    storage::with_numbers,
};

/// A weight rounded to bf16 in the order in which the product reads it: half the memory of `f32`.
#[derive(Debug)]
pub struct PackedLinear {
    weight: PackedBf16,
    bias: Option<Vec<f32>>,
}

impl PackedLinear {
    /// Takes `weight` `[out, in]` and `bias` `[out]`.
    ///
    /// # Errors
    /// [`KernelError::InputShape`] when the shapes do not fit.
    pub fn from_f32(weight: &Tensor, bias: Option<&Tensor>) -> Result<Self, KernelError> {
        let (n_out, n_in) = check(weight, bias)?;
        let pack = |weight: &[f32]| PackedBf16::new(MatrixRef::new(weight, n_out, n_in).t());
        Ok(Self {
            weight: with_numbers(weight, pack)?,
            bias: values(bias)?,
        })
    }

    /// `x Wᵀ + b`.
    ///
    /// # Shapes
    /// `x`: `[.., in]` · returns `[.., out]`
    ///
    /// # Errors
    /// [`KernelError::InputShape`] when the last dimension is not `in`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, KernelError> {
        let (n_in, n_out) = (self.weight.n_in(), self.weight.n_out());
        forward(x, n_in, n_out, |x| {
            let x = MatrixRef::new(x, x.len() / n_in, n_in);
            self.weight.fresh(x, self.bias.as_deref())
        })
    }

    /// Bytes that the weight takes.
    pub fn n_bytes(&self) -> usize {
        self.weight.n_bytes()
    }
}

/// A weight in int8 with a scale for each output, applied to activations that are quantised when
/// they come: a quarter of the memory of `f32`, and the fastest where a step is bound by it.
///
/// # Error
/// Weights and activations are off by at most half a step, 1/254 of the largest magnitude of their
/// row; an output is therefore off by at most
/// `in * (1/254 + 1/254 + 1/254²) * max|x| * max|w_row|`, and by far less where errors cancel.
#[derive(Debug)]
pub struct QuantisedLinear {
    weight: int8::Weight,
    bias: Option<Vec<f32>>,
}

impl QuantisedLinear {
    /// Quantises `weight` `[out, in]` and keeps `bias` `[out]`.
    ///
    /// # Errors
    /// [`KernelError::InputShape`] when the shapes do not fit.
    pub fn from_f32(weight: &Tensor, bias: Option<&Tensor>) -> Result<Self, KernelError> {
        let (_, n_in) = check(weight, bias)?;
        Ok(Self {
            weight: with_numbers(weight, |weight| int8::Weight::new(weight, n_in))?,
            bias: values(bias)?,
        })
    }

    /// `x Wᵀ + b`.
    ///
    /// # Shapes
    /// `x`: `[.., in]` · returns `[.., out]`
    ///
    /// # Errors
    /// [`KernelError::InputShape`] when the last dimension is not `in`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor, KernelError> {
        let (n_in, n_out) = (self.weight.n_in(), self.weight.n_out());
        forward(x, n_in, n_out, |x| {
            int8::fresh(x, &self.weight, self.bias.as_deref())
        })
    }

    /// Bytes that the weight takes.
    pub fn n_bytes(&self) -> usize {
        self.weight.n_bytes()
    }
}

fn check(weight: &Tensor, bias: Option<&Tensor>) -> Result<(usize, usize), KernelError> {
    let (n_out, n_in) = weight
        .dims2()
        .map_err(|_| KernelError::shape("weight", "[out, in]", weight.dims()))?;
    if n_in == 0 {
        return Err(KernelError::shape(
            "weight",
            "[out, in], in above 0",
            weight.dims(),
        ));
    }
    match bias {
        Some(bias) if bias.dims() != [n_out] => Err(KernelError::shape(
            "bias",
            format!("[{n_out}]"),
            bias.dims(),
        )),
        _ => Ok((n_out, n_in)),
    }
}

fn values(tensor: Option<&Tensor>) -> Result<Option<Vec<f32>>, KernelError> {
    Ok(tensor
        .map(|tensor| with_numbers(tensor, <[f32]>::to_vec))
        .transpose()?)
}

/// Applies a product of rows to a tensor.
fn forward(
    x: &Tensor,
    n_in: usize,
    n_out: usize,
    product: impl FnOnce(&[f32]) -> Vec<f32>,
) -> Result<Tensor, KernelError> {
    let mut shape = x.dims().to_vec();
    match shape.last_mut() {
        Some(last) if *last == n_in => *last = n_out,
        _ => return Err(KernelError::shape("x", format!("[.., {n_in}]"), x.dims())),
    }
    let y = with_numbers(x, product)?;
    Ok(Tensor::from_vec(y, Shape::from(shape), &Device::Cpu)?)
}
