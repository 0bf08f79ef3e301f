//! `smes rate`: human evaluation, from the sample to Table V.

mod invite;
mod judge;
mod new;
mod report;
mod serve;

use clap::{Args, Subcommand};
use smes_rating::RatingError;

use crate::console::Console;
use crate::exit::Advice;

const EXAMPLE: &str = "\
Example:
  smes predict --corpus corpora/mesc --reasoner starter --responses --out ours.jsonl
  smes rate new --system ours=ours.jsonl --system theirs=theirs.jsonl \\
    --corpus corpora/mesc --items 100 --seed 1 --out study
  smes rate invite study --raters 3
  smes rate serve study
  smes rate report study

A study folder holds dialogues in people's words: treat it as you treat the corpus.";

/// Arguments of `smes rate`.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct RateArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Draws moments that two systems answered, and makes a blind study of them.
    New(new::NewArgs),
    /// Invites raters: a link each, shown once.
    Invite(invite::InviteArgs),
    /// Opens the rating site.
    Serve(serve::RateServeArgs),
    /// Asks a model the same questions, in both orders. No human evaluation.
    Judge(judge::JudgeArgs),
    /// Table V: wins, ties, losses, tests, agreement.
    Report(report::ReportArgs),
    /// Writes every single answer as a row.
    Export(report::ExportArgs),
}

impl RateArgs {
    /// Whether the result is wanted as JSON.
    pub(crate) fn prints_json(&self) -> bool {
        match &self.action {
            Action::New(args) => args.output.json,
            Action::Invite(args) => args.output.json,
            Action::Serve(args) => args.output.json,
            Action::Judge(args) => args.output.json,
            Action::Report(args) => args.output.json,
            Action::Export(_) => false,
        }
    }
}

pub(crate) fn run(args: &RateArgs, console: &Console) -> anyhow::Result<()> {
    match &args.action {
        Action::New(args) => new::run(args, console),
        Action::Invite(args) => invite::run(args, console),
        Action::Serve(args) => serve::run(args, console),
        Action::Judge(args) => judge::run(args, console),
        Action::Report(args) => report::run(args, console),
        Action::Export(args) => report::export(args, console),
    }
}

/// An error of a study, with its advice.
fn bad_study(error: RatingError) -> anyhow::Error {
    match error {
        RatingError::InUse { .. } => Advice::missing(error.hint(), error),
        RatingError::Io { .. } | RatingError::Hash => error.into(),
        _ => Advice::bad_input(error.hint(), error),
    }
}
