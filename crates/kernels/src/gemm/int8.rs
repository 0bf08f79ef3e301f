//! Products of int8 weights with activations quantised on the fly, for inference.
//!
//! A weight row `w` is stored as whole numbers in `-127..=127` times a scale of its own; each row
//! of activations gets a scale when it is used (dynamic quantisation, as in `CTranslate2` and
//! `FBGEMM`). The sums are exact in `i32`, so every path gives the same bits. The instruction
//! (`vpdpbusd`, AVX-512-VNNI) wants one operand unsigned: activations are stored plus 128, and 128
//! times the sum of the weight row is taken off again.
#![expect(unsafe_code, reason = "AVX-512 intrinsics on packed buffers")]

use rayon::prelude::*;

use crate::{
    math::LANES,
    matrix::MatrixMut,
    simd::{has_vnni, vectorise},
};

/// Rows of a tile.
const MR: usize = 12;
/// Columns of a tile: two registers.
const NR: usize = 32;
/// Inner indices in one 32-bit word.
const PER_WORD: usize = 4;
/// Columns that one thread works on at a time.
const BLOCK: usize = 8 * NR;
/// What makes an activation unsigned.
const OFFSET: i32 = 128;

/// Weight rows `[n, k]` in int8, packed in panels of [`NR`] rows.
#[derive(Debug)]
pub(crate) struct Weight {
    /// Word `w` of row `NR * p + l` stands at `(p * row_words + w) * NR + l`.
    words: Vec<u32>,
    scales: Vec<f32>,
    /// [`OFFSET`] times the sum of each row.
    offsets: Vec<i32>,
    n_in: usize,
}

impl Weight {
    /// Quantises rows of `n_in` numbers.
    ///
    /// # Panics
    /// When `values` is not a whole number of rows, or `n_in` is 0.
    pub(crate) fn new(values: &[f32], n_in: usize) -> Self {
        assert!(
            n_in > 0 && values.len().is_multiple_of(n_in),
            "rows of {n_in}"
        );
        let row_words = n_in.div_ceil(PER_WORD);
        let n_out = values.len() / n_in;
        let mut words = vec![0_u32; n_out.div_ceil(NR) * row_words * NR];
        let (mut scales, mut offsets) = (Vec::with_capacity(n_out), Vec::with_capacity(n_out));
        for (row_idx, row) in values.chunks_exact(n_in).enumerate() {
            let scale = step(row);
            let (panel, lane) = (row_idx / NR, row_idx % NR);
            let mut sum = 0;
            for (w, numbers) in row.chunks(PER_WORD).enumerate() {
                let mut bytes = [0; PER_WORD];
                for (byte, number) in bytes.iter_mut().zip(numbers) {
                    *byte = nearest(number / scale);
                    sum += i32::from(byte.cast_signed());
                }
                words[(panel * row_words + w) * NR + lane] = u32::from_le_bytes(bytes);
            }
            scales.push(scale);
            offsets.push(OFFSET * sum);
        }
        Self {
            words,
            scales,
            offsets,
            n_in,
        }
    }

    pub(crate) fn n_in(&self) -> usize {
        self.n_in
    }

    pub(crate) fn n_out(&self) -> usize {
        self.scales.len()
    }

    /// Bytes held.
    pub(crate) fn n_bytes(&self) -> usize {
        size_of_val(&self.words[..])
            + size_of_val(&self.scales[..])
            + size_of_val(&self.offsets[..])
    }

    fn row_words(&self) -> usize {
        self.n_in.div_ceil(PER_WORD)
    }
}

/// The step that covers a row: its largest magnitude over 127 (1 where all are 0).
#[inline(always)]
fn step(row: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; LANES];
    let mut chunks = row.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane = lane.max(value.abs());
        }
    }
    let rest = chunks.remainder().iter();
    let largest = rest
        .chain(&lanes)
        .fold(0.0_f32, |largest, value| largest.max(value.abs()));
    if largest > 0.0 { largest / 127.0 } else { 1.0 }
}

/// The nearest whole number, at most 127 in magnitude, as a byte. Adding `1.5 * 2^23` leaves it in
/// the low bits.
#[inline(always)]
fn nearest(x: f32) -> u8 {
    (x + 12_582_912.0).to_bits().to_le_bytes()[0]
}

/// Activation rows `[m, k]` as unsigned bytes, padded with zeros to whole words and whole tiles.
struct Activations {
    bytes: Vec<u8>,
    scales: Vec<f32>,
}

impl Activations {
    fn new(x: &[f32], n_in: usize) -> Self {
        let row_bytes = n_in.next_multiple_of(PER_WORD);
        let n_rows = x.len() / n_in;
        let mut bytes = vec![0; n_rows.next_multiple_of(MR) * row_bytes];
        let mut scales = vec![0.0; n_rows];
        let quantise = |((row, bytes), scale): ((&[f32], &mut [u8]), &mut f32)| {
            *scale = vectorise(
                #[inline(always)]
                || {
                    let scale = step(row);
                    let factor = 1.0 / scale;
                    for (byte, value) in bytes.iter_mut().zip(row) {
                        *byte = nearest(value * factor) ^ 0x80;
                    }
                    scale
                },
            );
        };
        if n_rows < 64 {
            let rows = x.chunks_exact(n_in).zip(bytes.chunks_exact_mut(row_bytes));
            rows.zip(&mut scales).for_each(quantise);
        } else {
            let rows = x
                .par_chunks_exact(n_in)
                .zip(bytes.par_chunks_exact_mut(row_bytes));
            rows.zip(&mut scales).with_min_len(16).for_each(quantise);
        }
        Self { bytes, scales }
    }
}

/// `x Wᵀ + b`: every element of `out` `[m, n]`, of activations `x` `[m, k]`.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn multiply(out: MatrixMut<'_>, x: &[f32], weight: &Weight, bias: Option<&[f32]>) {
    multiply_with(has_vnni(), out, x, weight, bias);
}

/// As [`multiply`], row by row into a new buffer.
///
/// # Panics
/// When `x` is not a whole number of rows or the bias has another length.
pub(crate) fn fresh(x: &[f32], weight: &Weight, bias: Option<&[f32]>) -> Vec<f32> {
    let (n_rows, n_out) = (x.len() / weight.n_in, weight.n_out());
    super::fresh(n_rows, n_out, |out| multiply(out, x, weight, bias))
}

pub(super) fn multiply_with(
    has_vnni: bool,
    out: MatrixMut<'_>,
    x: &[f32],
    weight: &Weight,
    bias: Option<&[f32]>,
) {
    let (n_rows, n_out) = (out.rows(), weight.n_out());
    assert_eq!(x.len(), n_rows * weight.n_in, "activations");
    assert_eq!(out.cols(), n_out, "columns of the output");
    assert!(
        bias.is_none_or(|bias| bias.len() == n_out),
        "length of the bias"
    );
    if n_rows == 0 || n_out == 0 {
        return;
    }
    let job = Job {
        activations: &Activations::new(x, weight.n_in),
        weight,
        bias,
        has_vnni,
    };
    let blocks_across = n_out.div_ceil(BLOCK);
    let rows_down = 16 * MR;
    let blocks = out
        .into_blocks(rows_down, BLOCK)
        .into_par_iter()
        .enumerate();
    blocks.for_each(|(idx, block)| {
        job.block(
            block,
            idx / blocks_across * rows_down,
            idx % blocks_across * BLOCK,
        );
    });
}

/// A product on its way.
struct Job<'a> {
    activations: &'a Activations,
    weight: &'a Weight,
    bias: Option<&'a [f32]>,
    has_vnni: bool,
}

impl Job<'_> {
    /// The block of the output that begins at a row and a column.
    fn block(&self, mut out: MatrixMut<'_>, first_row: usize, first_col: usize) {
        let (rows, cols) = (out.rows(), out.cols());
        for j in (0..cols).step_by(NR) {
            for i in (0..rows).step_by(MR) {
                let n_rows = (rows - i).min(MR);
                let mut sums = [[0_i32; NR]; MR];
                self.sums(first_row + i, n_rows, first_col + j, &mut sums);
                let n_cols = (cols - j).min(NR);
                vectorise(
                    #[inline(always)]
                    || {
                        for (r, sums) in sums.iter().enumerate().take(n_rows) {
                            let out = out.row_part(i + r, j, n_cols);
                            self.finish(out, first_row + i + r, first_col + j, sums);
                        }
                    },
                );
            }
        }
    }

    /// Sums of the products of `n_rows` activation rows with a panel of weight rows.
    fn sums(&self, row: usize, n_rows: usize, col: usize, sums: &mut [[i32; NR]; MR]) {
        let row_words = self.weight.row_words();
        let x = &self.activations.bytes[row * row_words * PER_WORD..];
        let weight = &self.weight.words[col / NR * row_words * NR..][..row_words * NR];
        #[cfg(target_arch = "x86_64")]
        if self.has_vnni {
            // SAFETY: `has_vnni` says that the processor has the features. From `row` on, `x`
            // holds `MR` rows (it is padded to whole tiles, and tiles begin at multiples of `MR`)
            // of `row_words` words each; `weight` is a whole panel.
            unsafe { vnni::sums(x, weight, row_words, n_rows, sums) };
            return;
        }
        for (r, sums) in sums.iter_mut().enumerate().take(n_rows) {
            let x = &x[r * row_words * PER_WORD..][..row_words * PER_WORD];
            for (x, weight) in x.chunks_exact(PER_WORD).zip(weight.chunks_exact(NR)) {
                for (sum, word) in sums.iter_mut().zip(weight) {
                    for (x, byte) in x.iter().zip(word.to_le_bytes()) {
                        *sum += i32::from(*x) * i32::from(byte.cast_signed());
                    }
                }
            }
        }
    }

    /// Writes a row of sums as numbers.
    #[inline(always)]
    fn finish(
        &self,
        out: &mut [std::mem::MaybeUninit<f32>],
        row: usize,
        col: usize,
        sums: &[i32; NR],
    ) {
        let scale = self.activations.scales[row];
        let weight = self.weight.scales[col..]
            .iter()
            .zip(&self.weight.offsets[col..]);
        let sums = sums.iter().zip(weight);
        let value = |sum: i32, scaled: f32, offset: i32| (sum - offset) as f32 * (scale * scaled);
        match self.bias {
            None => {
                for (out, (sum, (scaled, offset))) in out.iter_mut().zip(sums) {
                    out.write(value(*sum, *scaled, *offset));
                }
            }
            Some(bias) => {
                let biased = out.iter_mut().zip(&bias[col..]);
                for ((out, bias), (sum, (scaled, offset))) in biased.zip(sums) {
                    out.write(value(*sum, *scaled, *offset) + bias);
                }
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    //! The kernel on `vpdpbusd`.

    use std::arch::x86_64::{
        _mm512_dpbusd_epi32, _mm512_loadu_epi32, _mm512_set1_epi32, _mm512_setzero_si512,
        _mm512_storeu_epi32,
    };

    use super::{MR, NR, PER_WORD};

    /// Sums for `n_rows` rows of `x` and a panel of weights.
    ///
    /// # Safety
    /// The processor must have AVX-512 F and VNNI; `x` must hold `MR` rows of `row_words` words,
    /// `weight` `row_words` groups of `NR`.
    pub(super) unsafe fn sums(
        x: &[u8],
        weight: &[u32],
        row_words: usize,
        n_rows: usize,
        out: &mut [[i32; NR]; MR],
    ) {
        debug_assert!(x.len() >= MR * row_words * PER_WORD && weight.len() >= row_words * NR);
        let (x, weight) = (x.as_ptr(), weight.as_ptr());
        // SAFETY: passed on; a kernel for fewer rows reads and writes less.
        unsafe {
            match n_rows {
                1 => tile::<1>(x, weight, row_words, out),
                2 => tile::<2>(x, weight, row_words, out),
                3 | 4 => tile::<4>(x, weight, row_words, out),
                5..=8 => tile::<8>(x, weight, row_words, out),
                _ => tile::<MR>(x, weight, row_words, out),
            }
        }
    }

    /// # Safety
    /// As for [`sums`].
    #[target_feature(enable = "avx512f,avx512vnni")]
    unsafe fn tile<const M: usize>(
        x: *const u8,
        weight: *const u32,
        row_words: usize,
        out: &mut [[i32; NR]; MR],
    ) {
        let mut sums = [[_mm512_setzero_si512(); 2]; M];
        for w in 0..row_words {
            // SAFETY: group `w` of the panel.
            let b = unsafe {
                let group = weight.add(w * NR).cast::<i32>();
                [_mm512_loadu_epi32(group), _mm512_loadu_epi32(group.add(16))]
            };
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: word `w` of row `r < MR`; the bytes need not be aligned.
                let a = unsafe {
                    x.add((r * row_words + w) * PER_WORD)
                        .cast::<i32>()
                        .read_unaligned()
                };
                let a = _mm512_set1_epi32(a);
                sums[0] = _mm512_dpbusd_epi32(sums[0], a, b[0]);
                sums[1] = _mm512_dpbusd_epi32(sums[1], a, b[1]);
            }
        }
        for (sums, out) in sums.iter().zip(out) {
            let out = out.as_mut_ptr();
            // SAFETY: a row of `out` holds two registers.
            unsafe {
                _mm512_storeu_epi32(out, sums[0]);
                _mm512_storeu_epi32(out.add(16), sums[1]);
            }
        }
    }
}
