//! `smes train`.

use crate::console::Console;

/// Arguments of `smes train`.
#[derive(clap::Args, Debug)]
pub(crate) struct TrainArgs {}

pub(crate) fn run(_args: &TrainArgs, _console: &Console) -> anyhow::Result<()> {
    anyhow::bail!("`smes train` is not part of this build")
}
