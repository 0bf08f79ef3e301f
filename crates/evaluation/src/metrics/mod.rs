//! The metrics, one file each, over additive counts by class.

mod accuracy;
mod counts;
mod f1;

pub use accuracy::accuracy;
pub use counts::ClassCounts;
pub use f1::{ClassScore, macro_f1, per_class, weighted_f1};
