//! `smes corpus`: import, check, stats, folds, export.

mod import;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Subcommand};
use smes_corpus::{
    CheckReport, Corpus, CorpusError, ExportError, ExportFormat, FoldPlan, LabelCounts, RoleCounts,
    Statistics,
};
use smes_dialogue::SplitName;

use self::import::ImportArgs;
use crate::console::{Console, Output};
use crate::exit::Advice;

/// Arguments of `smes corpus`.
#[derive(Args, Debug)]
pub(crate) struct CorpusArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// Makes a corpus folder out of published files.
    #[command(subcommand)]
    Import(ImportArgs),
    /// Checks a corpus folder again: checksum, ids, labels, splits, cues.
    #[command(after_help = "Example:\n  smes corpus check corpora/mesc\n\n\
        Ends with code 3 when there are problems. Rows that two splits share are counted, \
        they are no problem of the folder.")]
    Check {
        /// The corpus folder.
        dir: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Counts: Tables II and III and Figure 3 of the MESC paper.
    #[command(after_help = "Example:\n  smes corpus stats corpora/mesc --plots plots")]
    Stats {
        /// The corpus folder.
        dir: PathBuf,
        /// Also draws charts (SVG) into this folder.
        #[arg(long, value_name = "DIR")]
        plots: Option<PathBuf>,
        #[command(flatten)]
        output: Output,
    },
    /// Cuts a corpus into folds for cross-validation, each a corpus folder.
    #[command(after_help = "Example:\n  \
        smes corpus folds corpora/mesc --of validation,test --n-folds 4 --out corpora/mesc-folds\n\n\
        In fold i, part i is the test split, the next one validation, the others train.")]
    Folds {
        /// The corpus folder.
        dir: PathBuf,
        /// The splits whose dialogues are dealt out.
        #[arg(
            long,
            value_delimiter = ',',
            value_name = "SPLITS",
            default_value = "train"
        )]
        of: Vec<SplitName>,
        /// Number of folds, at least 3.
        #[arg(long, value_name = "N", default_value_t = 4)]
        n_folds: usize,
        /// Seed of the order in which dialogues are dealt.
        #[arg(long, default_value_t = 0)]
        seed: u64,
        /// Also fits on the dialogues of the other splits, in every fold.
        #[arg(long)]
        keep_rest: bool,
        /// The folder to write `0`, `1`, ... into.
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        #[command(flatten)]
        output: Output,
    },
    /// Writes a corpus as one file of another format.
    #[command(after_help = "Example:\n  \
        smes corpus export corpora/mesc --format parquet --out mesc.parquet")]
    Export {
        /// The corpus folder.
        dir: PathBuf,
        /// jsonl, csv, parquet, or chat (messages for fine-tuning).
        #[arg(long)]
        format: ExportFormat,
        /// The file to write.
        #[arg(long, value_name = "F")]
        out: PathBuf,
        #[command(flatten)]
        output: Output,
    },
}

impl CorpusArgs {
    /// Whether the result is wanted as JSON.
    pub(crate) fn prints_json(&self) -> bool {
        match &self.action {
            Action::Import(_) => false,
            Action::Check { output, .. }
            | Action::Stats { output, .. }
            | Action::Folds { output, .. }
            | Action::Export { output, .. } => output.json,
        }
    }
}

pub(crate) fn run(args: &CorpusArgs, console: &Console) -> anyhow::Result<()> {
    match &args.action {
        Action::Import(import) => import::run(import, console),
        Action::Check { dir, .. } => run_check(dir, console),
        Action::Stats { dir, plots, .. } => run_stats(dir, plots.as_deref(), console),
        Action::Folds {
            dir,
            of,
            n_folds,
            seed,
            keep_rest,
            out,
            ..
        } => {
            let plan = FoldPlan {
                of: of.clone(),
                n_folds: *n_folds,
                seed: *seed,
                keep_rest: *keep_rest,
            };
            run_folds(dir, &plan, out, console)
        }
        Action::Export {
            dir, format, out, ..
        } => run_export(dir, *format, out, console),
    }
}

fn run_check(dir: &Path, console: &Console) -> anyhow::Result<()> {
    let corpus = open(dir)?;
    let report = smes_corpus::check(&corpus).map_err(corpus_error)?;
    if console.is_json() {
        console.json(&report)?;
    } else {
        print_check(&report, dir, console);
    }
    if report.n_problems > 0 {
        return Err(Advice::bad_input(
            Some("import the corpus again, or mend the lines named above".into()),
            anyhow::anyhow!("{} problems in `{}`", report.n_problems, dir.display()),
        ));
    }
    Ok(())
}

fn print_check(report: &CheckReport, dir: &Path, console: &Console) {
    for problem in &report.problems {
        let dialogue = problem.dialogue.as_ref().map_or_else(String::new, |id| {
            let utterance = problem
                .utterance
                .map_or_else(String::new, |idx| format!(", utterance {idx}"));
            format!(" (dialogue {id}{utterance})")
        });
        let kind = format!("{:?}", problem.kind);
        console.line(&format!(
            "{}:{}{dialogue}: {kind}: {}",
            problem.file, problem.line, problem.detail
        ));
    }
    if report.n_problems > report.problems.len() as u64 {
        console.line(&format!("... {} problems in all", report.n_problems));
    }
    for leakage in &report.leakage {
        console.line(&format!(
            "note: {} rows of {} are also in {}; {} {} dialogues have one",
            leakage.n_rows,
            leakage.held_out,
            leakage.shared_with,
            leakage.n_dialogues,
            leakage.held_out
        ));
    }
    let n_cues: u64 = report.cues.values().sum();
    if report.n_problems == 0 {
        console.line(&format!(
            "{}: {} dialogues, {} utterances, {n_cues} cues, no problem; \
             next: smes corpus stats {}",
            report.corpus,
            report.counts.dialogues,
            report.counts.utterances,
            dir.display()
        ));
    }
}

fn run_stats(dir: &Path, plots: Option<&Path>, console: &Console) -> anyhow::Result<()> {
    let corpus = open(dir)?;
    let statistics = smes_corpus::statistics(&corpus).map_err(corpus_error)?;
    if console.is_json() {
        console.json(&statistics)?;
    } else {
        print_statistics(&statistics, console);
    }
    let Some(folder) = plots else {
        console.note(&format!(
            "nothing written; next: smes corpus stats {} --plots DIR",
            dir.display()
        ));
        return Ok(());
    };
    fs_err::create_dir_all(folder)?;
    let charts = smes_corpus::statistics_plots(&statistics).context("drawing the charts")?;
    let mut names = Vec::new();
    for (file, svg) in charts {
        fs_err::write(folder.join(file), svg)?;
        names.push(file);
    }
    console.note(&format!(
        "wrote {} in {}; open them in a browser",
        names.join(", "),
        folder.display()
    ));
    Ok(())
}

fn print_statistics(statistics: &Statistics, console: &Console) {
    for (idx, table) in statistics_tables(statistics).iter().enumerate() {
        let gap = if idx > 0 { "\n" } else { "" };
        console.line(&format!("{gap}{}", table.title));
        console.table(&table.headers, &table.rows);
    }
}

/// A table of the statistics.
pub(crate) struct StatisticsTable {
    pub(crate) title: &'static str,
    pub(crate) headers: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// The statistics as tables: size, labels by split, strategies over phases, problem types.
pub(crate) fn statistics_tables(statistics: &Statistics) -> Vec<StatisticsTable> {
    let mut tables = vec![size_table(statistics), label_table(statistics)];
    if !statistics.phases.is_empty() {
        tables.push(phase_table(statistics));
    }
    if !statistics.scenarios.is_empty() {
        tables.push(StatisticsTable {
            title: "Problem types",
            headers: vec!["", "dialogues"],
            rows: statistics
                .scenarios
                .iter()
                .map(|(name, n)| vec![name.clone(), n.to_string()])
                .collect(),
        });
    }
    tables
}

fn size_table(statistics: &Statistics) -> StatisticsTable {
    let counts = |name: &str, n: RoleCounts<u64>| {
        let mut row = vec![name.to_owned()];
        row.extend([n.total, n.supporter, n.seeker, n.participant].map(|n| n.to_string()));
        row
    };
    let means = |name: &str, n: RoleCounts<f64>| {
        let mut row = vec![name.to_owned()];
        row.extend([n.total, n.supporter, n.seeker, n.participant].map(|n| format!("{n:.3}")));
        row
    };
    let mut rows = vec![
        counts("utterances", statistics.n_utterances),
        means("utterances a dialogue", statistics.dialogue_length),
        means("characters an utterance", statistics.utterance_length),
    ];
    for (name, n) in [
        ("dialogues", statistics.n_dialogues),
        ("emotions", statistics.n_emotions as u64),
        ("strategies", statistics.n_strategies as u64),
        ("problem types", statistics.n_scenarios as u64),
        ("dialogues with a problem type", statistics.n_with_scenario),
    ] {
        let mut row = vec![name.to_owned(), n.to_string()];
        row.resize(5, String::new());
        rows.push(row);
    }
    StatisticsTable {
        title: "Size (Table II)",
        headers: vec!["", "total", "supporter", "seeker", "participant"],
        rows,
    }
}

fn label_table(statistics: &Statistics) -> StatisticsTable {
    let parts = [
        std::slice::from_ref(&statistics.dialogues),
        std::slice::from_ref(&statistics.utterances),
        &statistics.emotions,
        &statistics.strategies,
        &statistics.dialogue_emotions,
    ];
    StatisticsTable {
        title: "Labels by split (Table III)",
        headers: vec!["", "train", "validation", "test", "total"],
        rows: parts.into_iter().flatten().map(split_row).collect(),
    }
}

fn phase_table(statistics: &Statistics) -> StatisticsTable {
    let mut rows: Vec<Vec<String>> = statistics
        .phases
        .iter()
        .map(|row| {
            let shares = row.counts.iter().zip(row.shares);
            let mut cells = vec![row.label.clone()];
            cells.extend(shares.map(|(n, share)| format!("{n} {:.2}%", 100.0 * share)));
            cells
        })
        .collect();
    let mut total = vec!["supporter utterances".to_owned()];
    total.extend(statistics.phase_totals.map(|n| n.to_string()));
    rows.push(total);
    StatisticsTable {
        title: "Strategies over the phases of a dialogue (Figure 3; position k/N, k from 1)",
        headers: vec!["", "0-25 %", "25-50 %", "50-75 %", "75-100 %"],
        rows,
    }
}

fn split_row(row: &LabelCounts) -> Vec<String> {
    vec![
        row.label.clone(),
        row.train.to_string(),
        row.validation.to_string(),
        row.test.to_string(),
        row.total.to_string(),
    ]
}

fn run_folds(dir: &Path, plan: &FoldPlan, out: &Path, console: &Console) -> anyhow::Result<()> {
    let folders = smes_corpus::write_folds(&open(dir)?, plan, out).map_err(corpus_error)?;
    if console.is_json() {
        return console.json(&serde_json::json!({ "folds": folders }));
    }
    console.line(&format!(
        "wrote {} folds to {}; next: smes train RECIPE --corpus {}",
        folders.len(),
        out.display(),
        folders[0].display()
    ));
    Ok(())
}

fn run_export(
    dir: &Path,
    format: ExportFormat,
    out: &Path,
    console: &Console,
) -> anyhow::Result<()> {
    let corpus = open(dir)?;
    let n_dialogues = smes_corpus::export(&corpus, format, out).map_err(export_error)?;
    if console.is_json() {
        return console.json(&serde_json::json!({ "dialogues": n_dialogues, "out": out }));
    }
    let next = match format {
        ExportFormat::Parquet => "read it with pandas, Polars or DuckDB",
        ExportFormat::Csv => "read it with any table program",
        ExportFormat::Chat => "give it to a fine-tuning tool",
        ExportFormat::Jsonl => "read it line by line",
    };
    console.line(&format!(
        "wrote {n_dialogues} dialogues to {}; next: {next}",
        out.display()
    ));
    Ok(())
}

fn open(dir: &Path) -> anyhow::Result<Corpus> {
    Corpus::open(dir).map_err(corpus_error)
}

fn corpus_error(error: CorpusError) -> anyhow::Error {
    Advice::bad_input(error.hint(), error)
}

fn export_error(error: ExportError) -> anyhow::Error {
    match &error {
        ExportError::Corpus(_) => Advice::bad_input(error.hint(), error),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser, Debug)]
    struct Program {
        #[command(flatten)]
        corpus: CorpusArgs,
    }

    fn parse(line: &str) -> CorpusArgs {
        Program::try_parse_from(line.split(' ')).unwrap().corpus
    }

    #[test]
    fn json_names_files_for_importers_and_is_a_switch_elsewhere() {
        let args = parse("smes import mesc --csv a --json val=b --json test=c --out d");
        let Action::Import(ImportArgs::Mesc { json, .. }) = &args.action else {
            panic!("{args:?}")
        };
        assert_eq!(json, &["val=b", "test=c"]);
        assert!(!args.prints_json());
        assert!(parse("smes check d --json").prints_json());
        assert!(parse("smes stats d --json").prints_json());
        assert!(!parse("smes check d").prints_json());
    }
}
