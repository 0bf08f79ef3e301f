//! BLEU as sacreBLEU computes it, to compare with other work.
//!
//! Source: Post 2018; reference: sacrebleu 2.6.0 with its defaults, see [`SACREBLEU_SIGNATURE`].
//! Tokens: [`crate::text::tokenize_13a`], case kept. Range `0..=1` (sacreBLEU prints it times 100),
//! higher is better. The i-th order without a match counts `1 / (2^i * total)`; no match of any
//! order, or an order without any n-gram, gives 0.

use super::bleu::{BleuCounts, MAX_ORDER};

/// What a paper writes beside the number.
pub const SACREBLEU_SIGNATURE: &str = "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0";

/// BLEU of counts made with [`BleuCounts::new`] over tokens of `13a`.
pub fn sacrebleu(counts: &BleuCounts) -> f64 {
    let is_without_match = counts.matches.iter().all(|&n| n == 0);
    if is_without_match || counts.totals.contains(&0) {
        return 0.0;
    }
    let mut penalty = 1.0;
    let mut log_sum = 0.0;
    for (&matches, &total) in counts.matches.iter().zip(&counts.totals) {
        let precision = if matches == 0 {
            penalty *= 2.0;
            1.0 / (penalty * total as f64)
        } else {
            matches as f64 / total as f64
        };
        log_sum += precision.ln();
    }
    counts.brevity_penalty() * (log_sum / MAX_ORDER as f64).exp()
}
