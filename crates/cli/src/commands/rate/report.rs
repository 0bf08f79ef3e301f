//! `smes rate report` and `smes rate export`: what the ratings come to, and the ratings themselves.

use std::path::PathBuf;

use smes_rating::{
    JUDGE_HEADERS, JudgeReport, RaterId, RaterReport, ReportOptions, Study, StudyReport,
    TABLE_HEADERS, judge_rows, latex, report, table_rows,
};

use super::bad_study;
use crate::console::{Console, Output};

const EXAMPLE: &str = "\
Example:
  smes rate report study
  smes rate report study --latex > table5.tex
  smes rate report study --leave-out r2

Can be asked for while the site is open. Raters who miss checks are left out by `--min-checks`, named,
and the JSON also has the figures with everybody.";

/// Table V: wins, ties, losses, tests, agreement.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ReportArgs {
    /// The study.
    study: PathBuf,
    /// Least share of the checks that a rater must have done right.
    #[arg(long, default_value_t = ReportOptions::default().min_checks, value_name = "SHARE")]
    min_checks: f64,
    /// Leaves a rater out by hand; the report says so.
    #[arg(long, value_name = "RATER")]
    leave_out: Vec<RaterId>,
    /// Prints a LaTeX table.
    #[arg(long, conflicts_with = "json")]
    latex: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Writes every single answer as a row.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:\n  smes rate export study > ratings.jsonl\n\n\
    One JSON object a line, also of raters that a report leaves out; nobody's words are in it.")]
pub(crate) struct ExportArgs {
    /// The study.
    study: PathBuf,
}

pub(crate) fn run(args: &ReportArgs, console: &Console) -> anyhow::Result<()> {
    let study = Study::open(&args.study).map_err(bad_study)?;
    let options = ReportOptions {
        min_checks: args.min_checks,
        left_out: args.leave_out.clone(),
    };
    let made = report(&study, &options).map_err(bad_study)?;
    if console.is_json() {
        return console.json(&made);
    }
    if args.latex {
        console.line(latex(&made).trim_end());
        return Ok(());
    }
    let (a, b) = (&made.study.a, &made.study.b);
    console.line(&format!(
        "{} ({}) against {} ({}) on {} moments of the {} split of `{}`",
        a.name,
        a.reasoner,
        b.name,
        b.reasoner,
        made.study.options.n_items,
        made.study.split,
        made.study.corpus.name
    ));
    console.table(&TABLE_HEADERS, &table_rows(&made.questions));
    console.line("");
    console.table(&RATER_HEADERS, &rater_rows(&made.raters));
    for note in notes(&made) {
        console.note(&note);
    }
    for judge in &made.judges {
        judge_told(judge, console);
    }
    Ok(())
}

/// A model's judgements, apart from those of people.
fn judge_told(judge: &JudgeReport, console: &Console) {
    console.line(&format!(
        "\nNo human evaluation: {} as judge (model {} at {}), {} moments in both orders",
        judge.name, judge.asked.model, judge.asked.host, judge.n_items
    ));
    console.table(&JUDGE_HEADERS, &judge_rows(judge));
    console.note(
        "a moment is won when it is won in both orders; first place: choices of the answer that came \
         first, with a sign test; as raters: same verdict as their majority (Cohen's kappa)",
    );
    if judge.n_failed > 0 {
        console.note(&format!(
            "{} judgements have no usable answer",
            judge.n_failed
        ));
    }
}

pub(crate) fn export(args: &ExportArgs, console: &Console) -> anyhow::Result<()> {
    let study = Study::open(&args.study).map_err(bad_study)?;
    for row in smes_rating::export(&study).map_err(bad_study)? {
        console.line(&serde_json::to_string(&row)?);
    }
    Ok(())
}

const RATER_HEADERS: [&str; 7] = [
    "Rater",
    "Done",
    "Checks",
    "Same twice",
    "Left side",
    "Ties",
    "Pace",
];

fn rater_rows(raters: &[RaterReport]) -> Vec<Vec<String>> {
    let percent = |share: Option<f64>| {
        share.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", share * 100.0))
    };
    let row = |rater: &RaterReport| {
        let mark = if rater.left_out.is_some() {
            " (left out)"
        } else {
            ""
        };
        vec![
            format!("{}{mark}", rater.rater),
            format!("{}/{}", rater.n_whole, rater.n_tasks),
            format!("{}/{}", rater.checks.n_right, rater.checks.n),
            format!("{}/{}", rater.repeats.n_right, rater.repeats.n),
            percent(rater.left_share),
            percent(rater.tie_share),
            rater
                .pace_s
                .map_or_else(|| "-".to_owned(), |pace| format!("{pace:.0} s")),
        ]
    };
    raters.iter().map(row).collect()
}

/// What one has to know to read the tables.
fn notes(report: &StudyReport) -> Vec<String> {
    let n_whole = report
        .questions
        .first()
        .map_or(0, |row| row.agreement.n_whole_items);
    let mut notes = vec![
        format!(
            "a win is one of {}; percent of moments by the majority of raters [95 % Wilson interval]",
            report.study.a.name
        ),
        format!(
            "p: sign test, corrected over the five questions by Holm, * below 0.05; kappa: Fleiss over {n_whole} moments that all rated; alpha: Krippendorff, nominal"
        ),
    ];
    for rater in &report.raters {
        if let Some(why) = &rater.left_out {
            notes.push(format!("{} is left out: {why}", rater.rater));
        }
    }
    let counts = report.study.counts;
    if counts.n_dialogues < report.study.options.n_items {
        notes.push(format!(
            "{} moments are of {} dialogues: those of one dialogue are not independent, so intervals are somewhat too narrow",
            report.study.options.n_items, counts.n_dialogues
        ));
    }
    notes.push(format!(
        "not rated, of {} moments that both predicted: {} that both answer alike, {} without two responses",
        counts.n_common, counts.n_identical, counts.n_without_response
    ));
    notes
}
