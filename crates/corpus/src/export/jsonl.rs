//! A dialogue a line, as stored, with its split first.

use std::io::Write;

use serde::Serialize;
use smes_dialogue::{Dialogue, SplitName};

#[derive(Serialize)]
struct Line<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<SplitName>,
    #[serde(flatten)]
    dialogue: &'d Dialogue,
}

pub(crate) fn write<W: Write>(
    sink: &mut W,
    dialogue: &Dialogue,
    split: Option<SplitName>,
) -> std::io::Result<()> {
    Ok(serde_json::to_writer(sink, &Line { split, dialogue })?)
}
