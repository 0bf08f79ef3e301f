//! A model as a further rater, marked as such: it is no human evaluation.
//!
//! Each moment is judged twice, each answer first once, because models prefer a place. A model that
//! prefers one system in both orders gives it the win; otherwise the moment is a tie (as MT-Bench,
//! Zheng et al. 2023, section 3.4). What it answers lies in `judges/<name>.jsonl`, a line a judgement,
//! beginning with what was asked of whom; a run that stopped goes on where it was.

mod file;
mod prompt;
mod report;
mod run;

pub use file::{JudgeHeader, Judgement};
pub(crate) use report::reports;
pub use report::{JUDGE_HEADERS, JudgeQuestion, JudgeReport, WithRaters, judge_rows};
pub use run::{JudgeOptions, Judged, judge};
