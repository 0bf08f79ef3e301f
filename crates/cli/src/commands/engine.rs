//! The live engine from the command line: which reasoner, which cues. Shared by `serve`, `chat`
//! and `turn`.

use std::sync::Arc;

use smes_cues::CueExtractor;
use smes_reasoning::sequence::LabelDecoding;
use smes_reasoning::{Reasoner, ReasonerOptions, Weights};
use smes_server::safety::CrisisDetector;
use smes_server::{Engine, Limits, Refusal, TurnError};

use super::extractor::{ExtractorArgs, Waiting, tell_where};
use super::reasoners::{self, bad_reasoner};
use crate::console::Console;
use crate::exit::Advice;

/// What plans, answers and reads clips.
#[derive(clap::Args, Debug)]
pub(crate) struct EngineArgs {
    /// Model that plans and answers: `starter`, `starter:DIR`, `blenderbot:RUN`.
    #[arg(long, default_value = "starter", value_name = "NAME[:PLACE]")]
    reasoner: String,
    #[command(flatten)]
    options: ReasonerArgs,
    /// What reads voice and face in clips: `native` (this program's own measures), `endpoint:URL` (an
    /// OpenAI-compatible server that sees or hears; it is sent the clips) or `none`.
    #[arg(
        long,
        visible_alias = "extractor",
        value_name = "NAME[:URL]",
        default_value = "native"
    )]
    cues: String,
    #[command(flatten)]
    extractor_options: ExtractorArgs,
}

/// What may be asked of a reasoner beside its name.
#[derive(clap::Args, Debug, Clone, Copy, Default)]
pub(crate) struct ReasonerArgs {
    /// How `blenderbot` decodes labels: `sequential`, or as the authors' released code does, all
    /// from the first position: `first-step` (drawn by chance) or `first-step-argmax`.
    #[arg(long, value_name = "WAY", default_value_t)]
    labels: LabelDecoding,
    /// Seed of what `blenderbot` draws by chance.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How `blenderbot` keeps its weights: `f32`, `bf16` (half the memory, nearly the same answers) or
    /// `int8` (the fastest; answers differ).
    #[arg(long, value_name = "KIND", default_value_t)]
    weights: Weights,
}

impl ReasonerArgs {
    /// As the library wants it.
    pub(crate) fn options(self) -> ReasonerOptions {
        ReasonerOptions {
            labels: self.labels,
            seed: self.seed,
            weights: self.weights,
        }
    }
}

impl EngineArgs {
    /// Whether clips are read at all.
    pub(crate) fn reads_clips(&self) -> bool {
        !self.reads_nothing()
    }

    fn reads_nothing(&self) -> bool {
        self.cues == "none"
    }

    /// The engine; loads the model.
    pub(crate) fn build(&self, limits: &Limits, console: &Console) -> anyhow::Result<Engine> {
        let options = self.options.options();
        let reasoner: Arc<dyn Reasoner> = if reasoners::is_of_corpus(&self.reasoner) {
            reasoners::open(&self.reasoner, options, None, &Console::new(false, true))?.into()
        } else {
            smes_reasoning::open_with(&self.reasoner, options)
                .map_err(bad_reasoner)?
                .into()
        };
        let cues: Option<Arc<dyn CueExtractor>> = if self.reads_nothing() {
            None
        } else {
            let chosen = self.extractor_options.open(&self.cues, Waiting::Person)?;
            tell_where(&chosen, console);
            Some(chosen.into_shared())
        };
        Ok(Engine::new(
            reasoner,
            cues,
            CrisisDetector::embedded(),
            limits.media(),
        ))
    }
}

/// A turn's error with what to do about it.
pub(crate) fn turn_error(error: TurnError) -> anyhow::Error {
    match error {
        TurnError::Reasoning { source } => bad_reasoner(*source),
        other => Advice::bad_input(other.hint(), other),
    }
}

/// A refused turn as an error.
pub(crate) fn refused(refusal: Refusal) -> anyhow::Error {
    Advice::bad_input(None, anyhow::anyhow!("{}", refusal.message()))
}

/// The locale of the environment, as the terminal's programs read it.
pub(crate) fn environment_locale() -> Option<String> {
    ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .filter(|value| value != "C" && value != "POSIX" && !value.starts_with("C."))
}
