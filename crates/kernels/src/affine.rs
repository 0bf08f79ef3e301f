//! A weight and a bias that travel inside a joined operation.
//!
//! candle passes gradients through three arguments at most. A joined operation therefore takes only
//! activations as arguments; its parameters go along as values, and their gradients straight to the
//! sums of [`crate::backward`]. That is right only for leaves, and only where an argument keeps the
//! operation in the graph: [`Affine::can_travel`].

use candle_core::{Result, Tensor};

use crate::{
    KernelError, Precision,
    gemm::{Onto, Operand, Product},
    gradients::{gradient, is_collecting, ready_gradient},
    linear::column_sums,
    matrix::{MatrixMut, MatrixRef},
    storage::with_numbers,
};

/// The parameters of an affine map `x Wᵀ + b`.
#[derive(Debug, Clone)]
pub struct Affine {
    weight: Tensor,
    bias: Tensor,
    n_in: usize,
    n_out: usize,
}

impl Affine {
    /// # Shapes
    /// `weight`: `[out, in]` · `bias`: `[out]`
    ///
    /// # Errors
    /// [`KernelError::InputShape`] when the shapes do not fit.
    pub fn new(weight: &Tensor, bias: &Tensor) -> std::result::Result<Self, KernelError> {
        let (n_out, n_in) = weight
            .dims2()
            .map_err(|_| KernelError::shape("weight", "[out, in]", weight.dims()))?;
        if bias.dims() != [n_out] {
            let expected = format!("[{n_out}]");
            return Err(KernelError::shape("bias", expected, bias.dims()));
        }
        Ok(Self {
            weight: weight.contiguous()?,
            bias: bias.contiguous()?,
            n_in,
            n_out,
        })
    }

    /// `[out, in]`
    pub fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// `[out]`
    pub fn bias(&self) -> &Tensor {
        &self.bias
    }

    pub(crate) fn n_in(&self) -> usize {
        self.n_in
    }

    pub(crate) fn n_out(&self) -> usize {
        self.n_out
    }

    /// Whether an operation over these arguments may carry these parameters.
    pub(crate) fn can_travel(parameters: &[&Self], arguments: &[&Tensor]) -> bool {
        let mut tensors = parameters.iter().flat_map(|p| [&p.weight, &p.bias]);
        let is_trained = tensors.clone().any(Tensor::track_op);
        tensors.all(|tensor| tensor.is_variable() || !tensor.track_op())
            && (!is_trained || arguments.iter().any(|argument| argument.track_op()))
    }

    /// Refuses a backward pass in which the gradients of these parameters would be lost.
    pub(crate) fn check_collecting(parameters: &[&Self]) -> Result<()> {
        let mut tensors = parameters.iter().flat_map(|p| [&p.weight, &p.bias]);
        if !is_collecting() && tensors.any(Tensor::track_op) {
            candle_core::bail!("run the backward pass with smes_kernels::backward");
        }
        Ok(())
    }

    /// `x Wᵀ + b`, `x`: `[N, in]`.
    pub(crate) fn forward(&self, x: &[f32], precision: Precision) -> Result<Vec<f32>> {
        self.forward_of(&self.operand(x), precision)
    }

    /// `x`, `[N, in]`, for several maps of the same `in` to read.
    pub(crate) fn operand<'a>(&self, x: &'a [f32]) -> Operand<'a> {
        Operand::new(MatrixRef::new(x, x.len() / self.n_in.max(1), self.n_in))
    }

    /// As [`Affine::forward`], of what other maps read too.
    pub(crate) fn forward_of(&self, x: &Operand<'_>, precision: Precision) -> Result<Vec<f32>> {
        with_numbers(&self.bias, |bias| {
            with_numbers(&self.weight, |weight| {
                let weight = MatrixRef::new(weight, self.n_out, self.n_in);
                Product::parallel(precision).fresh_of(x, &Operand::new(weight.t()), Some(bias))
            })
        })?
    }

    /// Sends the gradients of weight and bias to their sums.
    pub(crate) fn give_gradients(
        &self,
        x: &[f32],
        grad: &[f32],
        precision: Precision,
    ) -> Result<()> {
        self.give_gradients_of(&self.operand(x), grad, precision)
    }

    /// As [`Affine::give_gradients`], of what other maps read too.
    pub(crate) fn give_gradients_of(
        &self,
        x: &Operand<'_>,
        grad: &[f32],
        precision: Precision,
    ) -> Result<()> {
        let (n_out, n_in) = (self.n_out, self.n_in);
        let n_rows = grad.len() / n_out.max(1);
        let by_output = Operand::new(MatrixRef::new(grad, n_rows, n_out).t());
        let product = Product::parallel(precision);
        gradient(
            &self.weight,
            || product.fresh_of(&by_output, x, None),
            |sum| {
                let onto = MatrixMut::new(sum, n_out, n_in);
                product.write_of(onto, &by_output, x, Onto::Output);
            },
        )?;
        if self.bias.track_op() {
            ready_gradient(&self.bias, column_sums(grad, n_out))?;
        }
        Ok(())
    }

    /// The gradient of `x`, added to `so_far` where there is one.
    pub(crate) fn input_gradient(
        &self,
        grad: &[f32],
        so_far: Option<Vec<f32>>,
        precision: Precision,
    ) -> Result<Vec<f32>> {
        let n_rows = grad.len() / self.n_out.max(1);
        let grad = MatrixRef::new(grad, n_rows, self.n_out);
        with_numbers(&self.weight, |weight| {
            let weight = MatrixRef::new(weight, self.n_out, self.n_in);
            let product = Product::parallel(precision);
            match so_far {
                None => product.fresh(grad, weight, None),
                Some(mut sum) => {
                    let onto = MatrixMut::new(&mut sum, n_rows, self.n_in);
                    product.write(onto, grad, weight, Onto::Output);
                    sum
                }
            }
        })
    }
}
