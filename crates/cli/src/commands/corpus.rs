//! `smes corpus`.

use crate::console::Console;

/// Arguments of `smes corpus`.
#[derive(clap::Args, Debug)]
pub(crate) struct CorpusArgs {}

pub(crate) fn run(_args: &CorpusArgs, _console: &Console) -> anyhow::Result<()> {
    anyhow::bail!("`smes corpus` is not part of this build")
}
