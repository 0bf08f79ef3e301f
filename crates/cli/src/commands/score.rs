//! `smes score`: a prediction file's figures, with the controls beside them.

use std::path::PathBuf;

use smes_evaluation::{Resampling, ScoreReport, TABLE_HEADERS, score, table_rows};

use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Example:
  smes predict --corpus corpora/mesc --split test --reasoner starter --out predictions.jsonl
  smes score predictions.jsonl
  smes score predictions.jsonl --json

Anyone's predictions can be scored; `docs/guides/add-a-model.md` describes the file.";

/// Scores a predictions file, controls beside it.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ScoreArgs {
    /// The predictions, as `smes predict` writes them.
    predictions: PathBuf,
    /// Draws of the bootstrap for the 95 % intervals by dialogue; 0 for no intervals.
    #[arg(long, default_value_t = Resampling::default().n, value_name = "N")]
    resamples: usize,
    /// Seed of the bootstrap.
    #[arg(long, default_value_t = Resampling::default().seed, value_name = "SEED")]
    seed: u64,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &ScoreArgs, console: &Console) -> anyhow::Result<()> {
    let options = Resampling {
        n: args.resamples,
        seed: args.seed,
    };
    let report = score(&args.predictions, options)
        .map_err(|error| Advice::bad_input(error.hint(), error))?;
    if console.is_json() {
        return console.json(&report);
    }
    console.line(&format!(
        "{} on the {} split of `{}`, protocol `{}`",
        report.reasoner, report.split, report.corpus.name, report.protocol
    ));
    console.table(&TABLE_HEADERS, &table_rows(&report));
    for note in notes(&report) {
        console.note(&note);
    }
    Ok(())
}

/// What one has to know to read the table.
fn notes(report: &ScoreReport) -> Vec<String> {
    let mut notes = vec![format!(
        "percent; [95 % bootstrap interval over {} dialogues]; * best of its task",
        report.n_dialogues
    )];
    let tasks = [
        ("user emotion", &report.user_emotion),
        ("strategy", &report.strategy),
        ("system emotion", &report.system_emotion),
    ];
    for (name, score) in tasks {
        if let Some(score) = score.as_ref().filter(|score| score.coverage < 1.0) {
            notes.push(format!(
                "{name}: {:.1} % of the instances have a prediction; the others count as wrong",
                score.coverage * 100.0
            ));
        }
    }
    if report.n_without_seeker > 0 {
        notes.push(format!(
            "{} instances come before any word of a seeker; where a user emotion is scored there, it is the published code's convention",
            report.n_without_seeker
        ));
    }
    notes
}
