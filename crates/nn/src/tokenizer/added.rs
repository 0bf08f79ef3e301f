//! Tokens that are found in a text before it is split: special ones and those added for labels.

use std::{collections::BTreeMap, path::Path};

use aho_corasick::{AhoCorasick, MatchKind};

use crate::{NnError, checkpoint::write_atomically};

/// The file that holds them beside a vocabulary, `{token: id}` as transformers writes it.
pub(super) const FILE: &str = "added_tokens.json";

/// Tokens by exact, case-sensitive text.
#[derive(Debug, Clone)]
pub(super) struct AddedTokens {
    ids: BTreeMap<String, u32>,
    /// Finds them; built from `order`, whose positions are its pattern numbers.
    finder: AhoCorasick,
    order: Vec<u32>,
}

/// A part of a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'t> {
    /// An added token.
    Token(u32),
    /// Text between them.
    Text(&'t str),
}

impl AddedTokens {
    pub(super) fn new(ids: BTreeMap<String, u32>) -> Result<Self, NnError> {
        let invalid = |reason: String| NnError::Tokenizer {
            file: FILE.to_owned(),
            reason,
        };
        if ids.contains_key("") {
            return Err(invalid("an added token is empty".to_owned()));
        }
        // The earliest match wins, and of those that begin together the longest: transformers'
        // `Trie`.
        let finder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(ids.keys())
            .map_err(|source| invalid(source.to_string()))?;
        let order = ids.values().copied().collect();
        Ok(Self { ids, finder, order })
    }

    pub(super) fn id(&self, token: &str) -> Option<u32> {
        self.ids.get(token).copied()
    }

    pub(super) fn contains_id(&self, id: u32) -> bool {
        self.order.contains(&id)
    }

    /// These and more.
    pub(super) fn with(
        &self,
        more: impl IntoIterator<Item = (String, u32)>,
    ) -> Result<Self, NnError> {
        let mut ids = self.ids.clone();
        ids.extend(more);
        Self::new(ids)
    }

    /// Cuts a text at the tokens.
    pub(super) fn split<'t>(&self, text: &'t str) -> Vec<Part<'t>> {
        let mut parts = Vec::new();
        let mut at = 0;
        for found in self.finder.find_iter(text) {
            if at < found.start() {
                parts.push(Part::Text(&text[at..found.start()]));
            }
            parts.push(Part::Token(self.order[found.pattern().as_usize()]));
            at = found.end();
        }
        if at < text.len() {
            parts.push(Part::Text(&text[at..]));
        }
        parts
    }

    /// Reads the file of a folder; none when there is no such file.
    pub(super) fn read(folder: &Path) -> Result<BTreeMap<String, u32>, NnError> {
        let file = folder.join(FILE);
        if !file.exists() {
            return Ok(BTreeMap::new());
        }
        let json = super::subword::read(&file)?;
        serde_json::from_slice(&json).map_err(|source| NnError::Tokenizer {
            file: file.display().to_string(),
            reason: source.to_string(),
        })
    }

    /// Writes the file of a folder: those of the tokens that are beyond the vocabulary.
    pub(super) fn save(&self, folder: &Path, n_base: usize) -> Result<(), NnError> {
        let beyond: BTreeMap<&str, u32> = self
            .ids
            .iter()
            .filter(|(_, id)| **id as usize >= n_base)
            .map(|(token, id)| (token.as_str(), *id))
            .collect();
        save_json(&folder.join(FILE), &beyond)
    }
}

pub(super) fn save_json(file: &Path, value: &impl serde::Serialize) -> Result<(), NnError> {
    let json = serde_json::to_vec_pretty(value).map_err(|source| NnError::Config {
        file: file.display().to_string(),
        source,
    })?;
    save(file, &json)
}

pub(super) fn save(file: &Path, bytes: &[u8]) -> Result<(), NnError> {
    write_atomically(file, bytes).map_err(|source| NnError::Write {
        file: file.to_owned(),
        source,
    })
}

/// Checks that ids beyond the vocabulary follow it without a gap, and gives the whole size.
pub(super) fn check_ids(
    added: &BTreeMap<String, u32>,
    n_base: usize,
    folder: &Path,
) -> Result<usize, NnError> {
    let mut beyond: Vec<usize> = added.values().map(|&id| id as usize).collect();
    beyond.retain(|&id| id >= n_base);
    beyond.sort_unstable();
    if !beyond.iter().copied().eq(n_base..n_base + beyond.len()) {
        return Err(NnError::Tokenizer {
            file: folder.join(FILE).display().to_string(),
            reason: format!("its ids do not follow the {n_base} of the vocabulary one by one"),
        });
    }
    Ok(n_base + beyond.len())
}

/// That every token has the id that the file gives it.
///
/// # Errors
/// [`NnError::Tokenizer`] names the first that has another.
pub(super) fn check_kept(
    added: &[(&str, u32)],
    given: &[u32],
    folder: &Path,
) -> Result<(), NnError> {
    let other = added
        .iter()
        .zip(given)
        .find(|((_, id), given)| id != *given);
    let Some(((token, id), given)) = other else {
        return Ok(());
    };
    Err(NnError::Tokenizer {
        file: folder.join(FILE).display().to_string(),
        reason: format!("`{token}` has id {id} here and {given} in the vocabulary"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_then_the_longest_token_is_cut_out() {
        let ids = [("[a]", 10), ("[a] b", 11), ("a]", 12)];
        let tokens =
            AddedTokens::new(ids.map(|(token, id)| (token.to_owned(), id)).into()).unwrap();
        assert_eq!(
            tokens.split("x[a] b[a][A]"),
            [
                Part::Text("x"),
                Part::Token(11),
                Part::Token(10),
                Part::Text("[A]")
            ]
        );
        assert!(tokens.split("").is_empty());
        assert!(tokens.with([(String::new(), 13)]).is_err());
    }

    #[test]
    fn ids_with_a_gap_are_refused() {
        let folder = Path::new("model");
        let ids = |ids: &[u32]| ids.iter().map(|id| (format!("t{id}"), *id)).collect();
        assert_eq!(check_ids(&ids(&[1, 10, 11]), 10, folder).unwrap(), 12);
        let error = check_ids(&ids(&[11]), 10, folder).unwrap_err().to_string();
        assert!(error.contains("added_tokens.json"), "{error}");
    }
}
