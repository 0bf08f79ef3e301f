//! Cross-entropy over a large vocabulary, straight from hidden states and the (tied) table of the
//! output layer.
//!
//! The vocabulary is worked on in slices. Forward, each slice updates the running maximum and sum of
//! every row (Milakov and Gimelshein 2018). Its logits are kept for the backward pass while they
//! are few enough ([`MOST_KEPT`]; 140 MB for 640 tokens over 55,000 types), and beyond that made
//! again there, which costs one product more. Rows without a target cost nothing.

use std::sync::{Mutex, OnceLock};

use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use crate::{
    KernelError, NllSum, Precision,
    cross_entropy::{check_targets, scalar},
    gemm::{Onto, Product},
    gradients::{gradient, ready_gradient},
    linear::column_sums,
    math::{exp, largest, sum_over},
    matrix::{MatrixMut, MatrixRef},
    simd::vectorise,
    storage::{numbers, with_numbers},
};

/// Types of the vocabulary whose logits are held at a time.
const SLICE: usize = 2048;
/// Logits kept for the backward pass at most: 256 MB.
const MOST_KEPT: usize = 64 << 20;

/// Negative log-likelihood of targets under the logits `hidden tableᵀ + bias`, without ever
/// holding them all.
///
/// # Shapes
/// `hidden`: `[N, D]` · `table`: `[V, D]` · `bias`: `[V]` · `targets`: `N`, below `V`; `None` is
/// ignored
///
/// # Errors
/// [`KernelError::InputShape`] and [`KernelError::Index`] when they do not fit.
pub fn tied_cross_entropy(
    hidden: &Tensor,
    table: &Tensor,
    bias: Option<&Tensor>,
    targets: &[Option<u32>],
    precision: Precision,
) -> std::result::Result<NllSum, KernelError> {
    let (n_types, width) = table
        .dims2()
        .map_err(|_| KernelError::shape("table", "[V, D]", table.dims()))?;
    let n_rows = match *hidden.dims() {
        [n_rows, w] if w == width => n_rows,
        _ => {
            return Err(KernelError::shape(
                "hidden",
                format!("[N, {width}]"),
                hidden.dims(),
            ));
        }
    };
    let n_targets = check_targets(targets, n_rows, n_types)?;
    let targets = targets.iter().enumerate();
    let op = TiedOp {
        rows: targets
            .filter_map(|(row, target)| Some((row, (*target)? as usize)))
            .collect(),
        n_types,
        width,
        precision,
        is_kept: (hidden.track_op() || table.track_op()) && n_targets * n_types <= MOST_KEPT,
        kept: Mutex::new(Vec::new()),
        log_totals: OnceLock::new(),
    };
    let (hidden, table) = (hidden.contiguous()?, table.contiguous()?);
    let sum = match bias {
        None => hidden.apply_op2(&table, op)?,
        Some(bias) if bias.dims() == [n_types] => {
            hidden.apply_op3(&table, &bias.contiguous()?, op)?
        }
        Some(bias) => {
            return Err(KernelError::shape(
                "bias",
                format!("[{n_types}]"),
                bias.dims(),
            ));
        }
    };
    Ok(NllSum { sum, n_targets })
}

struct TiedOp {
    /// Rows with a target, and the target.
    rows: Vec<(usize, usize)>,
    n_types: usize,
    width: usize,
    precision: Precision,
    /// Whether the logits of the forward pass are kept.
    is_kept: bool,
    /// The logits of each slice; the backward pass takes them, a second one makes them again.
    kept: Mutex<Vec<Vec<f32>>>,
    /// Of each of `rows`, the logarithm of the sum of the exponentials; the forward pass leaves it
    /// to the backward pass.
    log_totals: OnceLock<Vec<f32>>,
}

impl TiedOp {
    /// The hidden states of the rows that count.
    fn gather(&self, hidden: &[f32]) -> Vec<f32> {
        let mut gathered = Vec::with_capacity(self.rows.len() * self.width);
        for (row, _) in &self.rows {
            gathered.extend_from_slice(&hidden[row * self.width..][..self.width]);
        }
        gathered
    }

    /// The logits of a slice of the vocabulary, `[rows, slice]`.
    fn logits(
        &self,
        hidden: &[f32],
        table: &[f32],
        bias: Option<&[f32]>,
        first: usize,
    ) -> Vec<f32> {
        let n = SLICE.min(self.n_types - first);
        let hidden = MatrixRef::new(hidden, self.rows.len(), self.width);
        let table = MatrixRef::new(
            &table[first * self.width..][..n * self.width],
            n,
            self.width,
        );
        let bias = bias.map(|bias| &bias[first..first + n]);
        Product::parallel(self.precision).fresh(hidden, table.t(), bias)
    }

    fn slices(&self) -> impl Iterator<Item = usize> + use<> {
        (0..self.n_types).step_by(SLICE)
    }

    fn forward(&self, hidden: &[f32], table: &[f32], bias: Option<&[f32]>) -> CpuStorage {
        let hidden = self.gather(hidden);
        let mut totals = vec![Total::default(); self.rows.len()];
        let mut kept = Vec::new();
        for first in self.slices() {
            let logits = self.logits(&hidden, table, bias, first);
            let n = SLICE.min(self.n_types - first);
            let rows = totals
                .par_iter_mut()
                .zip(logits.par_chunks_exact(n))
                .zip(&self.rows);
            rows.with_min_len(8)
                .for_each(|((total, logits), (_, target))| {
                    vectorise(
                        #[inline(always)]
                        || total.add(logits),
                    );
                    if let Some(logit) = target.checked_sub(first).and_then(|at| logits.get(at)) {
                        total.target = *logit;
                    }
                });
            if self.is_kept {
                kept.push(logits);
            }
        }
        if let Ok(mut place) = self.kept.lock() {
            *place = kept;
        }
        let log_totals: Vec<f32> = totals.iter().map(Total::log).collect();
        let pairs = log_totals.iter().zip(&totals);
        let nll: Vec<f64> = pairs
            .map(|(log_total, total)| f64::from(*log_total) - f64::from(total.target))
            .collect();
        // An operation runs forward once; were it run again, the totals would be the same.
        let _ = self.log_totals.set(log_totals);
        scalar(&nll)
    }

    fn backward(
        &self,
        hidden: &Tensor,
        table: &Tensor,
        bias: Option<&Tensor>,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 3]> {
        let factor = grad.to_scalar::<f32>()?;
        let gathered = with_numbers(hidden, |hidden| self.gather(hidden))?;
        let bias_values = bias
            .map(|bias| with_numbers(bias, <[f32]>::to_vec))
            .transpose()?;
        let mut kept = self
            .kept
            .lock()
            .map_or_else(|_| Vec::new(), |mut kept| std::mem::take(&mut *kept))
            .into_iter();
        let mut d_hidden = vec![0.0; gathered.len()];
        let mut d_bias = Vec::with_capacity(self.n_types);
        let of_table = with_numbers(table, |values| {
            let mut work = |mut d_table: Option<&mut [f32]>, onto: Onto<'_>| {
                for first in self.slices() {
                    let again = || self.logits(&gathered, values, bias_values.as_deref(), first);
                    let mut d_logits = kept.next().unwrap_or_else(again);
                    self.differentiate(&mut d_logits, first, factor);
                    let n = SLICE.min(self.n_types - first);
                    let span = first * self.width..(first + n) * self.width;
                    self.slice_backward(
                        MatrixRef::new(&d_logits, self.rows.len(), n),
                        MatrixRef::new(&values[span.clone()], n, self.width),
                        &gathered,
                        &mut d_hidden,
                        d_table
                            .as_deref_mut()
                            .map(|d_table| (&mut d_table[span], onto)),
                    );
                    if bias.is_some() {
                        d_bias.extend(column_sums(&d_logits, n));
                    }
                }
            };
            if !table.track_op() {
                work(None, Onto::Nothing);
                return Ok(None);
            }
            let work = std::cell::RefCell::new(work);
            gradient(
                table,
                || {
                    let mut d_table = vec![0.0; self.n_types * self.width];
                    work.borrow_mut()(Some(&mut d_table), Onto::Nothing);
                    d_table
                },
                |sum| work.borrow_mut()(Some(sum), Onto::Output),
            )
        })??;
        let of_bias = bias
            .map(|bias| ready_gradient(bias, d_bias))
            .transpose()?
            .flatten();
        Ok([self.scatter(hidden, &d_hidden)?, of_table, of_bias])
    }

    /// Logits of a slice to the gradient of the sum, times `factor`.
    fn differentiate(&self, logits: &mut [f32], first: usize, factor: f32) {
        let n = SLICE.min(self.n_types - first);
        let log_totals = self.log_totals.get().map_or(&[][..], Vec::as_slice);
        let rows = logits
            .par_chunks_exact_mut(n)
            .zip(log_totals)
            .zip(&self.rows);
        rows.with_min_len(8)
            .for_each(|((row, log_total), (_, target))| {
                vectorise(
                    #[inline(always)]
                    || {
                        row.iter_mut()
                            .for_each(|x| *x = factor * exp(*x - log_total));
                    },
                );
                if let Some(at) = target.checked_sub(first).filter(|at| *at < n) {
                    row[at] -= factor;
                }
            });
    }

    fn slice_backward(
        &self,
        d_logits: MatrixRef<'_>,
        table: MatrixRef<'_>,
        hidden: &[f32],
        d_hidden: &mut [f32],
        d_table: Option<(&mut [f32], Onto<'_>)>,
    ) {
        let product = Product::parallel(self.precision);
        let (n_rows, n) = (d_logits.rows(), d_logits.cols());
        let d_hidden = MatrixMut::new(d_hidden, n_rows, self.width);
        product.write(d_hidden, d_logits, table, Onto::Output);
        if let Some((d_table, onto)) = d_table {
            let hidden = MatrixRef::new(hidden, n_rows, self.width);
            product.write(
                MatrixMut::new(d_table, n, self.width),
                d_logits.t(),
                hidden,
                onto,
            );
        }
    }

    /// The gradient of all hidden states from that of the rows that count.
    fn scatter(&self, hidden: &Tensor, gathered: &[f32]) -> Result<Option<Tensor>> {
        if !hidden.track_op() {
            return Ok(None);
        }
        let mut d_hidden = vec![0.0; hidden.elem_count()];
        let rows = self
            .rows
            .iter()
            .zip(gathered.chunks_exact(self.width.max(1)));
        for ((row, _), gradient) in rows {
            d_hidden[row * self.width..][..self.width].copy_from_slice(gradient);
        }
        ready_gradient(hidden, d_hidden)
    }
}

/// The running sum of the exponentials of a row, relative to its largest logit so far.
#[derive(Debug, Clone, Copy)]
struct Total {
    largest: f32,
    sum: f32,
    target: f32,
}

impl Default for Total {
    fn default() -> Self {
        Self {
            largest: f32::NEG_INFINITY,
            sum: 0.0,
            target: f32::NEG_INFINITY,
        }
    }
}

impl Total {
    #[inline(always)]
    fn add(&mut self, logits: &[f32]) {
        let largest = largest(logits).max(self.largest);
        if largest > self.largest {
            self.sum *= exp(self.largest - largest);
            self.largest = largest;
        }
        self.sum += sum_over(logits.len(), |i| exp(logits[i] - largest));
    }

    fn log(&self) -> f32 {
        self.largest + self.sum.ln()
    }
}

impl CustomOp2 for TiedOp {
    fn name(&self) -> &'static str {
        "tied-cross-entropy"
    }

    fn cpu_fwd(
        &self,
        hidden: &CpuStorage,
        hidden_layout: &Layout,
        table: &CpuStorage,
        table_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (hidden, table) = (
            numbers(hidden, hidden_layout)?,
            numbers(table, table_layout)?,
        );
        Ok((self.forward(hidden, table, None), Shape::from(())))
    }

    fn bwd(
        &self,
        hidden: &Tensor,
        table: &Tensor,
        _sum: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [of_hidden, of_table, _] = self.backward(hidden, table, None, grad)?;
        Ok((of_hidden, of_table))
    }
}

impl CustomOp3 for TiedOp {
    fn name(&self) -> &'static str {
        "tied-cross-entropy"
    }

    fn cpu_fwd(
        &self,
        hidden: &CpuStorage,
        hidden_layout: &Layout,
        table: &CpuStorage,
        table_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (hidden, table) = (
            numbers(hidden, hidden_layout)?,
            numbers(table, table_layout)?,
        );
        let bias = numbers(bias, bias_layout)?;
        Ok((self.forward(hidden, table, Some(bias)), Shape::from(())))
    }

    fn bwd(
        &self,
        hidden: &Tensor,
        table: &Tensor,
        bias: &Tensor,
        _sum: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [of_hidden, of_table, of_bias] = self.backward(hidden, table, Some(bias), grad)?;
        Ok((of_hidden, of_table, of_bias))
    }
}
