//! Tests of scoring against scikit-learn and against the known figures of MESC.

#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

mod agreement;
mod bertscore;
mod labels;
mod mesc;
mod significance;
mod text;
