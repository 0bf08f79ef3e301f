//! Rows of a table by index, PyTorch's `embedding`.

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};

use crate::{
    KernelError,
    gradients::gradient,
    math::add_scaled,
    storage::{numbers, with_numbers},
};

/// The rows of a table that ids name. The backward pass adds each row's gradient to the table's:
/// in a step that uses the table elsewhere too (tied embeddings) no second table is made.
///
/// # Shapes
/// `ids`: `[..]`, `u32` · `table`: `[V, D]` · returns `[.., D]`
///
/// # Errors
/// [`KernelError::Index`] when an id is `V` or more, [`KernelError::InputShape`].
pub fn embedding(ids: &Tensor, table: &Tensor) -> std::result::Result<Tensor, KernelError> {
    let (n_rows, width) = table
        .dims2()
        .map_err(|_| KernelError::shape("table", "[V, D]", table.dims()))?;
    let mut shape = ids.dims().to_vec();
    shape.push(width);
    let ids = ids.flatten_all()?.to_vec1::<u32>()?;
    if let Some(position) = ids.iter().position(|id| *id as usize >= n_rows) {
        return Err(KernelError::Index {
            input: "ids",
            position,
            index: ids[position],
            n_rows,
        });
    }
    Ok(table.contiguous()?.apply_op1(EmbeddingOp { ids, shape })?)
}

struct EmbeddingOp {
    ids: Vec<u32>,
    shape: Vec<usize>,
}

impl EmbeddingOp {
    fn rows(&self, width: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
        let start = move |id: &u32| *id as usize * width;
        self.ids.iter().map(move |id| start(id)..start(id) + width)
    }
}

impl CustomOp1 for EmbeddingOp {
    fn name(&self) -> &'static str {
        "embedding"
    }

    fn cpu_fwd(&self, table: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (_, width) = layout.shape().dims2()?;
        let table = numbers(table, layout)?;
        let mut out = Vec::with_capacity(self.ids.len() * width);
        self.rows(width)
            .for_each(|row| out.extend_from_slice(&table[row]));
        Ok((CpuStorage::F32(out), Shape::from(self.shape.clone())))
    }

    fn bwd(&self, table: &Tensor, _y: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (n_rows, width) = table.dims2()?;
        with_numbers(grad, |grad| {
            let add = |sum: &mut [f32]| {
                for (row, grad) in self.rows(width).zip(grad.chunks_exact(width.max(1))) {
                    add_scaled(&mut sum[row], 1.0, grad);
                }
            };
            let fresh = || {
                let mut sum = vec![0.0; n_rows * width];
                add(&mut sum);
                sum
            };
            gradient(table, fresh, add)
        })?
    }
}
