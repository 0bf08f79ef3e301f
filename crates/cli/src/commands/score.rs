//! `smes score`.

use crate::console::Console;

/// Arguments of `smes score`.
#[derive(clap::Args, Debug)]
pub(crate) struct ScoreArgs {}

pub(crate) fn run(_args: &ScoreArgs, _console: &Console) -> anyhow::Result<()> {
    anyhow::bail!("`smes score` is not part of this build")
}
