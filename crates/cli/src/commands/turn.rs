//! `smes turn`.

use crate::console::Console;

/// Arguments of `smes turn`.
#[derive(clap::Args, Debug)]
pub(crate) struct TurnArgs {}

pub(crate) fn run(_args: &TurnArgs, _console: &Console) -> anyhow::Result<()> {
    anyhow::bail!("`smes turn` is not part of this build")
}
