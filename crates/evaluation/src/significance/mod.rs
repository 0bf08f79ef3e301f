//! Intervals and tests for counts of wins and losses, one file each.

mod holm;
mod sign_test;
mod wilson;

pub use holm::holm;
pub use sign_test::sign_test;
pub use wilson::wilson_95;
