//! Convolution over time, PyTorch's `nn.Conv1d`, of inputs whose last dimension is the channels.
//!
//! The neighbours of each output position are laid side by side, and one product does the rest.

use candle_core::{D, Tensor};
use smes_kernels::linear;

use crate::{Init, NnError, ParamLoader, Pass};

/// A convolution over time.
#[derive(Debug, Clone)]
pub struct Conv1d {
    /// `[out, kernel * in]`
    weight: Tensor,
    /// `[out]`
    bias: Tensor,
    kernel: usize,
    stride: usize,
}

impl Conv1d {
    /// Takes `weight` `[out, in, kernel]` and `bias` `[out]`; new ones start uniform in
    /// `±1/sqrt(in * kernel)`. The kernel has an odd width and is centred on its output, so that
    /// half of it reaches over the ends, where there are zeros.
    ///
    /// # Errors
    /// As for [`ParamLoader::get`]; [`NnError::ConfigValue`] for an even kernel or no stride.
    pub fn load(
        loader: &ParamLoader<'_>,
        n_in: usize,
        n_out: usize,
        kernel: usize,
        stride: usize,
    ) -> Result<Self, NnError> {
        if kernel.is_multiple_of(2) || stride == 0 {
            return Err(NnError::ConfigValue {
                field: "kernel",
                found: format!("{kernel} with stride {stride}"),
                expected: "an odd kernel and a stride of 1 or more",
            });
        }
        let init = Init::Uniform(1.0 / ((n_in * kernel) as f64).sqrt());
        let weight = loader.get("weight", &[n_out, n_in, kernel], init)?;
        Ok(Self {
            weight: weight.permute((0, 2, 1))?.reshape((n_out, kernel * n_in))?,
            bias: loader.get("bias", &[n_out], init)?,
            kernel,
            stride,
        })
    }

    /// # Shapes
    /// `x`: `[B, T, in]`, `T` 1 or more · returns `[B, ceil(T / stride), out]`
    ///
    /// # Errors
    /// [`NnError::InputShape`] when the shapes do not fit.
    pub fn forward(&self, x: &Tensor, pass: &Pass) -> Result<Tensor, NnError> {
        let n_in = self.weight.dim(1)? / self.kernel;
        let (batch, length) = match *x.dims() {
            [batch, length, width] if width == n_in && length > 0 => (batch, length),
            _ => {
                let expected = format!("[B, 1 or more, {n_in}]");
                return Err(NnError::shape("x", expected, x.dims()));
            }
        };
        let (before, n_out) = (self.kernel / 2, length.div_ceil(self.stride));
        // The last position may be followed by others that no output is centred on.
        let x = x.pad_with_zeros(1, before, before + self.stride)?;
        let neighbours = (0..self.kernel).map(|at| {
            let every = x.narrow(1, at, n_out * self.stride)?;
            let every = every.reshape((batch, n_out, self.stride, n_in))?;
            every.narrow(2, 0, 1)?.squeeze(2)
        });
        let neighbours = neighbours.collect::<candle_core::Result<Vec<_>>>()?;
        let side_by_side = Tensor::cat(&neighbours, D::Minus1)?;
        let precision = pass.precision();
        Ok(linear(
            &side_by_side,
            &self.weight,
            Some(&self.bias),
            precision,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::Params;

    /// What the definition of a convolution says, number by number.
    fn by_hand(x: &[Vec<f32>], weight: &[Vec<Vec<f32>>], bias: &[f32], stride: usize) -> Vec<f32> {
        let before = weight[0][0].len() / 2;
        let mut y = Vec::new();
        for centre in (0..x.len()).step_by(stride) {
            for (of_output, bias) in weight.iter().zip(bias) {
                let mut sum = *bias;
                for (channel, taps) in of_output.iter().enumerate() {
                    for (tap, weight) in taps.iter().enumerate() {
                        let at = (centre + tap).checked_sub(before);
                        sum += at
                            .and_then(|at| x.get(at))
                            .map_or(0.0, |x| weight * x[channel]);
                    }
                }
                y.push(sum);
            }
        }
        y
    }

    #[test]
    fn every_output_is_the_sum_that_the_definition_names() {
        for (kernel, stride, length) in [
            (3, 1, 7),
            (3, 2, 8),
            (3, 2, 7),
            (5, 2, 6),
            (1, 1, 3),
            (3, 3, 1),
        ] {
            let params = Params::new();
            let conv = Conv1d::load(&params.initialiser(3), 2, 4, kernel, stride).unwrap();
            let x = Tensor::randn(0_f32, 1.0, (1, length, 2), &Device::Cpu).unwrap();
            let found = conv.forward(&x, &Pass::eval()).unwrap();
            assert_eq!(found.dims(), [1, length.div_ceil(stride), 4]);
            let named = params.tensors();
            let expected = by_hand(
                &x.squeeze(0).unwrap().to_vec2().unwrap(),
                &named["weight"].to_vec3().unwrap(),
                &named["bias"].to_vec1().unwrap(),
                stride,
            );
            let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
            let far = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
            assert!(far.fold(0.0, f32::max) < 1e-5, "kernel {kernel}");
        }
    }

    #[test]
    fn an_even_kernel_and_another_width_are_refused() {
        let params = Params::new();
        assert!(Conv1d::load(&params.initialiser(3), 2, 4, 2, 1).is_err());
        let conv = Conv1d::load(&params.initialiser(3), 2, 4, 3, 1).unwrap();
        let wrong = Tensor::zeros((1, 5, 3), candle_core::DType::F32, &Device::Cpu).unwrap();
        let error = conv.forward(&wrong, &Pass::eval()).unwrap_err();
        assert!(matches!(error, NnError::InputShape { .. }), "{error}");
    }
}
