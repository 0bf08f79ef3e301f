//! `smes`: multimodal emotional-support conversation, from corpus to live talk.
//!
//! This file is the map of the program: one variant of [`Command`] a stage, each handled by the
//! file of its name in `commands/`. Only this crate prints.

mod commands;
mod console;
mod exit;
mod help;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use console::Console;
use exit::Exit;

/// Allocation dominates tensor work otherwise: stock `malloc` returns freed pages at once and
/// faults them back in on the next operation.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const START_HERE: &str = "\
`smes COMMAND --help` has examples of each.

It supports people; it is a program, not a therapist. In an emergency, call your local
emergency number; https://findahelpline.com lists people who help, by country.

Exit codes: 0 done · 1 failed · 2 wrong usage · 3 bad input (a file or its contents) ·
4 something is missing (a program, a model, a permission) · 130 interrupted";

/// Multimodal emotional-support conversation: corpus -> cues -> reasoning -> response -> evaluation.
#[derive(Parser, Debug)]
#[command(name = "smes", version, after_help = START_HERE, propagate_version = true)]
struct Cli {
    /// Says less: no notes, no progress.
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Talks live in the browser: text, and voice and camera if allowed.
    Serve(commands::serve::ServeArgs),
    /// Talks in the terminal.
    Chat(commands::chat::ChatArgs),
    /// Answers one turn and shows how it was read.
    Turn(commands::turn::TurnArgs),
    /// Imports, checks, counts and exports corpora.
    Corpus(commands::corpus::CorpusArgs),
    /// Reads one clip: what is heard, in words and numbers.
    Clip(commands::clip::ClipArgs),
    /// Derives the cues of a folder of clips; draws one clip.
    Cues(commands::cues::CuesArgs),
    /// Writes down what is said in a recording.
    Transcribe(commands::transcribe::TranscribeArgs),
    /// Trains a model by a recipe.
    Train(commands::train::TrainArgs),
    /// Fetches and lists pretrained models.
    Models(commands::models::ModelsArgs),
    /// Runs a reasoner over a split and writes its predictions.
    Predict(commands::predict::PredictArgs),
    /// Scores a predictions file, controls beside it.
    Score(commands::score::ScoreArgs),
    /// Lets people rate two systems' answers, blind, and makes Table V of it.
    Rate(commands::rate::RateArgs),
    /// Scores a suite of systems beside the controls: tables and a report.
    Evaluate(commands::evaluate::EvaluateArgs),
    /// Makes every table of docs/results.md from the raw files.
    Reproduce(commands::reproduce::ReproduceArgs),
    /// Prints a completion script for a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
}

impl Command {
    /// Whether the result is wanted as JSON.
    fn prints_json(&self) -> bool {
        match self {
            Self::Serve(args) => args.output.json,
            Self::Chat(args) => args.output.json,
            Self::Turn(args) => args.output.json,
            Self::Corpus(args) => args.prints_json(),
            Self::Clip(args) => args.output.json,
            Self::Cues(args) => args.prints_json(),
            Self::Transcribe(args) => args.output.json,
            Self::Train(args) => args.output.json,
            Self::Models(args) => args.prints_json(),
            Self::Predict(args) => args.output.json,
            Self::Score(args) => args.output.json,
            Self::Rate(args) => args.prints_json(),
            Self::Evaluate(args) => args.output.json,
            Self::Reproduce(_) | Self::Completions { .. } => false,
        }
    }
}

fn main() -> std::process::ExitCode {
    let matches = help::by_stage(Cli::command()).get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let console = Console::new(cli.command.prints_json(), cli.quiet);
    match run(&cli.command, &console) {
        Ok(()) => Exit::Done.into(),
        Err(error) => exit::report(&console, &error).into(),
    }
}

fn run(command: &Command, console: &Console) -> anyhow::Result<()> {
    match command {
        Command::Serve(args) => commands::serve::run(args, console),
        Command::Chat(args) => commands::chat::run(args, console),
        Command::Turn(args) => commands::turn::run(args, console),
        Command::Corpus(args) => commands::corpus::run(args, console),
        Command::Clip(args) => commands::clip::run(args, console),
        Command::Cues(args) => commands::cues::run(args, console),
        Command::Transcribe(args) => commands::transcribe::run(args, console),
        Command::Train(args) => commands::train::run(args, console),
        Command::Models(args) => commands::models::run(args, console),
        Command::Predict(args) => commands::predict::run(args, console),
        Command::Score(args) => commands::score::run(args, console),
        Command::Rate(args) => commands::rate::run(args, console),
        Command::Evaluate(args) => commands::evaluate::run(args, console),
        Command::Reproduce(args) => commands::reproduce::run(args, console),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "smes", &mut script);
            console.line(String::from_utf8_lossy(&script).trim_end());
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
