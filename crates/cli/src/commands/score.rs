//! `smes score`: a prediction file's figures, with the controls beside them.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::ValueEnum;
use smes_corpus::Corpus;
use smes_dialogue::SplitName;
use smes_evaluation::protocol::Target;
use smes_evaluation::report::{TABLE_HEADERS, table_rows};
use smes_evaluation::suite::{Suite, SystemSource, SystemSpec};
use smes_evaluation::table::RowKind;
use smes_evaluation::{
    ForeignFormat, GoldSet, PredictionWriter, Resampling, ScoreReport, read_foreign, score,
};

use super::evaluate::{self, ComparingArgs, Workshop, gold};
use super::reasoners::bad_corpus;

use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Example:
  smes predict --corpus corpora/mesc --split test --reasoner starter --out predictions.jsonl
  smes score predictions.jsonl
  smes score predictions.jsonl --json
  smes score gen.json --from gen-json --corpus corpora/mesc
  smes score predictions.jsonl --corpus corpora/mesc --no-shared-rows --test bootstrap

Anyone's predictions can be scored; `docs/guides/add-a-model.md` describes the file. With a corpus the
file is checked against it, missing instances count as wrong, and responses are scored beside the
controls, against what was said with and without the cue.";

/// The suite of a single file: protocols and controls.
const SUITE: &str = include_str!("../../suites/score.toml");

/// How the file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// A prediction file of smes.
    #[default]
    Smes,
    /// The authors' `gen.json` or `gen.txt`.
    GenJson,
    /// One response a line, in the order of the corpus's instances.
    Lines,
}

/// Scores a predictions file, controls beside it.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct ScoreArgs {
    /// The predictions.
    predictions: PathBuf,
    /// Corpus to check them against; scores responses too.
    #[arg(long, value_name = "DIR", required_if_eq_any([("from", "gen-json"), ("from", "lines")]))]
    corpus: Option<PathBuf>,
    /// How the file is written.
    #[arg(long, value_enum, default_value_t = Form::Smes)]
    from: Form,
    /// Part of the corpus that was predicted.
    #[arg(long, default_value = "test")]
    split: SplitName,
    /// Folder for the report, with `--corpus` [default: evaluations/FILE].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draws of the bootstrap for the 95 % intervals by dialogue; 0 for no intervals.
    #[arg(long, default_value_t = Resampling::default().n, value_name = "N")]
    resamples: usize,
    /// Seed of the bootstrap.
    #[arg(long, default_value_t = Resampling::default().seed, value_name = "SEED")]
    seed: u64,
    #[command(flatten)]
    comparing: ComparingArgs,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(args: &ScoreArgs, console: &Console) -> anyhow::Result<()> {
    let options = Resampling {
        n: args.resamples,
        seed: args.seed,
    };
    if let Some(corpus) = &args.corpus {
        return against_corpus(args, corpus, options, console);
    }
    if args.comparing.is_asked_for() {
        return Err(Advice::bad_input(
            Some("name the corpus with `--corpus`".to_owned()),
            anyhow!("rows of train and other systems are known with the corpus only"),
        ));
    }
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

/// Scores the file as a suite of one system beside the controls.
fn against_corpus(
    args: &ScoreArgs,
    corpus: &Path,
    resampling: Resampling,
    console: &Console,
) -> anyhow::Result<()> {
    let corpus = Corpus::open(corpus).map_err(bad_corpus)?;
    let mut suite = Suite::parse(SUITE, "score.toml")
        .map_err(|error| Advice::bad_input(error.hint(), error))?;
    let gold = gold::load(&corpus, args.split, &suite.target_cues)?;
    let name = args.predictions.file_stem().unwrap_or_default();
    let name = name.to_string_lossy().into_owned();
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| Path::new("evaluations").join(&name));
    let file = as_ours(args, &gold, &folder)?;
    suite.split = args.split;
    suite.plan.resampling = resampling;
    suite.title = format!("{name} on the {} split of {}", args.split, gold.corpus.name);
    let system = SystemSpec {
        protocols: suite.plan.protocols.clone(),
        name,
        kind: RowKind::Model,
        sources: vec![SystemSource::File(file)],
        cues: None,
        labels_only: false,
        optional: None,
        line: 1,
    };
    suite.systems.insert(0, system);
    args.comparing.apply(&mut suite)?;
    let done = evaluate::score_in(&Workshop {
        suite: &suite,
        suite_file: "score.toml",
        corpus: &corpus,
        gold: &gold,
        cache: folder.clone(),
        folder,
        is_fresh: false,
        console,
    })?;
    evaluate::told(done, console)
}

/// The file itself, or what became of a foreign one.
fn as_ours(args: &ScoreArgs, gold: &GoldSet, folder: &Path) -> anyhow::Result<PathBuf> {
    let format = match args.from {
        Form::Smes => return Ok(args.predictions.clone()),
        Form::GenJson => ForeignFormat::GenJson,
        Form::Lines => ForeignFormat::Lines,
    };
    let (header, records) = read_foreign(&args.predictions, format, gold)
        .map_err(|error| Advice::bad_input(error.hint(), error))?;
    let path = folder.join("predictions.jsonl");
    let mut writer = PredictionWriter::create(&path, &header)?;
    for record in &records {
        writer.write(record)?;
    }
    writer.finish()?;
    Ok(path)
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
    for one in &report.perplexities {
        notes.push(format!(
            "perplexity {:.2} of {} tokens of {}; it compares with that of the same vocabulary only",
            one.perplexity,
            one.n_tokens,
            match one.target {
                Target::Spoken => "what was said",
                Target::WithCue => "utterance and cue",
            }
        ));
    }
    if report.n_without_seeker > 0 {
        notes.push(format!(
            "{} instances come before any word of a seeker; where a user emotion is scored there, it is the published code's convention",
            report.n_without_seeker
        ));
    }
    notes
}
