//! `smes train`: a model by its recipe.

use std::path::{Path, PathBuf};

use anyhow::Context;
use indicatif::ProgressBar;
use serde::Serialize;
use smes_corpus::Corpus;
use smes_hub::{ModelName, ModelStore};
use smes_training::seq2seq::{Seq2seqRecipe, Start, train_seq2seq};
use smes_training::starter::{StarterRecipe, train_starter};
use smes_training::{Progress, Recipe, RecipeFile, RecipeKind, TrainingError};

use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLE: &str = "\
Examples:
  smes train recipes/starter.toml --corpus corpora/mesc
  smes train recipes/starter.toml --seed 2 --out runs/starter-2
  smes train recipes/starter.toml --seed 2 --out runs/starter-2 --resume
  smes train recipes/smes.toml                 the paper's model
  smes train recipes/smes-small.toml           the same from scratch, small
  smes train recipes/voice.toml --corpus DATA/emodb/wav";

/// Arguments of `smes train`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLE)]
pub(crate) struct TrainArgs {
    /// The recipe.
    pub(super) recipe: PathBuf,
    /// Corpus folder, or folder of recordings, instead of the recipe's.
    #[arg(long, value_name = "DIR")]
    pub(super) corpus: Option<PathBuf>,
    /// Seed instead of the recipe's.
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Run folder [default: runs/NAME-SEED].
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Goes on with the run in the folder, from its last whole epoch.
    #[arg(long)]
    pub(super) resume: bool,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'a, E> {
    run: &'a Path,
    model: PathBuf,
    weight_bytes: u64,
    best: &'a E,
    n_epochs: usize,
}

pub(crate) fn run(args: &TrainArgs, console: &Console) -> anyhow::Result<()> {
    smes_nn::keep_freed_memory();
    let file = RecipeFile::read(&args.recipe).map_err(advise)?;
    match file.kind() {
        RecipeKind::Starter => starter(args, &file, console),
        RecipeKind::Seq2seq => seq2seq(args, &file, console),
        RecipeKind::Voice => super::train_voice::run(args, &file, console),
        RecipeKind::Face => super::train_face::run(args, &file, console),
        RecipeKind::Head => super::train_head::run(args, &file, console),
    }
}

fn starter(args: &TrainArgs, file: &RecipeFile, console: &Console) -> anyhow::Result<()> {
    let mut recipe = StarterRecipe::of_file(file).map_err(advise)?;
    let (corpus, out) = args.place(&recipe.name, &mut recipe.corpus, &mut recipe.seed)?;
    let mut progress = Bars { console, bar: None };
    let trained =
        train_starter(&recipe, &corpus, &out, args.resume, &mut progress).map_err(advise)?;
    let scores = &trained.best.validation;
    let line = format!(
        "epoch {} of {} chosen: validation emotion {:.3}, strategy {:.3}, system emotion {:.3}",
        trained.best.epoch,
        trained.epochs.len(),
        scores.user_emotion.accuracy,
        scores.strategy.accuracy,
        scores.system_emotion.accuracy,
    );
    let summary = Summary {
        model: out.join("model"),
        run: &out,
        weight_bytes: trained.weight_bytes,
        best: &trained.best,
        n_epochs: trained.epochs.len(),
    };
    let reasoner = format!("starter:{}", summary.model.display());
    told(console, &line, &summary, &recipe.corpus, &reasoner)
}

fn seq2seq(args: &TrainArgs, file: &RecipeFile, console: &Console) -> anyhow::Result<()> {
    let mut recipe = Seq2seqRecipe::of_file(file).map_err(advise)?;
    if let Start::Pretrained(start) = &mut recipe.start {
        let models = ModelStore::from_env().map_err(super::models::advise)?;
        start.folder = pretrained_folder(&start.folder, &models)?;
    }
    let (corpus, out) = args.place(&recipe.name, &mut recipe.corpus, &mut recipe.seed)?;
    let mut progress = Bars { console, bar: None };
    let trained =
        train_seq2seq(&recipe, &corpus, &out, args.resume, &mut progress).map_err(advise)?;
    let scores = &trained.best.validation;
    let line = format!(
        "epoch {} of {} chosen: validation perplexity {:.2} (of responses {:.2})",
        trained.best.epoch,
        trained.epochs.len(),
        scores.perplexity,
        scores.response_perplexity,
    );
    let summary = Summary {
        model: out.join("model"),
        run: &out,
        weight_bytes: trained.weight_bytes,
        best: &trained.best,
        n_epochs: trained.epochs.len(),
    };
    let reasoner = format!("blenderbot:{}", out.display());
    told(console, &line, &summary, &recipe.corpus, &reasoner)
}

/// The folder itself, or that of a model of this name which `smes models pull` got.
pub(super) fn pretrained_folder(wanted: &Path, models: &ModelStore) -> anyhow::Result<PathBuf> {
    let name = wanted
        .to_str()
        .and_then(|name| name.parse::<ModelName>().ok());
    if let (false, Some(name)) = (wanted.exists(), name) {
        let found = models.find(&name).map_err(super::models::advise)?;
        return Ok(found.map_or_else(|| wanted.to_owned(), |model| model.folder));
    }
    Ok(wanted.to_owned())
}

/// Says what came of it and what to do next.
fn told<E: Serialize>(
    console: &Console,
    line: &str,
    summary: &Summary<'_, E>,
    corpus: &Path,
    reasoner: &str,
) -> anyhow::Result<()> {
    if console.is_json() {
        return console.json(summary);
    }
    console.line(line);
    console.line(&format!(
        "wrote {} ({:.1} MB); next: smes predict --corpus {} --split test --reasoner {reasoner} --out predictions.jsonl",
        summary.model.display(),
        summary.weight_bytes as f64 / 1e6,
        corpus.display(),
    ));
    Ok(())
}

/// What `--json` prints of a model that learns from files instead of dialogues.
#[derive(Serialize)]
struct FilesSummary<'a, T> {
    run: &'a Path,
    model: PathBuf,
    trained: &'a T,
}

/// Says what came of such a model: all of it as JSON, or what `print` says, where the model is, how large
/// and what was `chosen`.
pub(super) fn told_of_files<T: Serialize>(
    console: &Console,
    run: &Path,
    trained: &T,
    print: impl FnOnce(&T, &Console),
    (weight_bytes, chosen): (u64, &str),
) -> anyhow::Result<()> {
    let model = run.join("model");
    if console.is_json() {
        return console.json(&FilesSummary {
            run,
            model,
            trained,
        });
    }
    print(trained, console);
    console.line(&format!(
        "wrote {} ({:.2} MB, {chosen})",
        model.display(),
        weight_bytes as f64 / 1e6,
    ));
    Ok(())
}

impl TrainArgs {
    /// Puts the command line over a recipe; gives the corpus and the run folder.
    fn place(
        &self,
        name: &str,
        corpus: &mut PathBuf,
        seed: &mut u64,
    ) -> anyhow::Result<(Corpus, PathBuf)> {
        let out = self.run_folder(name, corpus, seed);
        let corpus = Corpus::open(corpus)
            .map_err(|error| Advice::bad_input(error.hint(), error))
            .context("the corpus to train on")?;
        Ok((corpus, out))
    }

    /// Puts the command line over a recipe; gives the run folder.
    pub(super) fn run_folder(&self, name: &str, corpus: &mut PathBuf, seed: &mut u64) -> PathBuf {
        if let Some(other) = &self.corpus {
            corpus.clone_from(other);
        }
        *seed = self.seed.unwrap_or(*seed);
        let default = || format!("runs/{name}-{seed}").into();
        self.out.clone().unwrap_or_else(default)
    }
}

pub(super) fn advise(error: TrainingError) -> anyhow::Error {
    let hint = error.hint();
    match error {
        TrainingError::NoEncoder { .. } | TrainingError::NoPretrained { .. } => {
            Advice::missing(hint, error)
        }
        error if error.is_divergence() => Advice::failed(hint, error),
        _ => Advice::bad_input(hint, error),
    }
}

/// Progress as bars on a terminal.
pub(super) struct Bars<'c> {
    pub(super) console: &'c Console,
    pub(super) bar: Option<ProgressBar>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pretrained_network_is_a_folder_or_the_name_of_a_pulled_model() {
        let temp = tempfile::tempdir().unwrap();
        let here = temp.path().join("here");
        fs_err::create_dir(&here).unwrap();
        for file in [
            "config.json",
            "vocab.json",
            "merges.txt",
            "model.safetensors",
        ] {
            fs_err::write(here.join(file), "{}").unwrap();
        }
        let models = ModelStore::at(temp.path().join("models"));
        let wanted = Path::new("someone/network");
        assert_eq!(pretrained_folder(wanted, &models).unwrap(), wanted);
        models
            .copy(&"someone/network".parse().unwrap(), &here)
            .unwrap();
        let found = pretrained_folder(wanted, &models).unwrap();
        assert!(found.join("config.json").exists(), "{}", found.display());
        assert_eq!(pretrained_folder(&here, &models).unwrap(), here);
    }
}
