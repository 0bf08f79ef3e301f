//! What every tokenizer of a sequence-to-sequence model can do, and which one a folder holds.

use std::{fmt::Debug, path::Path};

use super::{BlenderbotSmallTokenizer, ByteLevelTokenizer};
use crate::{NnError, model_folder};

/// The tokens that every such vocabulary has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialIds {
    /// Fills short rows.
    pub pad: u32,
    /// Starts an output.
    pub start: u32,
    /// Ends an output, and stands between the turns of a history.
    pub end: u32,
    /// Stands for what the vocabulary lacks.
    pub unknown: u32,
}

/// Text to token ids and back.
pub trait SubwordTokenizer: Debug + Send + Sync {
    /// The tokens that every such vocabulary has.
    fn special(&self) -> SpecialIds;

    /// Number of tokens, added ones included; ids are below it.
    fn vocab_size(&self) -> usize;

    /// The id of a token of the vocabulary.
    fn token_id(&self, token: &str) -> Option<u32>;

    /// Adds tokens, which from now on are found in any text (exact match) before it is split. One
    /// that is in the vocabulary keeps its id. Returns the ids.
    ///
    /// # Errors
    /// [`NnError::Tokenizer`] for an empty token.
    fn add_tokens(&mut self, tokens: &[&str]) -> Result<Vec<u32>, NnError>;

    /// The ids of a text; nothing is added at its ends.
    ///
    /// # Errors
    /// [`NnError::Encode`] when the text cannot be encoded; it is not kept.
    fn encode(&self, text: &str) -> Result<Vec<u32>, NnError>;

    /// The words of ids, as people write them: without special and added tokens, and without the
    /// spaces that tokens put around punctuation.
    fn decode(&self, ids: &[u32]) -> String;

    /// The text of ids with every token, as the vocabulary spells it.
    fn decode_raw(&self, ids: &[u32]) -> String;

    /// Writes the files from which [`open`] makes this tokenizer again.
    ///
    /// # Errors
    /// [`NnError::Write`].
    fn save(&self, folder: &Path) -> Result<(), NnError>;
}

/// The tokenizer of a model folder: byte-level for `"model_type": "blenderbot"`, and the one of
/// the small model for `"blenderbot-small"`.
///
/// # Errors
/// [`NnError::Read`] and [`NnError::Config`] for the `config.json`, [`NnError::ConfigFileValue`] for
/// another architecture, and as for the tokenizer's own `open`.
pub fn open(folder: &Path) -> Result<Box<dyn SubwordTokenizer>, NnError> {
    #[derive(serde::Deserialize)]
    struct Kind {
        model_type: String,
    }
    let (json, file) = model_folder::read_config(folder)?;
    let kind: Kind = model_folder::json_from(&json, &file)?;
    match kind.model_type.as_str() {
        "blenderbot-small" => Ok(Box::new(BlenderbotSmallTokenizer::open(folder)?)),
        "blenderbot" => Ok(Box::new(ByteLevelTokenizer::open(folder)?)),
        found => {
            Err(
                model_folder::refused("model_type", found, "`blenderbot-small` or `blenderbot`")
                    .of_file(&file),
            )
        }
    }
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, NnError> {
    fs_err::read(file).map_err(|source| NnError::Read {
        file: file.to_owned(),
        source,
    })
}

/// Removes the spaces that tokens put around English punctuation; transformers'
/// `clean_up_tokenization`, in its order.
pub fn clean_up(text: &str) -> String {
    const REPLACEMENTS: [(&str, &str); 10] = [
        (" .", "."),
        (" ?", "?"),
        (" !", "!"),
        (" ,", ","),
        (" ' ", "'"),
        (" n't", "n't"),
        (" 'm", "'m"),
        (" 's", "'s"),
        (" 've", "'ve"),
        (" 're", "'re"),
    ];
    let clean = |text: String, (from, to): (&str, &str)| text.replace(from, to);
    REPLACEMENTS.into_iter().fold(text.to_owned(), clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_closes_up_and_clitics_join_their_word() {
        assert_eq!(
            clean_up("i do n't know , it ' s fine . is it ?"),
            "i don't know, it's fine. is it?"
        );
    }
}
