//! Dropout (Srivastava et al. 2014): zeroes numbers at random, scales up the others.

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor};

use crate::{
    KernelError, RandomStream,
    math::add_scaled,
    simd::vectorise,
    storage::{map_pieces, numbers, with_numbers},
};

/// The factor of each position, 0 or `1 / (1 - p)`; computed when needed, never stored, so the
/// backward pass reads the same mask again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DropoutMask {
    stream: RandomStream,
    threshold: u32,
    scale: f32,
}

impl DropoutMask {
    /// Zeroes with a probability, held to `[0, 1)`.
    pub fn new(stream: RandomStream, probability: f64) -> Self {
        let probability = probability.clamp(0.0, 1.0 - f64::EPSILON);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a probability below 1 times 2^32"
        )]
        let threshold = (probability * f64::from(u32::MAX)) as u32;
        #[expect(clippy::cast_possible_truncation, reason = "used beside f32 numbers")]
        let scale = (1.0 / (1.0 - probability)) as f32;
        Self {
            stream,
            threshold,
            scale,
        }
    }

    /// The factor at a position.
    #[inline(always)]
    pub(crate) fn factor(self, position: u64) -> f32 {
        let random = (self.stream.bits(position) >> 32) as u32;
        if random < self.threshold {
            0.0
        } else {
            self.scale
        }
    }

    /// Applies the mask to numbers that stand at `first..`.
    #[inline(always)]
    pub(crate) fn apply(self, values: &mut [f32], first: usize) {
        for (i, value) in values.iter_mut().enumerate() {
            *value *= self.factor((first + i) as u64);
        }
    }
}

/// Zeroes and scales by the mask.
///
/// # Errors
/// When the tensor is not `f32` on the CPU.
pub fn dropout(x: &Tensor, mask: DropoutMask) -> std::result::Result<Tensor, KernelError> {
    Ok(x.contiguous()?.apply_op1(DropoutOp { mask })?)
}

/// `residual + dropout(x)`; without a mask, `residual + x`.
///
/// # Errors
/// [`KernelError::InputShape`] when the shapes differ.
pub fn dropout_add(
    x: &Tensor,
    residual: &Tensor,
    mask: Option<DropoutMask>,
) -> std::result::Result<Tensor, KernelError> {
    if residual.dims() != x.dims() {
        let expected = format!("{:?}", x.dims());
        return Err(KernelError::shape("residual", expected, residual.dims()));
    }
    Ok(x.contiguous()?
        .apply_op2(&residual.contiguous()?, DropoutAddOp { mask })?)
}

/// `x` under the mask.
pub(crate) fn masked(x: &[f32], mask: DropoutMask) -> Vec<f32> {
    map_pieces(x, 1, |first, x| {
        vectorise(
            #[inline(always)]
            || mask.apply(x, first),
        );
    })
}

/// What `dropout` passes back of the gradient of its result.
pub(crate) fn masked_gradient(grad: &Tensor, mask: Option<DropoutMask>) -> Result<Tensor> {
    match mask {
        None => Ok(grad.clone()),
        Some(mask) => {
            let masked = with_numbers(grad, |grad| masked(grad, mask))?;
            Tensor::from_vec(masked, grad.shape(), grad.device())
        }
    }
}

struct DropoutOp {
    mask: DropoutMask,
}

impl CustomOp1 for DropoutOp {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let y = masked(numbers(x, layout)?, self.mask);
        Ok((CpuStorage::F32(y), layout.shape().clone()))
    }

    fn bwd(&self, _x: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(masked_gradient(grad, Some(self.mask))?))
    }
}

struct DropoutAddOp {
    mask: Option<DropoutMask>,
}

impl CustomOp2 for DropoutAddOp {
    fn name(&self) -> &'static str {
        "dropout-add"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        residual: &CpuStorage,
        residual_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let residual = numbers(residual, residual_layout)?;
        let sum = map_pieces(numbers(x, x_layout)?, 1, |first, y| {
            vectorise(
                #[inline(always)]
                || {
                    if let Some(mask) = self.mask {
                        mask.apply(y, first);
                    }
                    add_scaled(y, 1.0, &residual[first..]);
                },
            );
        });
        Ok((CpuStorage::F32(sum), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        residual: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let of_x = x
            .track_op()
            .then(|| masked_gradient(grad, self.mask))
            .transpose()?;
        Ok((of_x, residual.track_op().then(|| grad.clone())))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;

    #[test]
    fn drops_the_stated_share_keeps_the_mean_and_passes_the_gradient_of_what_it_kept() {
        let ones = Tensor::ones(40_000, DType::F32, &Device::Cpu).unwrap();
        let x = Var::from_tensor(&ones).unwrap();
        let y = dropout(&x, DropoutMask::new(RandomStream::new(1), 0.25)).unwrap();
        let kept = y.to_vec1::<f32>().unwrap();
        let n_zero = kept.iter().filter(|value| **value == 0.0).count();
        assert!(
            (9_600..10_400).contains(&n_zero),
            "{n_zero} of 40000 dropped"
        );
        let is_scaled = |value: &f32| *value == 0.0 || (value - 4.0 / 3.0).abs() < 1e-6;
        assert!(kept.iter().all(is_scaled));
        let grads = y.sum_all().unwrap().backward().unwrap();
        assert_eq!(grads.get(&x).unwrap().to_vec1::<f32>().unwrap(), kept);
    }

    #[test]
    fn adding_drops_only_what_is_added() {
        let mask = DropoutMask::new(RandomStream::new(2), 0.5);
        let x = Var::ones((30, 40), DType::F32, &Device::Cpu).unwrap();
        let residual = Var::ones((30, 40), DType::F32, &Device::Cpu).unwrap();
        let sum = dropout_add(&x, &residual, Some(mask)).unwrap();
        let dropped = dropout(&x, mask).unwrap();
        let expected = (&dropped + residual.as_tensor()).unwrap();
        let both = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(both(&sum), both(&expected));
        let grads = sum.sum_all().unwrap().backward().unwrap();
        assert_eq!(both(grads.get(&x).unwrap()), both(&dropped));
        assert!(
            both(grads.get(&residual).unwrap())
                .iter()
                .all(|g| (g - 1.0).abs() < 1e-9)
        );
    }
}
