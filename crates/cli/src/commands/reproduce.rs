//! `smes reproduce`: from the published files of MESC to every table, with one command.
//!
//! Imports, counts, scores the suites of the paper's tables, and writes each as a part of
//! `docs/results.md`. What was made before is kept by its hash, so a stopped run goes on.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use smes_corpus::importers::{Importer, MescJson, MescSource};
use smes_corpus::{Corpus, statistics};
use smes_dialogue::SplitName;
use smes_evaluation::content_hash;
use smes_evaluation::report::markdown;

use super::corpus::{StatisticsTable, statistics_tables};
use super::evaluate::{self, ComparingArgs, EvaluateArgs};
use super::reasoners::bad_corpus;
use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Examples:
  smes reproduce --data DATA/mesc
  smes reproduce --data DATA/mesc --results docs/results.md

DATA/mesc holds MESC.csv, val.json and test.json as their authors publish them. Runs that are not there
are named in the tables with the command that makes them.";

/// Suites in the order of the paper.
const SUITES: [&str; 3] = ["table4", "table6", "table7"];

/// Makes every table of docs/results.md from the raw files.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ReproduceArgs {
    /// Folder with the published files.
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder for everything that is made.
    #[arg(long, value_name = "DIR", default_value = "reproduction")]
    out: PathBuf,
    /// A Markdown file whose marked parts (`<!-- begin: table4 -->`) are replaced.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Draws of the bootstrap and of the tests, instead of the suites'.
    #[arg(long, value_name = "N")]
    resamples: Option<usize>,
}

pub(crate) fn run(args: &ReproduceArgs, console: &Console) -> anyhow::Result<()> {
    let folder = import(args, console)?;
    let corpus = Corpus::open(&folder).map_err(bad_corpus)?;
    let counted = statistics(&corpus).map_err(bad_corpus)?;
    let mut parts: Vec<(&str, String)> = ["table2", "table3", "figure3"]
        .into_iter()
        .zip(statistics_tables(&counted).iter().map(statistics_markdown))
        .collect();
    let mut failed = Vec::new();
    for suite in SUITES {
        console.note(&format!("scoring {suite}"));
        let done = evaluate::score(
            &EvaluateArgs {
                suite: suite.to_owned(),
                corpus: Some(folder.clone()),
                out: Some(args.out.join(suite)),
                cache: Some(args.out.join("cache")),
                resamples: args.resamples,
                comparing: ComparingArgs::default(),
                fresh: false,
                output: Output::default(),
            },
            console,
        )?;
        parts.push((suite, one_level_down(&markdown(&done.evaluation))));
        failed.extend(done.failed);
    }
    let target = args.out.join("results");
    fs_err::create_dir_all(&target)?;
    for (name, text) in &parts {
        fs_err::write(target.join(format!("{name}.md")), text)?;
    }
    if let Some(results) = &args.results {
        replace_parts(results, &parts)?;
        console.line(&format!(
            "{} parts of {} replaced",
            parts.len(),
            results.display()
        ));
    }
    console.line(&format!(
        "wrote {} parts to {}; the reports are {}/*/report.html",
        parts.len(),
        target.display(),
        args.out.display()
    ));
    evaluate::first_failure(failed, console)
}

/// The headings of a text as those of a part of another.
fn one_level_down(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let deeper = if line.starts_with('#') { "#" } else { "" };
        format!("{deeper}{line}\n")
    });
    lines.collect()
}

/// The corpus folder of the published files; imported once for the same files.
fn import(args: &ReproduceArgs, console: &Console) -> anyhow::Result<PathBuf> {
    let file = |name: &str| -> anyhow::Result<PathBuf> {
        let path = args.data.join(name);
        if path.is_file() {
            return Ok(path);
        }
        Err(Advice::missing(
            Some("get the published files from their authors' repository".to_owned()),
            anyhow!("`{}` is not there", path.display()),
        ))
    };
    let source = MescSource {
        csv: file("MESC.csv")?,
        json: vec![
            MescJson {
                split: SplitName::Validation,
                path: file("val.json")?,
            },
            MescJson {
                split: SplitName::Test,
                path: file("test.json")?,
            },
        ],
    };
    let key = source
        .json
        .iter()
        .map(|json| &json.path)
        .chain([&source.csv])
        .map(|path| content_hash(path))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    let folder = args.out.join(format!("corpus-{}", &key[..16]));
    if !folder.is_dir() {
        console.note("importing");
        source
            .import(&folder, &mut |_| {})
            .map_err(|error| Advice::bad_input(error.hint(), error))
            .context("importing the published files")?;
    }
    Ok(folder)
}

fn statistics_markdown(table: &StatisticsTable) -> String {
    let mut text = format!("### {}\n\n| {} |\n", table.title, table.headers.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(table.headers.len()));
    for row in &table.rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
    text
}

/// Replaces what stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`.
fn replace_parts(file: &Path, parts: &[(&str, String)]) -> anyhow::Result<()> {
    let mut text = fs_err::read_to_string(file)?;
    for (name, part) in parts {
        let (begin, end) = (
            format!("<!-- begin: {name} -->"),
            format!("<!-- end: {name} -->"),
        );
        let (Some(from), Some(to)) = (text.find(&begin), text.find(&end)) else {
            return Err(Advice::bad_input(
                Some(format!(
                    "add the lines `{begin}` and `{end}` where the part belongs"
                )),
                anyhow!("{}: no part `{name}`", file.display()),
            ));
        };
        if to < from {
            return Err(Advice::bad_input(
                None,
                anyhow!("{}: part `{name}` ends before it begins", file.display()),
            ));
        }
        text.replace_range(
            from + begin.len()..to,
            &format!("\n\n{}\n", part.trim_end()),
        );
    }
    fs_err::write(file, text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_of_a_part_are_one_level_down() {
        assert_eq!(
            one_level_down("## A\n\n### B\n- #c"),
            "### A\n\n#### B\n- #c\n"
        );
    }

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.md");
        let marks = "before\n<!-- begin: table4 -->old<!-- end: table4 -->\nafter\n";
        fs_err::write(&file, marks).unwrap();
        replace_parts(&file, &[("table4", "new\n".to_owned())]).unwrap();
        let text = fs_err::read_to_string(&file).unwrap();
        assert_eq!(
            text,
            "before\n<!-- begin: table4 -->\n\nnew\n<!-- end: table4 -->\nafter\n"
        );
        let error = replace_parts(&file, &[("table9", String::new())]).unwrap_err();
        assert!(
            error.to_string().ends_with("r.md: no part `table9`"),
            "{error}"
        );
    }
}
