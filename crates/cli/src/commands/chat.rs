//! `smes chat`.

use crate::console::Console;

/// Arguments of `smes chat`.
#[derive(clap::Args, Debug)]
pub(crate) struct ChatArgs {}

pub(crate) fn run(_args: &ChatArgs, _console: &Console) -> anyhow::Result<()> {
    anyhow::bail!("`smes chat` is not part of this build")
}
