//! Cross-entropy: the negative log-likelihood of targets under logits.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::{
    KernelError,
    math::exp,
    simd::vectorise,
    softmax::log_sum_exp,
    storage::{map_pieces, numbers, with_numbers},
};

/// The negative log-likelihood summed over the targets that count.
#[derive(Debug, Clone)]
pub struct NllSum {
    /// A scalar, in nats.
    pub sum: Tensor,
    /// Targets that were not ignored.
    pub n_targets: usize,
}

impl NllSum {
    /// The mean: PyTorch's `cross_entropy`, but 0 where every target is ignored.
    ///
    /// # Errors
    /// When memory cannot be allocated.
    pub fn mean(&self) -> std::result::Result<Tensor, KernelError> {
        Ok((&self.sum / self.n_targets.max(1) as f64)?)
    }
}

/// Negative log-likelihood of targets under logits.
///
/// # Shapes
/// `logits`: `[N, V]` · `targets`: `N`, below `V`; `None` is ignored
///
/// # Errors
/// [`KernelError::InputShape`] and [`KernelError::Index`] when they do not fit.
pub fn cross_entropy(
    logits: &Tensor,
    targets: &[Option<u32>],
) -> std::result::Result<NllSum, KernelError> {
    let (n_rows, n_types) = logits
        .dims2()
        .map_err(|_| KernelError::shape("logits", "[N, V]", logits.dims()))?;
    let n_targets = check_targets(targets, n_rows, n_types)?;
    let op = LogitsOp {
        targets: targets.to_vec(),
    };
    let sum = logits.contiguous()?.apply_op1(op)?;
    Ok(NllSum { sum, n_targets })
}

/// How many targets count.
pub(crate) fn check_targets(
    targets: &[Option<u32>],
    n_rows: usize,
    n_types: usize,
) -> std::result::Result<usize, KernelError> {
    if targets.len() != n_rows {
        return Err(KernelError::shape(
            "targets",
            format!("[{n_rows}]"),
            &[targets.len()],
        ));
    }
    for (position, target) in targets.iter().enumerate() {
        if let Some(index) = target.filter(|target| *target as usize >= n_types) {
            return Err(KernelError::Index {
                input: "targets",
                position,
                index,
                n_rows: n_types,
            });
        }
    }
    Ok(targets.iter().flatten().count())
}

struct LogitsOp {
    targets: Vec<Option<u32>>,
}

impl CustomOp1 for LogitsOp {
    fn name(&self) -> &'static str {
        "cross-entropy"
    }

    fn cpu_fwd(&self, logits: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, n_types) = layout.shape().dims2()?;
        let logits = numbers(logits, layout)?;
        let nll = |(row, target): (&[f32], &Option<u32>)| {
            target.map_or(0.0, |target| {
                let log_total = vectorise(
                    #[inline(always)]
                    || log_sum_exp(row),
                );
                f64::from(log_total) - f64::from(row[target as usize])
            })
        };
        let rows = logits.par_chunks_exact(n_types.max(1)).zip(&self.targets);
        let nll: Vec<f64> = rows.map(nll).collect();
        Ok((scalar(&nll), Shape::from(())))
    }

    fn bwd(&self, logits: &Tensor, _sum: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let factor = grad.to_scalar::<f32>()?;
        let width = logits.dim(1)?.max(1);
        let backward = |logits: &[f32]| {
            map_pieces(logits, width, |first_row, rows| {
                for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                    let Some(target) = self.targets[first_row + i] else {
                        row.fill(0.0);
                        continue;
                    };
                    vectorise(
                        #[inline(always)]
                        || {
                            let log_total = log_sum_exp(row);
                            row.iter_mut()
                                .for_each(|x| *x = factor * exp(*x - log_total));
                        },
                    );
                    row[target as usize] -= factor;
                }
            })
        };
        let d_logits = with_numbers(logits, backward)?;
        Ok(Some(Tensor::from_vec(
            d_logits,
            logits.shape(),
            logits.device(),
        )?))
    }
}

/// A loss.
#[expect(clippy::cast_possible_truncation, reason = "a loss is f32")]
pub(crate) fn scalar(nll: &[f64]) -> CpuStorage {
    CpuStorage::F32(vec![nll.iter().sum::<f64>() as f32])
}
