//! An utterance a row, as csv; its columns are also those of the Parquet file.

use std::io::Write;
use std::path::Path;

use smes_dialogue::{Dialogue, Label, Role, SplitName, Utterance};

use crate::Corpus;
use crate::export::{ExportError, io};

/// Text columns, in order; the number columns [`NUMBERS`] follow them.
pub(crate) const TEXTS: [&str; 9] = [
    "dialogue",
    "split",
    "role",
    "speaker",
    "text",
    "emotion",
    "strategy",
    "scenario",
    "dialogue_emotion",
];

/// Columns of whole numbers. Times are milliseconds in the recording.
pub(crate) const NUMBERS: [&str; 5] = ["utterance", "season", "episode", "start_ms", "end_ms"];

/// The text columns of an utterance; what it does not have is nothing.
pub(crate) fn texts<'d>(
    dialogue: &'d Dialogue,
    utterance: &'d Utterance,
    split: Option<SplitName>,
) -> [Option<&'d str>; 9] {
    [
        Some(dialogue.id.as_str()),
        split.map(SplitName::as_str),
        Some(match utterance.role {
            Role::Seeker => "seeker",
            Role::Supporter => "supporter",
            Role::Participant => "participant",
        }),
        utterance.speaker.as_deref(),
        Some(utterance.text.expose()),
        utterance.emotion.as_ref().map(Label::name),
        utterance.strategy.as_ref().map(Label::name),
        dialogue
            .scenario
            .as_ref()
            .map(|scenario| scenario.name.as_str()),
        dialogue.emotion.as_ref().map(Label::name),
    ]
}

/// The number columns of an utterance.
pub(crate) fn numbers(dialogue: &Dialogue, utterance: &Utterance) -> [Option<i64>; 5] {
    let signed = |number: u64| i64::try_from(number).ok();
    [
        i64::try_from(utterance.idx).ok(),
        dialogue.episode.map(|episode| i64::from(episode.season)),
        dialogue.episode.map(|episode| i64::from(episode.episode)),
        utterance.span.and_then(|span| signed(span.start_ms())),
        utterance.span.and_then(|span| signed(span.end_ms())),
    ]
}

pub(crate) fn write_csv<W: Write>(
    corpus: &Corpus,
    target: &Path,
    sink: &mut W,
) -> Result<u64, ExportError> {
    let fail = |error: csv::Error| io(target)(error.into());
    let splits = corpus.splits().by_id();
    let mut writer = csv::Writer::from_writer(sink);
    writer
        .write_record(TEXTS.iter().chain(&NUMBERS))
        .map_err(fail)?;
    let mut n_dialogues = 0;
    for dialogue in corpus.dialogues() {
        let dialogue = dialogue?;
        let split = splits.get(&dialogue.id).copied();
        for utterance in &dialogue.utterances {
            for text in texts(&dialogue, utterance, split) {
                writer.write_field(text.unwrap_or_default()).map_err(fail)?;
            }
            for number in numbers(&dialogue, utterance) {
                let field = number.map_or_else(String::new, |number| number.to_string());
                writer.write_field(field).map_err(fail)?;
            }
            writer.write_record(None::<&[u8]>).map_err(fail)?;
        }
        n_dialogues += 1;
    }
    writer.flush().map_err(io(target))?;
    Ok(n_dialogues)
}
