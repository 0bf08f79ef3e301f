//! A dialogue a line as messages of a chat, in the shape fine-tuning tools read.
//!
//! The seeker is `user`, the supporter `assistant`; participants are `user` with their name.
//! Labels stay fields of the message and never enter its content.

use std::io::Write;

use serde::Serialize;
use smes_dialogue::{Dialogue, DialogueId, Emotion, Role, SplitName, Strategy, Utterance};

#[derive(Serialize)]
struct Line<'d> {
    dialogue: &'d DialogueId,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<SplitName>,
    messages: Vec<Message<'d>>,
}

#[derive(Serialize)]
struct Message<'d> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'d str>,
    content: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    strategy: Option<&'d Strategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emotion: Option<&'d Emotion>,
}

pub(crate) fn write<W: Write>(
    sink: &mut W,
    dialogue: &Dialogue,
    split: Option<SplitName>,
) -> std::io::Result<()> {
    let line = Line {
        dialogue: &dialogue.id,
        split,
        messages: dialogue.utterances.iter().map(message).collect(),
    };
    Ok(serde_json::to_writer(sink, &line)?)
}

fn message(utterance: &Utterance) -> Message<'_> {
    Message {
        role: match utterance.role {
            Role::Supporter => "assistant",
            Role::Seeker | Role::Participant => "user",
        },
        name: utterance.speaker.as_deref(),
        content: utterance.text.expose(),
        strategy: utterance.strategy.as_ref(),
        emotion: utterance.emotion.as_ref(),
    }
}
