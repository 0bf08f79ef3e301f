//! What a judge is asked, and how its answer is read.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use smes_dialogue::Role;
use smes_endpoint::Prompt;

use crate::{Choice, Item, Question, System};

const SYSTEM: &str = "\
You compare two answers that a supporter could give next in a conversation with a person in distress. \
Judge only these two answers, for each of the five questions on its own. Do not let the order in which \
they are given, their length, or their style of formatting decide. Answer with a JSON object that has \
for each question one of \"first\", \"second\" or \"tie\":\n";
/// Utterances of the conversation that are given, counted from its end.
const MAX_UTTERANCES: usize = 60;

/// The prompt about an item with that system's answer first.
pub(super) fn prompt(item: &Item, first: System) -> Prompt {
    let (a, b) = (item.a.expose(), item.b.expose());
    let (one, two) = match first {
        System::A => (a, b),
        System::B => (b, a),
    };
    let from = item.context.len().saturating_sub(MAX_UTTERANCES);
    let mut user = "The conversation so far:\n".to_owned();
    for said in &item.context[from..] {
        let who = match said.role {
            Role::Seeker => "Seeker",
            Role::Supporter => "Supporter",
            Role::Participant => "Participant",
        };
        let _ = writeln!(user, "{who}: {}", said.text.expose());
    }
    let _ = write!(user, "\nFirst answer:\n{one}\n\nSecond answer:\n{two}\n");
    Prompt {
        system: system(),
        user: user.into(),
        schema_name: "comparison",
        schema: schema(),
    }
}

/// What does not change from item to item; its hash names the way of asking.
pub(super) fn system() -> String {
    let mut system = SYSTEM.to_owned();
    for question in Question::ALL {
        let _ = writeln!(system, "\"{}\": {}", question.key(), question.wording());
    }
    system
}

fn schema() -> Value {
    let keys = Question::ALL.map(Question::key);
    let properties: Map<String, Value> = keys
        .iter()
        .map(|key| {
            let values = json!({"type": "string", "enum": ["first", "second", "tie"]});
            ((*key).to_owned(), values)
        })
        .collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": keys,
        "additionalProperties": false,
    })
}

/// The five choices in a model's text; `None` when any is missing or is none. The first object counts:
/// models that are bound by words alone like to put it between others.
pub(super) fn read(text: &str) -> Option<[Choice; Question::ALL.len()]> {
    #[derive(Deserialize, Clone, Copy)]
    #[serde(rename_all = "snake_case")]
    enum Said {
        First,
        Second,
        Tie,
    }
    let object = &text[text.find('{')?..];
    let mut values = serde_json::Deserializer::from_str(object).into_iter::<Map<String, Value>>();
    let object = values.next()?.ok()?;
    let mut choices = [Choice::Tie; Question::ALL.len()];
    for question in Question::ALL {
        let said = Said::deserialize(object.get(question.key())?).ok()?;
        choices[question.idx()] = match said {
            Said::First => Choice::Left,
            Said::Second => Choice::Right,
            Said::Tie => Choice::Tie,
        };
    }
    Some(choices)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_support::study;

    const GOOD: &str = r#"{"fluency":"first","identification":"tie","comfort":"second","suggestion":"first","overall":"first"}"#;

    #[test]
    fn a_whole_answer_is_read_also_between_words() {
        let expected = [
            Choice::Left,
            Choice::Tie,
            Choice::Right,
            Choice::Left,
            Choice::Left,
        ];
        assert_eq!(read(GOOD), Some(expected));
        assert_eq!(
            read(&format!("Here you are:\n```json\n{GOOD}\n```\n")),
            Some(expected)
        );
        for bad in [
            "",
            "first",
            "{}",
            "{",
            &GOOD.replace("tie", "both"),
            &GOOD.replace("overall", "all"),
            &GOOD[..40],
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_order_changes_the_answers_places_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let study = study(folder.path());
        let item = &study.moments()[0];
        let text = |first| prompt(item, first).user.expose().clone();
        let (ab, ba) = (text(System::A), text(System::B));
        let place = |text: &str, answer: &str| text.find(answer).unwrap();
        assert!(place(&ab, item.a.expose()) < place(&ab, item.b.expose()));
        assert!(place(&ba, item.b.expose()) < place(&ba, item.a.expose()));
        assert_eq!(ab.len(), ba.len());
        for name in ["ours", "theirs", "invented"] {
            assert!(!ab.contains(name), "no system is named");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}") {
            let _ = read(&text);
        }
    }
}
