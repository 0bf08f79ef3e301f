//! The metrics, one file each. What adds up over instances is a type of counts, so that the bootstrap
//! over dialogues needs no more code; each file says paper, variant, tokens, range and direction.
//!
//! Absent on purpose: METEOR, whose synonym stage needs WordNet and of which no kept Rust
//! implementation exists; a number under its name from anything less would not be METEOR.

mod accuracy;
mod agreement;
mod bertscore;
mod bleu;
mod calibration;
mod confusion;
mod counts;
mod distinct;
mod f1;
mod ngrams;
mod perplexity;
mod repetition;
mod rouge;
mod sacrebleu;
mod top_k;
mod unigram_f1;

pub use accuracy::accuracy;
pub use agreement::{
    Ratings, Scale, cohen_kappa, fleiss_kappa, krippendorff_alpha, label_agreement,
    percent_agreement,
};
pub use bertscore::{BertScore, TokenVectors, TokenWeights, bert_score};
pub use bleu::{BleuCounts, bleu};
pub use calibration::{Bin, Calibration, N_BINS};
pub use confusion::Confusion;
pub use counts::ClassCounts;
pub use distinct::Distinct;
pub use f1::{ClassScore, macro_f1, micro_f1, per_class, weighted_f1};
pub use perplexity::LogProbSum;
pub use repetition::repetition;
pub use rouge::{rouge_l, rouge_l_beta, rouge_n};
pub use sacrebleu::{SACREBLEU_SIGNATURE, sacrebleu};
pub use top_k::is_in_top_k;
pub use unigram_f1::unigram_f1;
