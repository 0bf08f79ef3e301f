//! Access to the numbers of tensors, and work on them split over the cores.
#![expect(
    unsafe_code,
    reason = "new buffers are filled in pieces by several threads"
)]

use std::mem::MaybeUninit;

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, bail};
use rayon::prelude::*;

/// Below this many numbers, splitting work over the cores costs more than it gains.
const SPLIT: usize = 1 << 14;

/// The numbers of a contiguous `f32` tensor on the CPU.
pub(crate) fn numbers<'a>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [f32]> {
    let CpuStorage::F32(values) = storage else {
        bail!("a fused operation needs f32");
    };
    let Some((start, end)) = layout.contiguous_offsets() else {
        bail!("a fused operation needs contiguous memory");
    };
    Ok(&values[start..end])
}

/// Lends the numbers of a tensor, copied first if they are not contiguous.
pub(crate) fn with_numbers<R>(tensor: &Tensor, f: impl FnOnce(&[f32]) -> R) -> Result<R> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => Ok(f(numbers(storage, layout)?)),
        _ => bail!("a fused operation needs the CPU"),
    }
}

/// How many rows of `width` numbers make a piece of work worth a thread's while.
pub(crate) fn rows_per_piece(width: usize) -> usize {
    (SPLIT / width.max(1)).max(1)
}

/// A copy of `source` that `f(first row, rows)` has changed in pieces while they were in the cache.
pub(crate) fn map_pieces(
    source: &[f32],
    width: usize,
    f: impl Fn(usize, &mut [f32]) + Sync,
) -> Vec<f32> {
    if source.len() <= SPLIT {
        let mut out = source.to_vec();
        f(0, &mut out);
        return out;
    }
    let n_rows = rows_per_piece(width);
    let piece = n_rows * width;
    let mut out = Vec::with_capacity(source.len());
    let spare: &mut [MaybeUninit<f32>] = &mut out.spare_capacity_mut()[..source.len()];
    spare
        .par_chunks_mut(piece)
        .zip(source.par_chunks(piece))
        .enumerate()
        .for_each(|(piece_idx, (out, source))| {
            f(piece_idx * n_rows, out.write_copy_of_slice(source));
        });
    // SAFETY: the capacity is at least `source.len()`, and the pieces above, cut from the first
    // `source.len()` elements and from `source` alike, were each written whole.
    unsafe { out.set_len(source.len()) };
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_copied_and_visited_once_with_its_first_row() {
        for n_rows in [0_usize, 1, 63, 64, 65, 1000] {
            let width = 257;
            let source: Vec<f32> = (0..n_rows * width).map(|i| i as f32).collect();
            let out = map_pieces(&source, width, |first_row, rows| {
                for (i, row) in rows.chunks_exact_mut(width).enumerate() {
                    for value in row {
                        *value += 1.0 + (first_row + i) as f32;
                    }
                }
            });
            let expected: Vec<f32> = source
                .iter()
                .enumerate()
                .map(|(i, value)| value + 1.0 + (i / width) as f32)
                .collect();
            assert_eq!(out, expected, "{n_rows} rows");
        }
    }
}
