//! A history that someone brings along: a JSON array of `{role, text, strategy?}`.
//!
//! Read by hand rather than by derive, so that an error names the place (`utterance 3`, counted
//! from 1, and the field) and never repeats what was said.

use serde_json::{Map, Value};
use smes_dialogue::{
    ContextUtterance, Cue, DialogueContext, EmotionSet, Private, Role, StrategySet, UnknownLabel,
    UnknownRole,
};

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// The text is no JSON.
    #[error("the history is no JSON: line {line}, column {column}")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The document is no array.
    #[error("the history is {found}, expected an array of utterances")]
    NotAnArray {
        /// What it is.
        found: &'static str,
    },
    /// More utterances than allowed.
    #[error("the history has {found} utterances, expected at most {limit}")]
    TooLong {
        /// Number of utterances.
        found: usize,
        /// Most allowed.
        limit: usize,
    },
    /// An utterance is no object.
    #[error("utterance {place} of the history is {found}, expected an object")]
    NotAnObject {
        /// Which utterance, from 1.
        place: usize,
        /// What it is.
        found: &'static str,
    },
    /// A field is absent.
    #[error("utterance {place} of the history has no `{field}`")]
    MissingField {
        /// Which utterance, from 1.
        place: usize,
        /// The field.
        field: &'static str,
    },
    /// A field that is not known.
    #[error("utterance {place} of the history has an unknown field")]
    UnknownField {
        /// Which utterance, from 1.
        place: usize,
    },
    /// A field of the wrong kind.
    #[error("utterance {place} of the history: `{field}` is {found}, expected {expected}")]
    WrongKind {
        /// Which utterance, from 1.
        place: usize,
        /// The field.
        field: &'static str,
        /// What it is.
        found: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// An utterance's text is longer than allowed.
    #[error("utterance {place} of the history has {found} characters, expected at most {limit}")]
    TextTooLong {
        /// Which utterance, from 1.
        place: usize,
        /// Its length, in characters.
        found: usize,
        /// Longest text, in characters.
        limit: usize,
    },
    /// A role that is not known.
    #[error("utterance {place} of the history: {source}")]
    UnknownRole {
        /// Which utterance, from 1.
        place: usize,
        /// Which role, and what was expected.
        source: UnknownRole,
    },
    /// A label that is not known.
    #[error("utterance {place} of the history: {source}")]
    UnknownLabel {
        /// Which utterance, from 1.
        place: usize,
        /// Which label, and what was expected.
        source: UnknownLabel,
    },
}

impl HistoryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownLabel { source, .. } => Some(source.hint()),
            Self::TooLong { .. } => Some("keep the latest utterances only".to_owned()),
            Self::TextTooLong { .. } => Some("split the utterance".to_owned()),
            _ => Some(
                r#"expected `[{"role": "seeker", "text": "...", "strategy": "..."}, ...]`; `strategy`, `cue` and `corrected_emotion` may be absent"#
                    .to_owned(),
            ),
        }
    }
}

/// What a history may hold.
#[derive(Debug, Clone, Copy)]
pub struct HistoryBounds<'a> {
    /// The emotions a correction may name.
    pub emotions: &'a EmotionSet,
    /// The strategies a supporter's utterance may have.
    pub strategies: &'a StrategySet,
    /// Most utterances.
    pub utterances: usize,
    /// Longest text of one, in characters.
    pub text_chars: usize,
}

/// Reads a history from JSON.
///
/// # Errors
/// The first fault and its place.
pub fn parse_history(
    json: &str,
    bounds: &HistoryBounds<'_>,
) -> Result<DialogueContext, HistoryError> {
    let value: Value = serde_json::from_str(json).map_err(|error| HistoryError::NotJson {
        line: error.line(),
        column: error.column(),
    })?;
    history_from_value(&value, bounds)
}

/// Reads a history from a JSON value.
///
/// # Errors
/// The first fault and its place.
pub fn history_from_value(
    value: &Value,
    bounds: &HistoryBounds<'_>,
) -> Result<DialogueContext, HistoryError> {
    let rows = value
        .as_array()
        .ok_or_else(|| HistoryError::NotAnArray { found: kind(value) })?;
    if rows.len() > bounds.utterances {
        return Err(HistoryError::TooLong {
            found: rows.len(),
            limit: bounds.utterances,
        });
    }
    let utterances = rows
        .iter()
        .enumerate()
        .map(|(idx, row)| utterance(idx + 1, row, bounds))
        .collect::<Result<_, _>>()?;
    Ok(DialogueContext { utterances })
}

fn utterance(
    place: usize,
    row: &Value,
    bounds: &HistoryBounds<'_>,
) -> Result<ContextUtterance, HistoryError> {
    const FIELDS: [&str; 5] = ["role", "text", "strategy", "corrected_emotion", "cue"];
    let row = row.as_object().ok_or_else(|| HistoryError::NotAnObject {
        place,
        found: kind(row),
    })?;
    if row.keys().any(|key| !FIELDS.contains(&key.as_str())) {
        return Err(HistoryError::UnknownField { place });
    }
    let missing = |field| HistoryError::MissingField { place, field };
    let role: Role = text_field(place, row, "role")?
        .ok_or_else(|| missing("role"))?
        .parse()
        .map_err(|source| HistoryError::UnknownRole { place, source })?;
    let text = text_field(place, row, "text")?.ok_or_else(|| missing("text"))?;
    let n_chars = text.chars().count();
    if n_chars > bounds.text_chars {
        return Err(HistoryError::TextTooLong {
            place,
            found: n_chars,
            limit: bounds.text_chars,
        });
    }
    let unknown = |source| HistoryError::UnknownLabel { place, source };
    let strategy = text_field(place, row, "strategy")?
        .map(|raw| bounds.strategies.parse(raw).map_err(unknown))
        .transpose()?;
    let corrected_emotion = text_field(place, row, "corrected_emotion")?
        .map(|raw| bounds.emotions.parse(raw).map_err(unknown))
        .transpose()?;
    Ok(ContextUtterance {
        role,
        text: Private::from(text),
        cue: cue_field(place, row)?,
        strategy,
        corrected_emotion,
    })
}

fn cue_field(place: usize, row: &Map<String, Value>) -> Result<Option<Cue>, HistoryError> {
    match row.get("cue") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => serde_json::from_value(value.clone())
            .map(Some)
            // The parser's own words may repeat what was seen.
            .map_err(|_| HistoryError::WrongKind {
                place,
                field: "cue",
                found: kind(value),
                expected: "a cue as `smes turn --json` prints it",
            }),
    }
}

fn text_field<'r>(
    place: usize,
    row: &'r Map<String, Value>,
    field: &'static str,
) -> Result<Option<&'r str>, HistoryError> {
    match row.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(other) => Err(HistoryError::WrongKind {
            place,
            field,
            found: kind(other),
            expected: "a text",
        }),
    }
}

const fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;
    use smes_dialogue::{Label, mesc_emotions, mesc_strategies};

    fn parse(json: &str) -> Result<DialogueContext, HistoryError> {
        parse_history(
            json,
            &HistoryBounds {
                emotions: &mesc_emotions(),
                strategies: &mesc_strategies(),
                utterances: 3,
                text_chars: 12,
            },
        )
    }

    fn fault(json: &str) -> String {
        parse(json).unwrap_err().to_string()
    }

    #[test]
    fn reads_roles_and_strategies_by_any_of_their_spellings() {
        let history = parse(
            r#"[{"role": "client", "text": "hm"},
                {"role": "supporter", "text": "oh?", "strategy": "open questions"}]"#,
        )
        .unwrap();
        assert_eq!(history.utterances[0].role, Role::Seeker);
        let strategy = history.last_strategy().map(|label| label.name().to_owned());
        assert_eq!(strategy.as_deref(), Some("Open question"));
    }

    #[test]
    fn a_context_as_it_is_written_reads_back() {
        let context = DialogueContext {
            utterances: vec![
                ContextUtterance::seeker("hm"),
                ContextUtterance::supporter("oh?", mesc_strategies().get(1).cloned()),
            ],
        };
        let json = serde_json::to_string(&context).unwrap();
        assert_eq!(parse(&json).unwrap(), context);
    }

    #[test]
    fn a_fault_names_its_place_and_not_what_was_said() {
        assert_snapshot!(fault("[1,"), @"the history is no JSON: line 1, column 3");
        assert_snapshot!(fault("{}"), @"the history is an object, expected an array of utterances");
        assert_snapshot!(fault(r#"["secret"]"#), @"utterance 1 of the history is a text, expected an object");
        assert_snapshot!(fault(r#"[{"role": "seeker"}]"#), @"utterance 1 of the history has no `text`");
        assert_snapshot!(fault(r#"[{"role": "seeker", "text": 3}]"#), @"utterance 1 of the history: `text` is a number, expected a text");
        assert_snapshot!(fault(r#"[{"role": "seeker", "text": "", "secret": 3}]"#), @"utterance 1 of the history has an unknown field");
        assert_snapshot!(fault(r#"[{"role": "seeker", "text": "more than twelve"}]"#), @"utterance 1 of the history has 16 characters, expected at most 12");
        assert_snapshot!(fault(r#"[{"role": "friend", "text": ""}]"#), @"utterance 1 of the history: unknown role `friend`, expected `seeker`, `supporter` or `participant`");
        assert_snapshot!(fault(r#"[{"role": "seeker", "text": ""}, {"role": "sys", "text": "", "strategy": "Aproval"}]"#), @"utterance 2 of the history: unknown strategy `Aproval` (label set `mesc-10`)");
    }

    #[test]
    fn an_unknown_label_comes_with_the_nearest_known_one() {
        let error = parse(r#"[{"role": "sys", "text": "", "strategy": "Aproval"}]"#).unwrap_err();
        assert!(error.hint().unwrap().contains("did you mean `Approval`?"));
    }
}
