//! `smes serve`.

use crate::console::Console;

/// Arguments of `smes serve`.
#[derive(clap::Args, Debug)]
pub(crate) struct ServeArgs {}

pub(crate) fn run(_args: &ServeArgs, _console: &Console) -> anyhow::Result<()> {
    anyhow::bail!("`smes serve` is not part of this build")
}
