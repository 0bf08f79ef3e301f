//! `smes train`: a model by its recipe.

use std::path::PathBuf;

use anyhow::Context;
use indicatif::ProgressBar;
use serde::Serialize;
use smes_corpus::Corpus;
use smes_training::starter::{EpochRecord, StarterRecipe, train_starter};
use smes_training::{Progress, TrainingError};

use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Examples:
  smes train recipes/starter.toml --corpus corpora/mesc
  smes train recipes/starter.toml --seed 2 --out runs/starter-2
  smes train recipes/starter.toml --seed 2 --out runs/starter-2 --resume";

/// Arguments of `smes train`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct TrainArgs {
    /// The recipe.
    recipe: PathBuf,
    /// Corpus folder instead of the recipe's.
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Seed instead of the recipe's.
    #[arg(long)]
    seed: Option<u64>,
    /// Run folder [default: runs/NAME-SEED].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Goes on with the run in the folder, from its last whole epoch.
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'a> {
    run: PathBuf,
    model: PathBuf,
    weight_bytes: u64,
    best: &'a EpochRecord,
    n_epochs: usize,
}

pub(crate) fn run(args: &TrainArgs, console: &Console) -> anyhow::Result<()> {
    let mut recipe = StarterRecipe::load(&args.recipe).map_err(advise)?;
    if let Some(corpus) = &args.corpus {
        recipe.corpus.clone_from(corpus);
    }
    recipe.seed = args.seed.unwrap_or(recipe.seed);
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| format!("runs/{}-{}", recipe.name, recipe.seed).into());
    let corpus = Corpus::open(&recipe.corpus)
        .map_err(|error| Advice::bad_input(error.hint(), error))
        .context("the corpus to train on")?;
    let mut progress = Bars { console, bar: None };
    let trained =
        train_starter(&recipe, &corpus, &out, args.resume, &mut progress).map_err(advise)?;
    let model = out.join("model");
    if console.is_json() {
        let best = &trained.best;
        let (n_epochs, weight_bytes) = (trained.epochs.len(), trained.weight_bytes);
        return console.json(&Summary {
            run: out,
            model,
            weight_bytes,
            best,
            n_epochs,
        });
    }
    let scores = &trained.best.validation;
    console.line(&format!(
        "epoch {} of {} chosen: validation emotion {:.3}, strategy {:.3}, system emotion {:.3}",
        trained.best.epoch,
        trained.epochs.len(),
        scores.user_emotion.accuracy,
        scores.strategy.accuracy,
        scores.system_emotion.accuracy,
    ));
    console.line(&format!(
        "wrote {} ({:.1} MB); next: smes predict --corpus {} --split test --reasoner starter:{} --out predictions.jsonl",
        model.display(),
        trained.weight_bytes as f64 / 1e6,
        recipe.corpus.display(),
        model.display(),
    ));
    Ok(())
}

fn advise(error: TrainingError) -> anyhow::Error {
    let hint = error.hint();
    match error {
        TrainingError::NoEncoder { .. } => Advice::missing(hint, error),
        TrainingError::Diverged { .. } => error.into(),
        _ => Advice::bad_input(hint, error),
    }
}

/// Progress as bars on a terminal.
struct Bars<'c> {
    console: &'c Console,
    bar: Option<ProgressBar>,
}

impl Progress for Bars<'_> {
    fn begin(&mut self, stage: &str, n_steps: u64) {
        self.bar = Some(self.console.progress(n_steps, stage.to_owned()));
    }

    fn advance(&mut self, n_steps: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(n_steps);
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn say(&mut self, line: &str) {
        self.console.note(line);
    }
}
