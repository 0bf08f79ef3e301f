//! `smes cues`: cues of a whole folder of clips; `smes cues show`: one clip as a picture.

mod batch;
mod clips;
mod partial;
mod show;

use std::path::PathBuf;

use clap::Subcommand;
use smes_cues::NativeExtractor;

use crate::commands::extractor::{ExtractorArgs, Waiting, bad_extractor, tell_where};
use crate::console::{Console, Output};

const EXAMPLES: &str = "\
Examples:
  smes cues recordings --out cues.jsonl
  smes cues corpora/mine --extractor native --out corpora/mine/cues/native.jsonl
  smes cues corpora/mine --extractor endpoint:http://127.0.0.1:8000/v1 --model Qwen/Qwen2.5-Omni-7B \\
    --out corpora/mine/cues/qwen.jsonl --per-minute 30 --budget-tokens 2000000
  smes cues show hello.webm --out hello.svg

A corpus has its clips as media/DIALOGUE/UTTERANCE.EXT, utterances counted from 0; each speaker of
a dialogue is then described against the clips before. In any other folder every clip stands alone.
An interrupted run goes on where it was: FILE.partial holds what is done. An endpoint is sent pictures
and sound; clips that it did not answer are asked about again by the same command.";

/// Derives the cues of a folder of clips.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct CuesArgs {
    #[command(subcommand)]
    command: Option<CuesCommand>,
    /// Folder of a corpus with its clips, or of sound and video files.
    #[arg(required = true)]
    folder: Option<PathBuf>,
    /// What reads the clips: `native` (this program's own measures) or `endpoint:URL` (any
    /// OpenAI-compatible server that sees or hears; the address before `/chat/completions`).
    #[arg(long, value_name = "NAME[:URL]", default_value = "native")]
    extractor: String,
    /// Clips read at the same time [default: cores; 4 for an endpoint].
    #[arg(long, value_name = "N")]
    parallel: Option<usize>,
    /// File to write; it appears when it is complete.
    #[arg(long, value_name = "FILE", required = true)]
    out: Option<PathBuf>,
    #[command(flatten)]
    options: ExtractorArgs,
    #[command(flatten)]
    output: Output,
}

/// Requests to an endpoint at the same time.
const N_REQUESTS: usize = 4;

#[derive(Subcommand, Debug)]
enum CuesCommand {
    /// Draws what is heard and seen in one clip over time, with small pictures of the face.
    Show(show::ShowArgs),
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
    let chosen = args.options.open(&args.extractor, Waiting::Nobody)?;
    tell_where(&chosen, console);
    let n_workers = args.parallel.unwrap_or_else(|| {
        if args.extractor == "native" {
            std::thread::available_parallelism().map_or(1, usize::from)
        } else {
            N_REQUESTS
        }
    });
    let done = batch::run(folder, out, chosen.as_dyn(), n_workers, console);
    args.options.tell_spent(&chosen, console);
    done
}

fn native() -> anyhow::Result<NativeExtractor> {
    NativeExtractor::embedded().map_err(bad_extractor)
}
