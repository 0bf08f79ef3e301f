//! `smes cues`: cues of a whole folder of clips; `smes cues show`: one clip as a picture.

mod batch;
mod clips;
mod partial;
mod show;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use smes_cues::{CueExtractor, NativeExtractor};

use crate::console::{Console, Output};
use crate::exit::Advice;

const EXAMPLES: &str = "\
Examples:
  smes cues recordings --out cues.jsonl
  smes cues corpora/mine --extractor native --out corpora/mine/cues/native.jsonl
  smes cues show hello.webm --out hello.svg

A corpus has its clips as media/DIALOGUE/UTTERANCE.EXT, utterances counted from 0; each speaker of
a dialogue is then described against the clips before. In any other folder every clip stands alone.
An interrupted run goes on where it was: FILE.partial holds what is done.";

/// Derives the cues of a folder of clips.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct CuesArgs {
    #[command(subcommand)]
    command: Option<CuesCommand>,
    /// Folder of a corpus with its clips, or of sound and video files.
    #[arg(required = true)]
    folder: Option<PathBuf>,
    /// What reads the clips.
    #[arg(long, value_enum, default_value_t = ExtractorChoice::Native)]
    extractor: ExtractorChoice,
    /// File to write; it appears when it is complete.
    #[arg(long, value_name = "FILE", required = true)]
    out: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

#[derive(Subcommand, Debug)]
enum CuesCommand {
    /// Draws what is heard in one clip over time.
    Show(show::ShowArgs),
}

/// The extractors that can be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ExtractorChoice {
    /// This program's own measures.
    Native,
}

impl CuesArgs {
    /// Whether the result is wanted as JSON.
    pub(crate) const fn prints_json(&self) -> bool {
        self.output.json
    }
}

pub(crate) fn run(args: &CuesArgs, console: &Console) -> anyhow::Result<()> {
    if let Some(CuesCommand::Show(args)) = &args.command {
        return show::run(args, console);
    }
    let (Some(folder), Some(out)) = (&args.folder, &args.out) else {
        unreachable!("clap asks for both without a subcommand");
    };
    let extractor: Box<dyn CueExtractor> = match args.extractor {
        ExtractorChoice::Native => Box::new(native()?),
    };
    batch::run(folder, out, extractor.as_ref(), console)
}

fn native() -> anyhow::Result<NativeExtractor> {
    NativeExtractor::embedded().map_err(|error| Advice::missing(error.hint(), error))
}
