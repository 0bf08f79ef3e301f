//! The messages of the protocol, as far as they are used.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use smes_dialogue::Private;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What the model is to do.
    pub system: String,
    /// What it is to do it with.
    pub user: Private<String>,
    /// Name of the schema.
    pub schema_name: &'static str,
    /// JSON schema of the answer.
    pub schema: Value,
}

/// Tokens that were counted by the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    #[serde(default)]
    pub prompt_tokens: u64,
    /// Tokens written.
    #[serde(default)]
    pub completion_tokens: u64,
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        // What a server says of itself may be anything.
        self.prompt_tokens = self.prompt_tokens.saturating_add(other.prompt_tokens);
        self.completion_tokens = self
            .completion_tokens
            .saturating_add(other.completion_tokens);
    }
}

/// What a request asks of the server, most first; servers differ in what they can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An answer bound by the schema, as repeatable and as short as asked.
    Schema,
    /// The same from models that refuse a temperature, a seed and `max_tokens`.
    SchemaAlone,
    /// Some JSON object.
    Object,
    /// What the prompt's words bring about.
    Words,
}

impl Form {
    /// What to try when a server cannot do this one.
    pub(crate) const fn weaker(self) -> Option<Self> {
        match self {
            Self::Schema => Some(Self::SchemaAlone),
            Self::SchemaAlone => Some(Self::Object),
            Self::Object => Some(Self::Words),
            Self::Words => None,
        }
    }
}

/// The body of a request.
pub(crate) fn request(model: &str, prompt: &Prompt, form: Form, max_tokens: u32) -> Value {
    let mut body = json!({
        "model": model,
        "messages": [
            {"role": "system", "content": prompt.system},
            {"role": "user", "content": prompt.user},
        ],
    });
    if form != Form::SchemaAlone {
        body["temperature"] = 0.into();
        body["seed"] = 1.into();
        body["max_tokens"] = max_tokens.into();
    }
    match form {
        Form::Schema | Form::SchemaAlone => {
            body["response_format"] = json!({
                "type": "json_schema",
                "json_schema": {"name": prompt.schema_name, "strict": true, "schema": prompt.schema},
            });
        }
        Form::Object => body["response_format"] = json!({"type": "json_object"}),
        Form::Words => {}
    }
    body
}

#[derive(Deserialize)]
struct Completion {
    choices: Vec<CompletionChoice>,
    #[serde(default)]
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct CompletionChoice {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    #[serde(default)]
    content: Option<String>,
}

/// The text and usage of an answer; `None` when it is no chat completion. A model that says nothing
/// gives an empty text.
pub fn read_answer(body: &[u8]) -> Option<(Private<String>, Usage)> {
    let completion: Completion = serde_json::from_slice(body).ok()?;
    let choice = completion.choices.into_iter().next()?;
    let text = choice.message.content.unwrap_or_default();
    Some((text.into(), completion.usage.unwrap_or_default()))
}

/// Whether an error's words say that the server cannot do what was asked: see, hear, or an option.
/// The words themselves may quote what was sent and go no further.
pub(crate) fn is_about_support(body: &[u8]) -> bool {
    const SIGNS: [&str; 5] = [
        "not support",
        "n't support",
        "unsupported",
        "no endpoints found that support",
        "mmproj",
    ];
    let words = String::from_utf8_lossy(body).to_lowercase();
    SIGNS.iter().any(|sign| words.contains(sign))
}

/// The code of a server's error, where it is a plain name: anything longer may quote what was sent.
pub(crate) fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = &body["error"];
    let name = [&error["code"], &error["type"]]
        .into_iter()
        .find_map(Value::as_str)?;
    let is_plain = name.len() <= 48
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    is_plain.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_and_anything_else_is_none() {
        let answer =
            br#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"{}"}}],
            "usage":{"prompt_tokens":7,"completion_tokens":2,"total_tokens":9}}"#;
        let (text, usage) = read_answer(answer).unwrap();
        assert_eq!(
            (
                text.expose().as_str(),
                usage.prompt_tokens,
                usage.completion_tokens
            ),
            ("{}", 7, 2)
        );
        let silent = br#"{"choices":[{"message":{"content":null}}]}"#;
        assert_eq!(read_answer(silent).unwrap().0.expose(), "");
        for other in [&b"<html>"[..], b"{}", br#"{"choices":[]}"#, b"[]"] {
            assert!(read_answer(other).is_none());
        }
    }

    #[test]
    fn what_a_server_cannot_do_is_understood_from_its_words() {
        for words in [
            &br#"{"error":{"code":500,"message":"image input is not supported - hint: you may need to provide the mmproj"}}"#[..],
            br#"{"detail":"Unsupported content type"}"#,
            b"This model doesn't support audio",
        ] {
            assert!(is_about_support(words));
        }
        assert!(!is_about_support(
            br#"{"error":{"message":"out of memory"}}"#
        ));
    }

    #[test]
    fn only_a_plain_code_of_an_error_is_repeated() {
        assert_eq!(
            error_code(br#"{"error":{"code":"invalid_api_key"}}"#).as_deref(),
            Some("invalid_api_key")
        );
        assert_eq!(
            error_code(br#"{"error":{"type":"rate_limit","code":429}}"#).as_deref(),
            Some("rate_limit")
        );
        assert_eq!(
            error_code(br#"{"error":{"code":"you said: I am lost"}}"#),
            None
        );
        assert_eq!(error_code(b"oops"), None);
    }
}
