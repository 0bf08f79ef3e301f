//! Which instructions run: chosen at run time, and how tests choose the portable ones.

use std::sync::atomic::{AtomicBool, Ordering};

static IS_PORTABLE: AtomicBool = AtomicBool::new(false);

/// Makes every operation of this process take its portable path (`true`) or the best one the
/// processor has (`false`, the start). For tests that compare the two.
pub fn force_portable(is_portable: bool) {
    IS_PORTABLE.store(is_portable, Ordering::Relaxed);
}

/// What the matrix kernels may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Isa {
    /// Plain Rust.
    Portable,
    /// AVX-512 (F, BW, VL) with bf16 dot products.
    Avx512Bf16,
}

impl Isa {
    /// The best for bf16 products.
    pub(crate) fn for_bf16() -> Self {
        if !IS_PORTABLE.load(Ordering::Relaxed) && has_avx512_bf16() {
            Self::Avx512Bf16
        } else {
            Self::Portable
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx512_bf16() -> bool {
    is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("avx512bf16")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_avx512_bf16() -> bool {
    false
}

/// Whether int8 products may use AVX-512-VNNI.
pub(crate) fn has_vnni() -> bool {
    #[cfg(target_arch = "x86_64")]
    let has = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vnni");
    #[cfg(not(target_arch = "x86_64"))]
    let has = false;
    has && !IS_PORTABLE.load(Ordering::Relaxed)
}

/// Runs a loop compiled for the widest vectors of the processor. The loop must be written in
/// lanes (see [`crate::math`]); its result is then the same for every width.
#[inline(always)]
pub(crate) fn vectorise<R>(f: impl FnOnce() -> R) -> R {
    if IS_PORTABLE.load(Ordering::Relaxed) {
        f()
    } else {
        pulp::Arch::new().dispatch(f)
    }
}

/// As [`vectorise`], for a loop that is written in the vectors of whichever processor runs it: for
/// sums side by side, which the compiler does not keep in registers by itself. The result depends
/// on their width as much as on the order of the additions.
#[inline(always)]
pub(crate) fn with_simd<W: pulp::WithSimd>(work: W) -> W::Output {
    if IS_PORTABLE.load(Ordering::Relaxed) {
        work.with_simd(pulp::Scalar)
    } else {
        pulp::Arch::new().dispatch(work)
    }
}
