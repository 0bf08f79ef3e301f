//! bf16 products with sums in `f32`, on `vdpbf16ps` (AVX-512-BF16).
//!
//! The blocking is the usual one (Goto and van de Geijn 2008): both operands are copied into the
//! order in which the kernel reads them, and a tile of 12 x 32 sums stays in registers. The unit
//! of the copies is a 32-bit word: two bf16 numbers with neighbouring inner indices, which one
//! lane of the instruction multiplies and adds.
#![expect(unsafe_code, reason = "AVX-512 intrinsics on packed buffers")]

use std::arch::x86_64::{
    __m256bh, __m256i, __m512, __m512bh, __m512i, __mmask16, _mm512_add_ps, _mm512_castsi512_ps,
    _mm512_cvtepu16_epi32, _mm512_cvtne2ps_pbh, _mm512_cvtneps_pbh, _mm512_dpbf16_ps,
    _mm512_loadu_ps, _mm512_mask_storeu_epi32, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps,
    _mm512_or_si512, _mm512_set1_epi32, _mm512_setzero_ps, _mm512_setzero_si512,
    _mm512_shuffle_i32x4, _mm512_slli_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};
use std::mem::MaybeUninit;

use rayon::prelude::*;

use super::Onto;
use crate::matrix::{MatrixMut, MatrixRef};

/// Rows of a tile.
const MR: usize = 12;
/// Columns of a tile: two registers.
const NR: usize = 32;
/// Words between the rows of a left panel, so that they do not all fall into the same cache sets.
const ROW_GAP: usize = 16;
/// Words of the inner dimension that are multiplied before the sums go back to memory.
const BLOCK_WORDS: usize = 256;
/// Panels of a block that one thread works on.
const BLOCK_LEFT: usize = 4;
const BLOCK_RIGHT: usize = 8;

/// The left operand `[m, k]`, rows padded with zeros to a multiple of [`MR`].
pub(crate) struct Left {
    words: Vec<u32>,
    rows: usize,
    row_words: usize,
    /// Words from one panel to the next.
    panel_step: usize,
    /// Distance of two rows of a panel, and of two words of a row.
    row_step: usize,
    word_step: usize,
}

/// The right operand `[k, n]`: panels of [`NR`] columns, padded with zeros.
#[derive(Debug)]
pub(crate) struct Right {
    words: Vec<u32>,
    cols: usize,
    col_words: usize,
}

impl Left {
    /// Packs a matrix.
    pub(crate) fn new(a: MatrixRef<'_>, is_parallel: bool) -> Self {
        let (rows, row_words) = (a.rows(), a.cols().div_ceil(2));
        let is_row_major = a.col_stride() == 1;
        let (panel_step, row_step, word_step) = if is_row_major {
            (MR * (row_words + ROW_GAP), row_words + ROW_GAP, 1)
        } else {
            (MR * row_words, 1, MR)
        };
        let words = pack(rows.div_ceil(MR), panel_step, is_parallel, |panel, out| {
            let lanes = a.some_rows(panel * MR..rows.min((panel + 1) * MR));
            if is_row_major {
                // SAFETY: only reached with AVX-512-BF16 (`Isa::Avx512Bf16`); `out` has room for
                // `MR` rows of `row_words` words and their gaps.
                unsafe { copy_rows(lanes, out) }
            } else {
                // SAFETY: as above; `out` has room for `row_words` groups of `MR` lanes.
                unsafe { interleave::<MR>(lanes, out) }
            }
        });
        Self {
            words,
            rows,
            row_words,
            panel_step,
            row_step,
            word_step,
        }
    }
}

impl Right {
    /// Packs a matrix.
    pub(crate) fn new(b: MatrixRef<'_>, is_parallel: bool) -> Self {
        let (cols, col_words) = (b.cols(), b.rows().div_ceil(2));
        let words = pack(
            cols.div_ceil(NR),
            NR * col_words,
            is_parallel,
            |panel, out| {
                let lanes = b.t().some_rows(panel * NR..cols.min((panel + 1) * NR));
                // SAFETY: as for `Left`; `out` has room for `col_words` groups of `NR` lanes.
                unsafe { interleave::<NR>(lanes, out) }
            },
        );
        Self {
            words,
            cols,
            col_words,
        }
    }

    /// Bytes held.
    pub(crate) fn n_bytes(&self) -> usize {
        self.words.len() * size_of::<u32>()
    }
}

/// New memory for panels of `size` words, each written whole by `fill(panel, words)`.
fn pack(
    n_panels: usize,
    size: usize,
    is_parallel: bool,
    fill: impl Fn(usize, &mut [MaybeUninit<u32>]) + Sync,
) -> Vec<u32> {
    let n_words = n_panels * size;
    let mut words: Vec<u32> = Vec::with_capacity(n_words);
    if n_words > 0 {
        let spare = &mut words.spare_capacity_mut()[..n_words];
        if is_parallel && n_words > 1 << 14 {
            let panels = spare.par_chunks_mut(size).enumerate();
            panels.for_each(|(panel, out)| fill(panel, out));
        } else {
            let panels = spare.chunks_mut(size).enumerate();
            panels.for_each(|(panel, out)| fill(panel, out));
        }
    }
    // SAFETY: the capacity is at least `n_words`, and `fill` (`copy_rows` or `interleave`) has
    // written every word of every panel.
    unsafe { words.set_len(n_words) };
    words
}

/// The first `n` lanes.
#[inline(always)]
fn mask(n: usize) -> __mmask16 {
    if n >= 16 { u16::MAX } else { (1 << n) - 1 }
}

/// 16 words: the numbers `at..at + 32` of a row of `len` with distance `step`, in pairs; 0 beyond
/// its end.
///
/// # Safety
/// `row` must be readable at `0, step, .., (len - 1) * step`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn pairs(row: *const f32, step: usize, len: usize, at: usize) -> __m512i {
    let load = |at: usize| {
        let n = len.saturating_sub(at).min(16);
        if step == 1 {
            // SAFETY: lanes beyond `len` are masked out; `at` is within the row or nothing is read.
            unsafe { _mm512_maskz_loadu_ps(mask(n), row.wrapping_add(at)) }
        } else {
            let mut values = [0_f32; 16];
            for (i, value) in values.iter_mut().take(n).enumerate() {
                // SAFETY: `at + i < len`.
                *value = unsafe { *row.add((at + i) * step) };
            }
            // SAFETY: `values` holds 16 numbers.
            unsafe { _mm512_loadu_ps(values.as_ptr()) }
        }
    };
    let pairs = _mm512_cvtne2ps_pbh(load(at + 16), load(at));
    // SAFETY: both types are 64 bytes of plain numbers.
    unsafe { std::mem::transmute::<__m512bh, __m512i>(pairs) }
}

/// Rows in pairs, one after the other with gaps of zeros, then zeros until `out` is full.
///
/// # Safety
/// The processor must have the named features, and the rows must be contiguous.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn copy_rows(rows: MatrixRef<'_>, out: &mut [MaybeUninit<u32>]) {
    debug_assert_eq!(rows.col_stride(), 1);
    let row_words = rows.cols().div_ceil(2);
    for (i, out) in out.chunks_exact_mut(row_words + ROW_GAP).enumerate() {
        let n_words = if i < rows.rows() { row_words } else { 0 };
        out[n_words..].fill(MaybeUninit::new(0));
        if n_words == 0 {
            continue;
        }
        let row = rows.as_ptr().wrapping_add(i * rows.row_stride());
        for at in (0..row_words).step_by(16) {
            let n = (row_words - at).min(16);
            // SAFETY: the view's row `i` has `cols` numbers; the store is masked to the `n` words
            // that are left of `out`.
            unsafe {
                let words = pairs(row, 1, rows.cols(), 2 * at);
                _mm512_mask_storeu_epi32(out.as_mut_ptr().add(at).cast(), mask(n), words);
            }
        }
    }
}

/// Lanes side by side: word `w` of lane `l` goes to `w * LANES + l`; lanes that `lanes` lacks are 0.
///
/// # Safety
/// The processor must have the named features; `out` must hold `LANES` words for each pair.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn interleave<const LANES: usize>(lanes: MatrixRef<'_>, out: &mut [MaybeUninit<u32>]) {
    let n_words = lanes.cols().div_ceil(2);
    assert_eq!(out.len(), n_words * LANES);
    for first in (0..LANES).step_by(16) {
        let n = lanes.rows().saturating_sub(first).min(16);
        let width = (LANES - first).min(16);
        let target = out.as_mut_ptr().wrapping_add(first).cast::<i32>();
        let source = lanes.as_ptr().wrapping_add(first * lanes.row_stride());
        // SAFETY: lanes `first..first + n` lie in the view; the words of lanes
        // `first..first + width` of each group lie in `out`.
        unsafe {
            if lanes.row_stride() == 1 {
                interleave_columns(
                    source,
                    n,
                    lanes.cols(),
                    lanes.col_stride(),
                    target,
                    LANES,
                    width,
                );
            } else {
                interleave_rows(source, n, &lanes, target, LANES, width);
            }
        }
    }
}

/// 16 lanes that lie side by side in memory, at each of `len` inner indices `step` apart.
///
/// # Safety
/// `source` must be readable at `i * step + l` for `i < len`, `l < n`; `target` writable at
/// `w * group + l` for `w < ceil(len / 2)`, `l < width`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn interleave_columns(
    source: *const f32,
    n: usize,
    len: usize,
    step: usize,
    target: *mut i32,
    group: usize,
    width: usize,
) {
    let half = |i: usize| {
        let lanes = if i < len { mask(n) } else { 0 };
        // SAFETY: lanes beyond `n` and indices beyond `len` are masked out.
        let values = unsafe { _mm512_maskz_loadu_ps(lanes, source.wrapping_add(i * step)) };
        // SAFETY: both types are 32 bytes of plain numbers.
        let bits = unsafe { std::mem::transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(values)) };
        _mm512_cvtepu16_epi32(bits)
    };
    for w in 0..len.div_ceil(2) {
        let words = _mm512_or_si512(half(2 * w), _mm512_slli_epi32(half(2 * w + 1), 16));
        // SAFETY: masked to the `width` lanes that the caller promises.
        unsafe { _mm512_mask_storeu_epi32(target.wrapping_add(w * group), mask(width), words) };
    }
}

/// Lanes that are rows in memory: 16 words of 16 rows at a time, transposed.
///
/// # Safety
/// As for [`interleave_columns`], lane `l` being row `l` of `lanes` counted from `source`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
unsafe fn interleave_rows(
    source: *const f32,
    n: usize,
    lanes: &MatrixRef<'_>,
    target: *mut i32,
    group: usize,
    width: usize,
) {
    let n_words = lanes.cols().div_ceil(2);
    for at in (0..n_words).step_by(16) {
        let mut tile = [_mm512_setzero_si512(); 16];
        for (l, words) in tile.iter_mut().take(n).enumerate() {
            let row = source.wrapping_add(l * lanes.row_stride());
            // SAFETY: row `l` has `cols` numbers `col_stride` apart.
            *words = unsafe { pairs(row, lanes.col_stride(), lanes.cols(), 2 * at) };
        }
        let tile = transpose(tile);
        for (w, words) in tile.into_iter().take(n_words - at).enumerate() {
            let target = target.wrapping_add((at + w) * group);
            // SAFETY: masked to the `width` lanes that the caller promises.
            unsafe { _mm512_mask_storeu_epi32(target, mask(width), words) };
        }
    }
}

/// The transpose of 16 rows of 16 words: in pairs, in fours, then whole quarters.
#[inline]
#[target_feature(enable = "avx512f")]
fn transpose(mut rows: [__m512i; 16]) -> [__m512i; 16] {
    let mut pairs = rows;
    for i in (0..16).step_by(2) {
        pairs[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
    // Now `rows[4 * i + c]` is to hold words `c, 4 + c, 8 + c, 12 + c` of rows `4 * i..4 * i + 4`.
    for i in (0..16).step_by(4) {
        rows[i] = _mm512_unpacklo_epi64(pairs[i], pairs[i + 2]);
        rows[i + 1] = _mm512_unpackhi_epi64(pairs[i], pairs[i + 2]);
        rows[i + 2] = _mm512_unpacklo_epi64(pairs[i + 1], pairs[i + 3]);
        rows[i + 3] = _mm512_unpackhi_epi64(pairs[i + 1], pairs[i + 3]);
    }
    for c in 0..4 {
        let even = _mm512_shuffle_i32x4(rows[c], rows[4 + c], 0x88);
        let odd = _mm512_shuffle_i32x4(rows[c], rows[4 + c], 0xdd);
        let even_below = _mm512_shuffle_i32x4(rows[8 + c], rows[12 + c], 0x88);
        let odd_below = _mm512_shuffle_i32x4(rows[8 + c], rows[12 + c], 0xdd);
        pairs[c] = _mm512_shuffle_i32x4(even, even_below, 0x88);
        pairs[4 + c] = _mm512_shuffle_i32x4(odd, odd_below, 0x88);
        pairs[8 + c] = _mm512_shuffle_i32x4(even, even_below, 0xdd);
        pairs[12 + c] = _mm512_shuffle_i32x4(odd, odd_below, 0xdd);
    }
    pairs
}

/// `a b` into every element of `out`.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn multiply(out: MatrixMut<'_>, a: &Left, b: &Right, onto: Onto<'_>, is_parallel: bool) {
    assert_eq!(
        (out.rows(), out.cols(), a.row_words),
        (a.rows, b.cols, b.col_words),
        "shapes of a product"
    );
    if let Onto::Bias(row) = onto {
        assert_eq!(row.len(), b.cols, "length of the bias");
    }
    if a.rows == 0 || b.cols == 0 {
        return;
    }
    let n_work = a.rows * b.cols * a.row_words;
    let blocks_across = b.cols.div_ceil(BLOCK_RIGHT * NR);
    let blocks = out.into_blocks(BLOCK_LEFT * MR, BLOCK_RIGHT * NR);
    let work = |(idx, block): (usize, MatrixMut<'_>)| {
        let at = (
            idx / blocks_across * BLOCK_LEFT,
            idx % blocks_across * BLOCK_RIGHT,
        );
        multiply_block(block, at, a, b, onto);
    };
    if is_parallel && n_work > 1 << 16 {
        blocks.into_par_iter().enumerate().for_each(work);
    } else {
        blocks.into_iter().enumerate().for_each(work);
    }
}

/// One block, which begins at panel `left` of `a` and panel `right` of `b`.
fn multiply_block(
    mut out: MatrixMut<'_>,
    (left, right): (usize, usize),
    a: &Left,
    b: &Right,
    onto: Onto<'_>,
) {
    let (rows, cols, row_stride) = (out.rows(), out.cols(), out.row_stride());
    let all_words = a.row_words;
    let mut done = 0;
    // At least once, so that the output is written where there is nothing to sum.
    loop {
        let n_words = (all_words - done).min(BLOCK_WORDS);
        for j in 0..cols.div_ceil(NR) {
            let start = match onto {
                _ if done > 0 => Start::Output,
                Onto::Nothing => Start::Zero,
                Onto::Output => Start::Output,
                Onto::Bias(row) => Start::Row(row[(right + j) * NR..].as_ptr()),
            };
            for i in 0..rows.div_ceil(MR) {
                let tile = Tile {
                    n_words,
                    a: a.words[(left + i) * a.panel_step + done * a.word_step..].as_ptr(),
                    row_step: a.row_step,
                    word_step: a.word_step,
                    b: b.words[((right + j) * all_words + done) * NR..].as_ptr(),
                    // SAFETY: row `i * MR` and column `j * NR` lie in the block.
                    out: unsafe { out.as_mut_ptr().add(i * MR * row_stride + j * NR) },
                    row_stride,
                    rows: (rows - i * MR).min(MR),
                    cols: (cols - j * NR).min(NR),
                };
                // SAFETY: `Left` and `Right` exist only where the processor has the features (they
                // are made with them). Panel `left + i` of `a` holds `MR` rows of `all_words`
                // words at the steps given, panel `right + j` of `b` holds `all_words` groups of
                // `NR`, and `done + n_words <= all_words`. The tile's rows and columns lie in
                // `out`, exclusively borrowed; a bias row is as long as the output is wide.
                unsafe { tile.run(start) };
            }
        }
        done += n_words;
        if done >= all_words {
            return;
        }
    }
}

/// What the sums of a tile begin with.
#[derive(Clone, Copy)]
enum Start {
    Zero,
    Output,
    Row(*const f32),
}

/// Some words of one panel of each operand, and where their product goes.
struct Tile {
    n_words: usize,
    a: *const u32,
    row_step: usize,
    word_step: usize,
    b: *const u32,
    out: *mut f32,
    row_stride: usize,
    rows: usize,
    cols: usize,
}

impl Tile {
    /// Runs the kernel for as many rows as there are.
    ///
    /// # Safety
    /// See [`Tile::sums`].
    #[inline]
    unsafe fn run(&self, start: Start) {
        // SAFETY: passed on; a kernel for fewer rows reads and writes less.
        unsafe {
            match self.rows {
                1 => self.sums::<1>(start),
                2 => self.sums::<2>(start),
                3 | 4 => self.sums::<4>(start),
                5..=8 => self.sums::<8>(start),
                _ => self.sums::<MR>(start),
            }
        }
    }

    /// The kernel, for `M` rows of which the first `rows` are stored.
    ///
    /// # Safety
    /// The processor must have AVX-512-BF16. `a` must be readable at `r * row_step + w *
    /// word_step` for `r < M`, `w < n_words`; `b` at `w * NR + c` for `c < NR`; `out` (and a start
    /// row) at `r * row_stride + c` for `r < rows <= M`, `c < cols <= NR`, and nothing else may use
    /// those elements of `out` meanwhile.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512bf16")]
    unsafe fn sums<const M: usize>(&self, start: Start) {
        let masks = [mask(self.cols), mask(self.cols.saturating_sub(16))];
        let mut sums = [[_mm512_setzero_ps(); 2]; M];
        for w in 0..self.n_words {
            // SAFETY: `w < n_words`, as the caller promises.
            let (b, a) = unsafe {
                let b = self.b.add(w * NR).cast::<f32>();
                let b = [_mm512_loadu_ps(b), _mm512_loadu_ps(b.add(16))];
                (b.map(as_bf16), self.a.add(w * self.word_step))
            };
            for (r, sums) in sums.iter_mut().enumerate() {
                // SAFETY: `r < M`, as the caller promises.
                let a = unsafe { *a.add(r * self.row_step) };
                let a = as_bf16(_mm512_castsi512_ps(_mm512_set1_epi32(a.cast_signed())));
                sums[0] = _mm512_dpbf16_ps(sums[0], a, b[0]);
                sums[1] = _mm512_dpbf16_ps(sums[1], a, b[1]);
            }
        }
        for (r, sums) in sums.iter().enumerate().take(self.rows) {
            let out = self.out.wrapping_add(r * self.row_stride);
            for (half, (sum, mask)) in sums.iter().zip(masks).enumerate() {
                let out = out.wrapping_add(16 * half);
                // SAFETY: masked to the columns that exist; `r < rows`.
                unsafe {
                    let sum = match start {
                        Start::Zero => *sum,
                        Start::Output => _mm512_add_ps(_mm512_maskz_loadu_ps(mask, out), *sum),
                        Start::Row(row) => {
                            let row = row.wrapping_add(16 * half);
                            _mm512_add_ps(_mm512_maskz_loadu_ps(mask, row), *sum)
                        }
                    };
                    _mm512_mask_storeu_ps(out, mask, sum);
                }
            }
        }
    }
}

/// The same 64 bytes as bf16 numbers.
#[inline(always)]
fn as_bf16(words: __m512) -> __m512bh {
    // SAFETY: both types are 64 bytes of plain numbers.
    unsafe { std::mem::transmute::<__m512, __m512bh>(words) }
}
