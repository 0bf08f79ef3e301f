//! `generation_config.json`, as far as it is used, and the tokens an output begins with.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use smes_nn::whisper::WhisperConfig;

use crate::SpeechError;

/// What a Whisper is to be asked, and what it must not answer.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct GenerationConfig {
    /// `<|notimestamps|>`; the tokens after it are times.
    pub(crate) no_timestamps_token_id: u32,
    /// Tokens that never come.
    #[serde(default)]
    pub(crate) suppress_tokens: Vec<u32>,
    /// Tokens that do not come first.
    #[serde(default)]
    pub(crate) begin_suppress_tokens: Vec<u32>,
    /// `<|en|>` and so on; none in a model of English alone.
    #[serde(default)]
    lang_to_id: BTreeMap<String, u32>,
    /// `transcribe`, `translate`; none in a model of English alone.
    #[serde(default)]
    task_to_id: BTreeMap<String, u32>,
}

/// A language of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Language {
    /// ISO 639-1.
    pub(crate) code: String,
    pub(crate) token: u32,
}

impl GenerationConfig {
    /// Reads and checks the file against the model.
    ///
    /// # Errors
    /// [`SpeechError::Read`], [`SpeechError::File`].
    pub(crate) fn read(file: &Path, model: &WhisperConfig) -> Result<Self, SpeechError> {
        let json = fs_err::read(file).map_err(|source| SpeechError::Read {
            file: file.to_owned(),
            source,
        })?;
        let invalid = |reason: String| SpeechError::File {
            file: file.to_owned(),
            reason,
        };
        let config: Self =
            serde_json::from_slice(&json).map_err(|error| invalid(error.to_string()))?;
        let named = config.lang_to_id.values().chain(config.task_to_id.values());
        let unknown = named
            .chain([&config.no_timestamps_token_id])
            .find(|token| **token as usize >= model.vocab_size);
        if let Some(token) = unknown {
            let n = model.vocab_size;
            return Err(invalid(format!(
                "it names token `{token}`, the model has {n}"
            )));
        }
        if !config.lang_to_id.is_empty() && !config.task_to_id.contains_key("transcribe") {
            return Err(invalid(
                "it has languages and no task `transcribe`".to_owned(),
            ));
        }
        Ok(config)
    }

    /// The token whose probability at the start is that nobody speaks; it stands before
    /// `<|notimestamps|>` in all vocabularies, under different names.
    pub(crate) fn no_speech(&self) -> Option<u32> {
        self.no_timestamps_token_id.checked_sub(1)
    }

    /// The languages, in the order of their codes.
    pub(crate) fn languages(&self) -> Vec<Language> {
        let language = |(name, token): (&String, &u32)| Language {
            code: name.trim_matches(['<', '|', '>']).to_owned(),
            token: *token,
        };
        self.lang_to_id.iter().map(language).collect()
    }

    /// The language of a code.
    ///
    /// # Errors
    /// [`SpeechError::Language`].
    pub(crate) fn language(&self, code: &str) -> Result<Language, SpeechError> {
        let languages = self.languages();
        let wanted = code.to_ascii_lowercase();
        match languages.iter().find(|language| language.code == wanted) {
            Some(language) => Ok(language.clone()),
            None => Err(SpeechError::Language {
                found: code.to_owned(),
                known: languages
                    .into_iter()
                    .map(|language| language.code)
                    .collect(),
            }),
        }
    }

    /// What an output begins with: start, language and task where there are several, no times.
    pub(crate) fn prompt(&self, start: u32, language: Option<&Language>) -> Vec<u32> {
        let task = self.task_to_id.get("transcribe").copied();
        let of_many = language.and_then(|language| Some([language.token, task?]));
        std::iter::once(start)
            .chain(of_many.into_iter().flatten())
            .chain([self.no_timestamps_token_id])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(json: &str) -> GenerationConfig {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_prompt_has_language_and_task_where_there_are_several() {
        let many = config(
            r#"{"no_timestamps_token_id": 9, "lang_to_id": {"<|en|>": 3, "<|de|>": 4},
            "task_to_id": {"transcribe": 6, "translate": 5}, "max_length": 448}"#,
        );
        let german = many.language("DE").unwrap();
        assert_eq!(many.prompt(2, Some(&german)), [2, 4, 6, 9]);
        assert_eq!(many.no_speech(), Some(8));
        let error = many.language("xx").unwrap_err();
        assert_eq!(error.hint().unwrap(), "it knows de, en");
        let english = config(r#"{"no_timestamps_token_id": 9}"#);
        assert_eq!(english.prompt(2, None), [2, 9]);
        let error = english.language("en").unwrap_err();
        assert!(error.hint().unwrap().contains("English alone"));
    }
}
