//! Human evaluation: which of two systems answers better, as people judge it blind. No web, no models.
//!
//! The place in the flow: two prediction files with responses go in ([`sample()`]), a study folder
//! comes out ([`Study`]), raters answer five questions about each moment ([`Store`]), and [`report()`]
//! makes Table V of the SMES paper of their answers: wins, ties and losses with intervals, sign tests,
//! and how far the raters agree with each other and with themselves.

mod append;
mod choice;
mod code;
mod error;
mod export;
mod journal;
mod judge;
mod latex;
mod report;
mod sample;
mod schedule;
mod store;
mod study;
#[cfg(test)]
mod test_support;

pub use choice::{Choice, Question, System, Verdict};
pub use code::Code;
pub use error::RatingError;
pub use export::{ExportRow, export};
pub use journal::{Answers, TaskAnswers};
pub use judge::{
    JUDGE_HEADERS, JudgeHeader, JudgeOptions, JudgeQuestion, JudgeReport, Judged, Judgement,
    WithRaters, judge, judge_rows,
};
pub use latex::latex;
pub use report::{
    Agreement, QuestionReport, RaterReport, ReportOptions, Share, StudyReport, TABLE_HEADERS,
    report, table_rows,
};
pub use sample::{Moment, Sample, SampleOptions, sample};
pub use schedule::{Task, TaskKind};
pub use smes_endpoint as endpoint;
pub use store::{Progress, Store, TaskView};
pub use study::{Invitation, Item, Manifest, Rater, RaterId, Said, Study, SystemInfo};
