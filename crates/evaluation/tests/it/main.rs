//! Tests of scoring against scikit-learn and against the known figures of MESC.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod agreement;
mod bad_input;
mod bertscore;
mod facts;
mod foreign;
mod labels;
mod mesc;
mod report;
mod shared_rows;
mod significance;
mod support;
mod text;
