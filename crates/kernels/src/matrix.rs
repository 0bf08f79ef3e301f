//! Views of matrices with strides. What they promise, the unsafe kernels build on: every element
//! of a view lies inside the slice it was made of, and mutable views that exist at the same time
//! do not overlap.
#![expect(
    unsafe_code,
    reason = "disjoint column blocks of one buffer go to several threads"
)]

use std::{marker::PhantomData, mem::MaybeUninit, ops::Range};

/// A matrix to read: element `(i, j)` is `data[i * row_stride + j * col_stride]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MatrixRef<'a> {
    data: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> MatrixRef<'a> {
    /// A whole row-major matrix.
    ///
    /// # Panics
    /// When `data` does not hold `rows * cols` numbers.
    pub(crate) fn new(data: &'a [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a {rows} x {cols} matrix");
        Self::strided(data, rows, cols, cols)
    }

    /// Rows of `cols` numbers that begin `row_stride` apart.
    ///
    /// # Panics
    /// When an element would lie outside of `data`.
    pub(crate) fn strided(data: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        let is_inside = rows == 0 || cols == 0 || (rows - 1) * row_stride + cols <= data.len();
        assert!(
            is_inside,
            "{rows} x {cols} by {row_stride} in {}",
            data.len()
        );
        Self {
            data,
            rows,
            cols,
            row_stride,
            col_stride: 1,
        }
    }

    /// The transpose.
    pub(crate) fn t(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            ..self
        }
    }

    /// Some of its rows.
    ///
    /// # Panics
    /// When the range does not lie in the rows.
    pub(crate) fn some_rows(self, range: Range<usize>) -> Self {
        assert!(
            range.start <= range.end && range.end <= self.rows,
            "{range:?} of {} rows",
            self.rows
        );
        Self {
            data: self
                .data
                .get(range.start * self.row_stride..)
                .unwrap_or_default(),
            rows: range.len(),
            ..self
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn cols(&self) -> usize {
        self.cols
    }

    /// Row `i` of a view whose rows are contiguous.
    #[inline(always)]
    pub(crate) fn row(&self, i: usize) -> &'a [f32] {
        debug_assert_eq!(self.col_stride, 1);
        &self.data[i * self.row_stride..][..self.cols]
    }

    /// Element `(i, j)`.
    #[inline(always)]
    pub(crate) fn at(&self, i: usize, j: usize) -> f32 {
        self.data[i * self.row_stride + j * self.col_stride]
    }

    pub(crate) fn row_stride(&self) -> usize {
        self.row_stride
    }

    pub(crate) fn col_stride(&self) -> usize {
        self.col_stride
    }

    /// Pointer to element `(0, 0)`; valid for reads at every `(i, j)` in the shape.
    pub(crate) fn as_ptr(&self) -> *const f32 {
        self.data.as_ptr()
    }
}

/// A row-major matrix to write, its rows `row_stride` apart. It may be new memory: its elements
/// can be read only after they were written.
#[derive(Debug)]
pub(crate) struct MatrixMut<'a> {
    start: *mut f32,
    rows: usize,
    cols: usize,
    row_stride: usize,
    of: PhantomData<&'a mut [f32]>,
}

// SAFETY: a view is an exclusive borrow of its elements (constructors borrow a slice mutably, and
// splitting hands each element to one part), and `f32` may be written from any thread.
unsafe impl Send for MatrixMut<'_> {}

impl<'a> MatrixMut<'a> {
    /// A whole matrix.
    ///
    /// # Panics
    /// When `data` does not hold `rows * cols` numbers.
    pub(crate) fn new(data: &'a mut [f32], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a {rows} x {cols} matrix");
        Self {
            start: data.as_mut_ptr(),
            rows,
            cols,
            row_stride: cols,
            of: PhantomData,
        }
    }

    /// As [`MatrixMut::new`], in new memory.
    ///
    /// # Panics
    /// When `data` does not hold `rows * cols` numbers.
    pub(crate) fn uninit(data: &'a mut [MaybeUninit<f32>], rows: usize, cols: usize) -> Self {
        assert_eq!(data.len(), rows * cols, "a {rows} x {cols} matrix");
        Self {
            start: data.as_mut_ptr().cast(),
            rows,
            cols,
            row_stride: cols,
            of: PhantomData,
        }
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn cols(&self) -> usize {
        self.cols
    }

    pub(crate) fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// Pointer to element `(0, 0)`; valid for writes at every `(i, j)` in the shape, and for reads
    /// of what was written.
    pub(crate) fn as_mut_ptr(&mut self) -> *mut f32 {
        self.start
    }

    /// The same elements, borrowed for less long.
    pub(crate) fn reborrow(&mut self) -> MatrixMut<'_> {
        MatrixMut {
            of: PhantomData,
            ..*self
        }
    }

    /// `n` elements of row `i` from column `j` on, to be written.
    ///
    /// # Panics
    /// When they do not lie in the shape.
    pub(crate) fn row_part(&mut self, i: usize, j: usize, n: usize) -> &mut [MaybeUninit<f32>] {
        assert!(i < self.rows && j + n <= self.cols, "{n} at ({i}, {j})");
        // SAFETY: the elements lie in the shape, which this view borrows exclusively, and the
        // slice borrows the view. Callers only ever write numbers through it.
        unsafe {
            let start = self.start.add(i * self.row_stride + j).cast();
            std::slice::from_raw_parts_mut(start, n)
        }
    }

    /// Writes the same row to every row.
    ///
    /// # Panics
    /// When the row has another width.
    pub(crate) fn fill_rows(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.cols);
        for i in 0..self.rows {
            // SAFETY: row `i` has `cols` elements that this view borrows exclusively; `row` is
            // borrowed elsewhere, so they do not overlap.
            unsafe {
                let target = self.start.add(i * self.row_stride);
                target.copy_from_nonoverlapping(row.as_ptr(), row.len());
            }
        }
    }

    /// Writes the same number everywhere.
    pub(crate) fn fill(&mut self, value: f32) {
        self.fill_rows(&vec![value; self.cols]);
    }

    /// Cuts it into blocks of `rows` rows and `cols` columns, fewer at the lower and right border,
    /// row of blocks by row of blocks.
    ///
    /// # Panics
    /// When `rows` or `cols` is 0.
    pub(crate) fn into_blocks(self, rows: usize, cols: usize) -> Vec<Self> {
        assert!(rows > 0 && cols > 0, "a block has a size");
        let mut blocks = Vec::with_capacity(self.rows.div_ceil(rows) * self.cols.div_ceil(cols));
        for i in (0..self.rows).step_by(rows) {
            for j in (0..self.cols).step_by(cols) {
                blocks.push(Self {
                    // SAFETY: `(i, j)` lies in the shape. The blocks cut the shape into disjoint
                    // parts and `self` is consumed, so each stays an exclusive borrow.
                    start: unsafe { self.start.add(i * self.row_stride + j) },
                    rows: rows.min(self.rows - i),
                    cols: cols.min(self.cols - j),
                    row_stride: self.row_stride,
                    of: PhantomData,
                });
            }
        }
        blocks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_cover_each_element_once() {
        for (rows, cols, block_rows, block_cols) in [
            (7, 9, 3, 4),
            (4, 4, 4, 4),
            (1, 5, 2, 2),
            (5, 1, 9, 9),
            (0, 3, 1, 1),
            (3, 0, 1, 1),
        ] {
            let mut data = vec![0.0; rows * cols];
            let blocks = MatrixMut::new(&mut data, rows, cols).into_blocks(block_rows, block_cols);
            let n_blocks = blocks.len();
            std::thread::scope(|scope| {
                for (idx, mut block) in blocks.into_iter().enumerate() {
                    scope.spawn(move || block.fill(1.0 + idx as f32));
                }
            });
            for (at, value) in data.iter().enumerate() {
                let (i, j) = (at / cols, at % cols);
                let block = i / block_rows * cols.div_ceil(block_cols) + j / block_cols;
                assert!(block < n_blocks);
                assert!(
                    (value - 1.0 - block as f32).abs() < f32::EPSILON,
                    "({i}, {j})"
                );
            }
        }
    }

    #[test]
    fn a_view_that_would_leave_its_slice_is_refused() {
        let data = [0.0; 11];
        assert!(std::panic::catch_unwind(|| MatrixRef::strided(&data, 3, 4, 4)).is_err());
        let view = MatrixRef::strided(&data, 3, 3, 4);
        assert_eq!((view.t().rows(), view.t().row_stride()), (3, 1));
        assert!(std::panic::catch_unwind(|| view.some_rows(2..4)).is_err());
        assert_eq!(view.some_rows(3..3).rows(), 0);
    }
}
