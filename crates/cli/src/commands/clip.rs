//! `smes clip`.

use crate::console::Console;

/// Arguments of `smes clip`.
#[derive(clap::Args, Debug)]
pub(crate) struct ClipArgs {}

pub(crate) fn run(_args: &ClipArgs, _console: &Console) -> anyhow::Result<()> {
    anyhow::bail!("`smes clip` is not part of this build")
}
