//! Losses: labels (cross-entropy), responses (in-batch ranking) and measures (Huber's).

use candle_core::{DType, Device, Tensor};

use smes_kernels::log_softmax;

use crate::{NnError, bert::unit_length};

/// Options of [`cross_entropy`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CrossEntropy {
    /// A weight for each class, one where absent.
    pub class_weights: Option<Vec<f32>>,
    /// Share of the target spread evenly over all classes, in `[0, 1)` (Szegedy et al. 2016).
    pub label_smoothing: f64,
}

/// Mean cross-entropy of logits against class indices, with the semantics of PyTorch's
/// `cross_entropy`: weighted means divide by the sum of the targets' weights.
///
/// # Shapes
/// `logits`: `[N, C]` · `targets`: `N`, below `C`; `None` is ignored · returns a scalar, 0 when
/// every target is ignored
///
/// # Errors
/// [`NnError::InputShape`] when the lengths do not fit or a target is `C` or more.
pub fn cross_entropy(
    logits: &Tensor,
    targets: &[Option<u32>],
    options: &CrossEntropy,
) -> Result<Tensor, NnError> {
    let (n_rows, n_classes) = logits
        .dims2()
        .map_err(|_| NnError::shape("logits", "[N, C]", logits.dims()))?;
    if targets.len() != n_rows {
        return Err(NnError::shape(
            "targets",
            format!("[{n_rows}]"),
            &[targets.len()],
        ));
    }
    let ones = vec![1.0; n_classes];
    let weights = options.class_weights.as_ref().unwrap_or(&ones);
    if weights.len() != n_classes {
        return Err(NnError::shape(
            "class_weights",
            format!("[{n_classes}]"),
            &[weights.len()],
        ));
    }
    #[expect(clippy::cast_possible_truncation, reason = "used beside f32 numbers")]
    let smoothing = options.label_smoothing as f32;

    // The wanted distribution, times the weights; the loss is its product with the log-softmax.
    let mut wanted = vec![0_f32; n_rows * n_classes];
    let mut total_weight = 0.0;
    for (row, target) in wanted.chunks_exact_mut(n_classes).zip(targets) {
        let Some(target) = target.map(|target| target as usize) else {
            continue;
        };
        let Some(weight) = weights.get(target) else {
            return Err(NnError::shape(
                "targets",
                format!("values below {n_classes}"),
                &[target],
            ));
        };
        for (wanted, weight) in row.iter_mut().zip(weights) {
            *wanted = weight * smoothing / n_classes as f32;
        }
        row[target] += weight * (1.0 - smoothing);
        total_weight += f64::from(*weight);
    }
    let wanted = Tensor::from_vec(wanted, (n_rows, n_classes), logits.device())?;
    let sum = (log_softmax(logits)? * wanted)?.sum_all()?;
    let factor = if total_weight > 0.0 {
        -1.0 / total_weight
    } else {
        -1.0
    };
    Ok((sum * factor)?)
}

/// Ranks each context's own response above the other responses of the batch (Henderson et al.
/// 2017, multiple negatives), by the cosine of their vectors times `scale`.
///
/// # Shapes
/// `contexts`, `responses`: `[B, D]` · `response_ids`: `B`; rows with equal ids hold the same
/// response, which is then not a negative · returns a scalar
///
/// # Errors
/// [`NnError::InputShape`] when the shapes do not fit.
pub fn in_batch_ranking(
    contexts: &Tensor,
    responses: &Tensor,
    response_ids: &[u64],
    scale: f64,
) -> Result<Tensor, NnError> {
    let (batch, _) = contexts
        .dims2()
        .map_err(|_| NnError::shape("contexts", "[B, D]", contexts.dims()))?;
    if responses.dims() != contexts.dims() {
        let expected = format!("{:?}", contexts.dims());
        return Err(NnError::shape("responses", expected, responses.dims()));
    }
    if response_ids.len() != batch {
        return Err(NnError::shape(
            "response_ids",
            format!("[{batch}]"),
            &[response_ids.len()],
        ));
    }
    let hidden: Vec<f32> = (0..batch * batch)
        .map(|cell| (cell / batch, cell % batch))
        .map(|(i, j)| {
            if i != j && response_ids[i] == response_ids[j] {
                -1e9
            } else {
                0.0
            }
        })
        .collect();
    let hidden = Tensor::from_vec(hidden, (batch, batch), &Device::Cpu)?.to_dtype(DType::F32)?;
    let cosines = unit_length(contexts)?.matmul(&unit_length(responses)?.t()?)?;
    let logits = ((cosines * scale)? + hidden)?;
    let own: Vec<Option<u32>> = (0..).take(batch).map(Some).collect();
    cross_entropy(&logits, &own, &CrossEntropy::default())
}

/// Mean over all numbers of half the squared distance, which grows linearly from a distance of 1 on
/// (P. J. Huber 1964, *Robust estimation of a location parameter*); PyTorch's `smooth_l1_loss`.
///
/// # Shapes
/// `found`, `wanted`: alike · returns a scalar
///
/// # Errors
/// [`NnError::InputShape`] when the shapes differ.
pub fn huber(found: &Tensor, wanted: &Tensor) -> Result<Tensor, NnError> {
    if found.dims() != wanted.dims() {
        let expected = format!("{:?}", wanted.dims());
        return Err(NnError::shape("found", expected, found.dims()));
    }
    let distance = (found - wanted)?.abs()?;
    // The slope of the loss, taken as a constant: the gradient is then this slope, within 1 and beyond.
    let slope = distance.clamp(0_f32, 1_f32)?.detach();
    Ok((&slope * (&distance - (&slope * 0.5)?)?)?.mean_all()?)
}
