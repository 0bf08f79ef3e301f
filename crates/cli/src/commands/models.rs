//! `smes models`: pretrained models of a Hugging Face hub, kept on this machine.

use std::path::PathBuf;

use indicatif::ProgressBar;
use serde::Serialize;
use smes_hub::{Hub, HubError, ModelName, ModelRecord, ModelStore, PullProgress, StoredModel};

use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLES: &str = "\
Examples:
  smes models pull facebook/blenderbot_small-90M
  smes models pull facebook/blenderbot_small-90M --from downloads/blenderbot
  smes models list

Models are kept in SMES_MODELS, or smes/models in the cache folder; once there, no network is used.
HF_ENDPOINT names a mirror, HTTPS_PROXY a proxy.";

/// Arguments of `smes models`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ModelsArgs {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(clap::Subcommand, Debug)]
enum ModelsCommand {
    /// Fetches a model from the hub and keeps it, checked.
    Pull(PullArgs),
    /// Lists the models that are here.
    List(ListArgs),
}

/// Arguments of `smes models pull`.
#[derive(clap::Args, Debug)]
struct PullArgs {
    /// The model, `owner/name`.
    name: String,
    /// Branch, tag or commit; with it the hub is asked even if the model is here.
    #[arg(long, value_name = "REVISION", conflicts_with = "from")]
    revision: Option<String>,
    /// Takes a copy from a folder instead.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Arguments of `smes models list`.
#[derive(clap::Args, Debug)]
struct ListArgs {
    #[command(flatten)]
    output: Output,
}

impl ModelsArgs {
    /// Whether the result is wanted as JSON.
    pub(crate) fn prints_json(&self) -> bool {
        match &self.command {
            ModelsCommand::Pull(args) => args.output.json,
            ModelsCommand::List(args) => args.output.json,
        }
    }
}

/// What `--json` prints of a model.
#[derive(Serialize)]
struct Described<'m> {
    folder: &'m PathBuf,
    #[serde(flatten)]
    record: &'m ModelRecord,
}

impl<'m> From<&'m StoredModel> for Described<'m> {
    fn from(model: &'m StoredModel) -> Self {
        Self {
            folder: &model.folder,
            record: &model.record,
        }
    }
}

pub(crate) fn run(args: &ModelsArgs, console: &Console) -> anyhow::Result<()> {
    let store = ModelStore::from_env().map_err(advise)?;
    match &args.command {
        ModelsCommand::Pull(args) => pull(args, &store, console),
        ModelsCommand::List(_) => list(&store, console),
    }
}

fn pull(args: &PullArgs, store: &ModelStore, console: &Console) -> anyhow::Result<()> {
    let name: ModelName = args.name.parse().map_err(advise)?;
    let here = match (&args.from, &args.revision) {
        (None, None) => store.find(&name).map_err(advise)?,
        _ => None,
    };
    let model = match (here, &args.from) {
        (Some(model), _) => {
            console.note(&format!("`{name}` is here already"));
            model
        }
        (None, Some(from)) => store.copy(&name, from).map_err(advise)?,
        (None, None) => {
            let revision = args.revision.as_deref().unwrap_or("main");
            let mut bars = Bars { console, bar: None };
            Hub::from_env()
                .pull(&name, revision, store, &mut bars)
                .map_err(advise)?
        }
    };
    if console.is_json() {
        return console.json(&Described::from(&model));
    }
    console.line(&format!(
        "{name} at {}: {} files, {:.1} MB, in {}",
        model.record.revision,
        model.record.files.len(),
        model.n_bytes() as f64 / 1e6,
        model.folder.display()
    ));
    Ok(())
}

fn list(store: &ModelStore, console: &Console) -> anyhow::Result<()> {
    let models = store.list().map_err(advise)?;
    if console.is_json() {
        let described: Vec<Described<'_>> = models.iter().map(Described::from).collect();
        return console.json(&described);
    }
    if models.is_empty() {
        console.note(&format!(
            "no models in {}; fetch one with `smes models pull`",
            store.folder().display()
        ));
        return Ok(());
    }
    let row = |model: &StoredModel| {
        vec![
            model.record.name.clone(),
            model.record.revision.chars().take(12).collect(),
            format!("{:.1}", model.n_bytes() as f64 / 1e6),
            model.folder.display().to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = models.iter().map(row).collect();
    console.table(&["model", "revision", "MB", "folder"], &rows);
    Ok(())
}

pub(super) fn advise(error: HubError) -> anyhow::Error {
    let hint = error.hint();
    match error {
        HubError::Unreachable { .. }
        | HubError::NotFound { .. }
        | HubError::Denied { .. }
        | HubError::Fetch { .. }
        | HubError::NoFolder => Advice::missing(hint, error),
        _ => Advice::bad_input(hint, error),
    }
}

/// A bar for each file.
struct Bars<'c> {
    console: &'c Console,
    bar: Option<ProgressBar>,
}

impl PullProgress for Bars<'_> {
    fn begin(&mut self, file: &str, n_bytes: u64) {
        self.end();
        self.bar = Some(self.console.progress(n_bytes, file.to_owned()));
    }

    fn advance(&mut self, n_bytes: u64) {
        if let Some(bar) = &self.bar {
            bar.inc(n_bytes);
        }
    }

    fn end(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}
