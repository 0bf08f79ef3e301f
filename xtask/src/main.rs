//! Checks of the repository: `cargo xtask check` is what the tests of a change are, `cargo xtask
//! tidy` its rules that no compiler knows.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a developer's tool talks on the terminal"
)]

mod check;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Developer's tasks of the repository.
#[derive(Parser, Debug)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Everything a change must pass, cheapest first: fmt, tidy, clippy, types of the page, tests,
    /// doctests, docs, licences.
    Check,
    /// The rules of the tree: layers, module docs, file lengths, links, licences.
    Tidy,
}

fn main() -> ExitCode {
    let root = tidy::repository_root();
    let done = match Cli::parse().command {
        Command::Check => check::run(&root),
        Command::Tidy => tidy::run(&root),
    };
    if let Err(error) = done {
        eprintln!("error: {error:#}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
