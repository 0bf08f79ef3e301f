//! `smes predict`.

use crate::console::Console;

/// Arguments of `smes predict`.
#[derive(clap::Args, Debug)]
pub(crate) struct PredictArgs {}

pub(crate) fn run(_args: &PredictArgs, _console: &Console) -> anyhow::Result<()> {
    anyhow::bail!("`smes predict` is not part of this build")
}
