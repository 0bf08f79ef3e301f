//! Fixtures, tolerances and the golden loader. A dev-dependency only.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "test support: it tells what is skipped and fails loudly"
)]

mod data;

pub use data::shared_data;
