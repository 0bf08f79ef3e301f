//! `smes evaluate`: a suite of systems under protocols, as tables and a report.

mod bertscore;
pub(crate) mod gold;
mod systems;

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use smes_corpus::Corpus;
use smes_evaluation::protocol::Target;
use smes_evaluation::report::{csv, header_cells, html, latex, markdown, row_cells};
use smes_evaluation::significance::TestKind;
use smes_evaluation::suite::{Suite, SuiteError, SystemSpec};
use smes_evaluation::table::Column;
use smes_evaluation::{Evaluation, GoldSet, SeedBertScores, SystemRun, evaluate};

use self::bertscore::BertScorer;
pub(crate) use self::systems::Workshop;
use crate::commands::reasoners::bad_corpus;
use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Examples:
  smes evaluate table4
  smes evaluate table4 --corpus corpora/mesc --out evaluations/table4
  smes evaluate my-suite.toml
  smes evaluate table4 --no-shared-rows --against 'nearest context' --test bootstrap

`table4`, `table6` and `table7` are the paper's tables: our systems, the controls, and the printed
figures, marked as such. A suite of your own is a TOML file; docs/guides/evaluate.md describes it.
Predictions are made once and kept by the hash of everything that made them; a stopped run goes on
where it was.";

/// The suites that come with the program.
const BUILT_IN: [(&str, &str); 3] = [
    ("table4", include_str!("../../../suites/table4.toml")),
    ("table6", include_str!("../../../suites/table6.toml")),
    ("table7", include_str!("../../../suites/table7.toml")),
];

/// Scores a suite of systems beside the controls: tables and a report.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct EvaluateArgs {
    /// A suite file, or `table4`, `table6`, `table7`.
    pub(crate) suite: String,
    /// Corpus folder instead of the suite's.
    #[arg(long, value_name = "DIR")]
    pub(crate) corpus: Option<PathBuf>,
    /// Folder for predictions and reports [default: evaluations/NAME].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Folder where predictions and scores of meaning are kept, which suites may share [default: OUT].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// Draws of the bootstrap and of the tests, instead of the suite's; 0 for none.
    #[arg(long, value_name = "N")]
    pub(crate) resamples: Option<usize>,
    #[command(flatten)]
    pub(crate) comparing: ComparingArgs,
    /// Predicts anew what was kept.
    #[arg(long)]
    pub(crate) fresh: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What is scored and how systems are compared, instead of what the suite says.
#[derive(clap::Args, Debug, Clone, Default)]
pub(crate) struct ComparingArgs {
    /// Leaves out the instances whose rows stand in train too.
    #[arg(long)]
    pub(crate) no_shared_rows: bool,
    /// The system that the others are tested against.
    #[arg(long, value_name = "SYSTEM")]
    pub(crate) against: Option<String>,
    /// How they are tested: randomisation or paired bootstrap, both by dialogue, or McNemar's test.
    #[arg(long, value_name = "TEST", value_parser = test_kind())]
    pub(crate) test: Option<TestKind>,
}

impl ComparingArgs {
    /// Whether anything else than what the suite says.
    pub(crate) const fn is_asked_for(&self) -> bool {
        self.no_shared_rows || self.against.is_some() || self.test.is_some()
    }

    /// Changes a suite into what was asked for.
    pub(crate) fn apply(&self, suite: &mut Suite) -> anyhow::Result<()> {
        if self.no_shared_rows {
            suite.drop_shared_rows();
        }
        suite
            .compare(self.against.as_deref(), self.test)
            .map_err(|error| Advice::bad_input(error.hint(), error))
    }
}

/// The tests by their names.
fn test_kind() -> impl TypedValueParser<Value = TestKind> {
    PossibleValuesParser::new(TestKind::ALL.map(TestKind::key)).map(|name| {
        let mut all = TestKind::ALL.into_iter();
        all.find(|test| test.key() == name)
            .expect("the name is one of those above")
    })
}

/// A suite that was scored, and where its reports are.
pub(crate) struct Done {
    pub(crate) evaluation: Evaluation,
    pub(crate) folder: PathBuf,
    /// Systems that could not be scored though the suite does not call them optional.
    pub(crate) failed: Vec<anyhow::Error>,
    n_scored: usize,
    n_systems: usize,
}

pub(crate) fn run(args: &EvaluateArgs, console: &Console) -> anyhow::Result<()> {
    told(score(args, console)?, console)
}

/// Prints what was scored; the first failure is the command's.
pub(crate) fn told(done: Done, console: &Console) -> anyhow::Result<()> {
    if console.is_json() {
        console.json(&json(&done.evaluation))?;
    } else {
        show(&done.evaluation, console);
    }
    console.note(&format!(
        "{} of {} systems scored; {}/report.html, report.md, report.csv, report.tex",
        done.n_scored,
        done.n_systems,
        done.folder.display()
    ));
    first_failure(done.failed, console)
}

/// The first failure as the command's own, after the others have been told.
pub(crate) fn first_failure(failed: Vec<anyhow::Error>, console: &Console) -> anyhow::Result<()> {
    let mut failed = failed.into_iter();
    let Some(first) = failed.next() else {
        return Ok(());
    };
    for other in failed {
        console.error(&format!("{other:#}"));
    }
    Err(first)
}

/// Scores a suite by its name and writes its reports.
pub(crate) fn score(args: &EvaluateArgs, console: &Console) -> anyhow::Result<Done> {
    let (mut suite, suite_file) = load(&args.suite)?;
    if let Some(n) = args.resamples {
        suite.plan.resampling.n = n;
    }
    if let Some(corpus) = &args.corpus {
        suite.corpus.clone_from(corpus);
    }
    args.comparing.apply(&mut suite)?;
    let corpus = Corpus::open(&suite.corpus)
        .map_err(bad_corpus)
        .context("the corpus to score against")?;
    let gold = gold::load(&corpus, suite.split, &suite.target_cues)?;
    let folder = args
        .out
        .clone()
        .unwrap_or_else(|| Path::new("evaluations").join(&suite.name));
    let workshop = Workshop {
        suite: &suite,
        suite_file: &suite_file,
        corpus: &corpus,
        gold: &gold,
        cache: args.cache.clone().unwrap_or_else(|| folder.clone()),
        folder,
        is_fresh: args.fresh,
        console,
    };
    score_in(&workshop)
}

/// Scores the suite of a workshop and writes its reports into its folder.
pub(crate) fn score_in(workshop: &Workshop<'_>) -> anyhow::Result<Done> {
    let (suite, gold, console) = (workshop.suite, workshop.gold, workshop.console);
    let folder = workshop.folder.clone();
    let mut bertscorer = suite
        .plan
        .bertscore
        .as_ref()
        .map(|settings| BertScorer::new(settings, workshop.cache.join("bertscore"), console));
    let mut failed = Vec::new();
    let mut systems = Vec::with_capacity(suite.systems.len());
    for spec in &suite.systems {
        let run = system(workshop, bertscorer.as_mut(), spec);
        systems.push(run.unwrap_or_else(|error| absent(spec, error, &mut failed)));
    }
    let evaluation = evaluate(&suite.title, gold, &suite.plan, &systems);
    write(&folder, &evaluation, gold, &systems)?;
    Ok(Done {
        n_scored: systems.iter().filter(|one| !one.seeds.is_empty()).count(),
        n_systems: systems.len(),
        evaluation,
        folder,
        failed,
    })
}

fn load(name: &str) -> anyhow::Result<(Suite, String)> {
    let bad = |error: SuiteError| Advice::bad_input(error.hint(), error);
    if let Some((_, text)) = BUILT_IN.iter().find(|(built_in, _)| *built_in == name) {
        let file = format!("{name}.toml");
        return Ok((Suite::parse(text, &file).map_err(bad)?, file));
    }
    Ok((Suite::load(Path::new(name)).map_err(bad)?, name.to_owned()))
}

/// One system with its predictions and what else its measures need.
fn system(
    workshop: &Workshop<'_>,
    mut bertscorer: Option<&mut BertScorer<'_>>,
    spec: &SystemSpec,
) -> anyhow::Result<SystemRun> {
    let mut run = SystemRun {
        spec: spec.clone(),
        seeds: Vec::new(),
        bertscores: Vec::new(),
    };
    for source in &spec.sources {
        let predictions = workshop.predictions(spec, source)?;
        let mut scores = SeedBertScores::default();
        if let Some(scorer) = &mut bertscorer {
            let mut under = |target| -> anyhow::Result<_> {
                if spec
                    .protocols
                    .iter()
                    .any(|protocol| protocol.target == target)
                {
                    scorer.score(&predictions, workshop.gold, target)
                } else {
                    Ok(None)
                }
            };
            scores.with_cue = under(Target::WithCue)?;
            scores.spoken = under(Target::Spoken)?;
        }
        run.bertscores.push(scores);
        run.seeds.push(predictions);
    }
    Ok(run)
}

/// A system that is not there. What the suite does not call optional is kept as a failure.
fn absent(spec: &SystemSpec, error: anyhow::Error, failed: &mut Vec<anyhow::Error>) -> SystemRun {
    let mut spec = spec.clone();
    let reason = format!("{error:#}");
    spec.optional = Some(if let Some(how) = &spec.optional {
        format!("{how} ({reason})")
    } else {
        failed.push(error.context(format!("system `{}`", spec.name)));
        reason
    });
    SystemRun {
        spec,
        seeds: Vec::new(),
        bertscores: Vec::new(),
    }
}

fn write(
    folder: &Path,
    evaluation: &Evaluation,
    gold: &GoldSet,
    systems: &[SystemRun],
) -> anyhow::Result<()> {
    fs_err::create_dir_all(folder)?;
    fs_err::write(folder.join("report.md"), markdown(evaluation))?;
    fs_err::write(folder.join("report.csv"), csv(evaluation))?;
    fs_err::write(folder.join("report.tex"), latex(evaluation))?;
    fs_err::write(folder.join("report.html"), html(evaluation, gold, systems)?)?;
    Ok(())
}

fn show(evaluation: &Evaluation, console: &Console) {
    for table in &evaluation.tables {
        console.line(&format!(
            "\n{} (protocol `{}`, {} instances)",
            table.title, table.protocol, table.n_instances
        ));
        let headers = header_cells(table);
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let rows: Vec<Vec<String>> = table.rows.iter().map(row_cells).collect();
        console.table(&headers, &rows);
    }
    for note in &evaluation.notes {
        console.note(note);
    }
}

/// The tables as one JSON document.
fn json(evaluation: &Evaluation) -> serde_json::Value {
    let tables: Vec<serde_json::Value> = evaluation
        .tables
        .iter()
        .map(|table| {
            let columns: Vec<String> = table.columns.iter().map(Column::key).collect();
            serde_json::json!({
                "title": table.title,
                "protocol": table.protocol,
                "n_instances": table.n_instances,
                "n_dialogues": table.n_dialogues,
                "against": table.comparison.as_ref().map(|one| &one.against),
                "test": table.comparison.as_ref().map(|one| one.test),
                "columns": columns,
                "rows": table.rows,
            })
        })
        .collect();
    serde_json::json!({"title": evaluation.title, "tables": tables, "notes": evaluation.notes})
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUITE: &str = r#"
name = "small"
corpus = "nowhere"
protocols = ["published", "spoken"]
against = "majority"
resamples = 20

[[system]]
name = "majority"
reasoner = "majority"
control = true
labels_only = true

[[system]]
name = "random"
reasoner = "random-response/{seed}"
seeds = [1, 2]

[[system]]
name = "gone"
reasoner = "starter:runs/that-was-never-made"
"#;

    fn args(folder: &Path, suite: &str) -> EvaluateArgs {
        let file = folder.join("suite.toml");
        fs_err::write(&file, suite).unwrap();
        EvaluateArgs {
            suite: file.display().to_string(),
            corpus: Some(smes_testkit::corpus_folder()),
            out: Some(folder.join("out")),
            cache: None,
            resamples: None,
            comparing: ComparingArgs::default(),
            fresh: false,
            output: Output::default(),
        }
    }

    #[test]
    fn a_missing_run_is_an_error_with_its_line_after_the_others_are_scored() {
        let folder = tempfile::tempdir().unwrap();
        let args = args(folder.path(), SUITE);
        let error = format!("{:#}", run(&args, &Console::new(false, true)).unwrap_err());
        assert!(
            error.contains("suite.toml:20: system `gone`: nothing at `runs/that-was-never-made`"),
            "{error}"
        );
        let report = fs_err::read_to_string(folder.path().join("out/report.md")).unwrap();
        assert!(report.contains("| random (2 seeds) | model |"), "{report}");
        assert!(report.contains("`gone` is not scored"), "{report}");
        for name in ["report.html", "report.csv", "report.tex"] {
            assert!(folder.path().join("out").join(name).is_file(), "{name}");
        }
    }

    #[test]
    fn what_is_scored_and_tested_may_be_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let gone = SUITE.find("\n[[system]]\nname = \"gone\"").unwrap();
        let mut args = args(folder.path(), &SUITE[..gone]);
        args.comparing = ComparingArgs {
            no_shared_rows: true,
            against: Some("random".to_owned()),
            test: Some(TestKind::Bootstrap),
        };
        let console = Console::new(false, true);
        let tables = score(&args, &console).unwrap().evaluation.tables;
        assert!(!tables.is_empty());
        for table in &tables {
            assert!(table.protocol.ends_with("-unshared"), "{}", table.protocol);
            let comparison = table.comparison.as_ref().unwrap();
            assert_eq!(comparison.against, "random");
        }
        let majority = tables[0].rows[0].cells[0].unwrap();
        assert!(majority.p.is_some() && majority.difference.is_some());
        args.comparing.against = Some("nobody".to_owned());
        let error = score(&args, &console).err().unwrap();
        assert_eq!(error.to_string(), "no system `nobody` to test against");
    }

    #[test]
    fn predictions_are_made_once() {
        let folder = tempfile::tempdir().unwrap();
        let gone = SUITE.find("\n[[system]]\nname = \"gone\"").unwrap();
        let args = args(folder.path(), &SUITE[..gone]);
        let console = Console::new(false, true);
        let done = score(&args, &console).unwrap();
        assert_eq!((done.n_scored, done.n_systems), (2, 2));
        let listed = || -> Vec<_> {
            let files = fs_err::read_dir(folder.path().join("out/predictions")).unwrap();
            let mut files: Vec<_> = files
                .map(|file| file.unwrap())
                .map(|file| (file.path(), file.metadata().unwrap().modified().unwrap()))
                .collect();
            files.sort();
            files
        };
        let before = listed();
        assert_eq!(before.len(), 3);
        score(&args, &console).unwrap();
        assert_eq!(listed(), before);
    }

    #[test]
    fn the_suites_of_the_program_are_well_formed() {
        for (name, _) in BUILT_IN {
            let (suite, _) = load(name).unwrap();
            assert!(!suite.plan.tables.is_empty(), "{name}");
        }
        Suite::parse(include_str!("../../../suites/score.toml"), "score.toml").unwrap();
    }
}
