//! The tokenizer of `BlenderbotSmall` (90M): lower-cased words, byte-pair encoding, `@@` inside words.
//!
//! Equals transformers' `BlenderbotSmallTokenizer` (its slow and only form), quirks included; the
//! steps stand here in its order. `goldens/nn/tokenizers` compares them on generated texts. The
//! quirk that matters most: a space is put *before* `.,!?()` only, so punctuation followed by a
//! letter stays glued to it and is unknown to the published vocabulary: `bad.The` is
//! `bad`, `__unk__`, `the`.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use super::{
    SpecialIds, SubwordTokenizer,
    added::{self, AddedTokens, Part},
    subword::{clean_up, read},
};
use crate::NnError;

/// The tokens at the start of every vocabulary of this kind.
pub(super) const FIRST: [&str; 5] = ["__null__", "__start__", "__end__", "__unk__", NEW_LINE];
/// Those of them that are found in a text before it is split.
const SPECIAL: [&str; 4] = [FIRST[0], FIRST[1], FIRST[2], FIRST[3]];
/// What a line end becomes.
const NEW_LINE: &str = "__newln__";
/// Marks the last symbol of a word in the merges.
pub(super) const WORD_END: &str = "</w>";
/// Marks a token that is not the last of its word.
pub(super) const INSIDE: &str = "@@";
const VOCABULARY: &str = "vocab.json";
const MERGES: &str = "merges.txt";

/// Text to the ids of `BlenderbotSmall`.
#[derive(Debug, Clone)]
pub struct BlenderbotSmallTokenizer {
    merges: Merges,
    ids: HashMap<String, u32>,
    /// By id, added ones after those of the vocabulary.
    tokens: Vec<String>,
    n_base: usize,
    added: AddedTokens,
    special: SpecialIds,
}

impl BlenderbotSmallTokenizer {
    /// Reads `vocab.json`, `merges.txt` and, where there is one, `added_tokens.json`.
    ///
    /// # Errors
    /// [`NnError::Read`], [`NnError::Tokenizer`] for a file of another format,
    /// [`NnError::MissingToken`] for a vocabulary without the special tokens.
    pub fn open(folder: &Path) -> Result<Self, NnError> {
        let vocabulary = folder.join(VOCABULARY);
        let invalid = |file: &Path, reason: String| NnError::Tokenizer {
            file: file.display().to_string(),
            reason,
        };
        let ids: HashMap<String, u32> = serde_json::from_slice(&read(&vocabulary)?)
            .map_err(|source| invalid(&vocabulary, source.to_string()))?;
        let mut tokens = vec![None; ids.len()];
        for (token, &id) in &ids {
            let Some(place @ None) = tokens.get_mut(id as usize) else {
                let reason = format!("its ids are not 0 to {}, each once", ids.len() - 1);
                return Err(invalid(&vocabulary, reason));
            };
            *place = Some(token.clone());
        }
        let tokens: Vec<String> = tokens.into_iter().flatten().collect();
        let file = folder.join(MERGES);
        let merges =
            String::from_utf8(read(&file)?).map_err(|source| invalid(&file, source.to_string()))?;
        let mut tokenizer = Self::new(
            tokens,
            Merges::parse(&merges),
            &vocabulary.display().to_string(),
        )?;
        tokenizer.take_added(&AddedTokens::read(folder)?, folder)?;
        Ok(tokenizer)
    }

    /// A tokenizer of a vocabulary in the order of ids and merges in the order of rank.
    ///
    /// # Errors
    /// [`NnError::MissingToken`] for a vocabulary without the special tokens.
    pub fn from_parts(tokens: Vec<String>, merges: &[(String, String)]) -> Result<Self, NnError> {
        let merges = merges.iter().map(|(a, b)| (a.as_str(), b.as_str()));
        Self::new(tokens, Merges::new(merges), VOCABULARY)
    }

    fn new(tokens: Vec<String>, merges: Merges, file: &str) -> Result<Self, NnError> {
        let ids: HashMap<String, u32> = (0..).zip(&tokens).map(|(id, t)| (t.clone(), id)).collect();
        let id = |token: &str| {
            ids.get(token)
                .copied()
                .ok_or_else(|| NnError::MissingToken {
                    file: file.to_owned(),
                    token: token.to_owned(),
                })
        };
        let [pad, start, end, unknown] = SPECIAL.map(id);
        let special = SpecialIds {
            pad: pad?,
            start: start?,
            end: end?,
            unknown: unknown?,
        };
        let added = SPECIAL.map(|token| (token.to_owned(), ids[token]));
        Ok(Self {
            merges,
            n_base: tokens.len(),
            added: AddedTokens::new(added.into())?,
            ids,
            tokens,
            special,
        })
    }

    fn take_added(&mut self, added: &BTreeMap<String, u32>, folder: &Path) -> Result<(), NnError> {
        added::check_ids(added, self.n_base, folder)?;
        let mut in_order: Vec<(&str, u32)> =
            added.iter().map(|(t, id)| (t.as_str(), *id)).collect();
        in_order.sort_by_key(|(_, id)| *id);
        let tokens: Vec<&str> = in_order.iter().map(|(token, _)| *token).collect();
        let ids = self.add_tokens(&tokens)?;
        if in_order.iter().map(|(_, id)| *id).eq(ids) {
            return Ok(());
        }
        Err(NnError::Tokenizer {
            file: folder.join(added::FILE).display().to_string(),
            reason: "a token of the vocabulary has another id there".to_owned(),
        })
    }

    /// The ids of a text in which no added token stands.
    fn encode_plain(&self, text: &str, ids: &mut Vec<u32>) {
        for word in words_of(text) {
            self.encode_word(&word, ids);
        }
    }

    /// The ids of one lower-cased word: its pieces, each but the last marked as inside.
    fn encode_word(&self, word: &str, ids: &mut Vec<u32>) {
        let mut start = 0;
        let ends = self.merges.piece_ends(word);
        for &end in &ends {
            let piece = &word[start..end];
            let id = if end == word.len() {
                self.ids.get(piece)
            } else {
                self.ids.get(&format!("{piece}{INSIDE}"))
            };
            ids.push(id.copied().unwrap_or(self.special.unknown));
            start = end;
        }
    }

    fn is_special(&self, id: u32) -> bool {
        self.added.contains_id(id)
    }

    fn join(&self, ids: impl Iterator<Item = u32>) -> String {
        let unknown = &self.tokens[self.special.unknown as usize];
        let tokens: Vec<&str> = ids
            .map(|id| self.tokens.get(id as usize).unwrap_or(unknown).as_str())
            .collect();
        tokens.join(" ").replace("@@ ", "").trim().to_owned()
    }
}

impl SubwordTokenizer for BlenderbotSmallTokenizer {
    fn special(&self) -> SpecialIds {
        self.special
    }

    fn vocab_size(&self) -> usize {
        self.tokens.len()
    }

    fn token_id(&self, token: &str) -> Option<u32> {
        self.added
            .id(token)
            .or_else(|| self.ids.get(token).copied())
    }

    fn add_tokens(&mut self, tokens: &[&str]) -> Result<Vec<u32>, NnError> {
        let mut all = self.tokens.clone();
        let mut ids = Vec::with_capacity(tokens.len());
        let mut new = BTreeMap::new();
        for &token in tokens {
            let known = new.get(token).copied().or_else(|| self.token_id(token));
            let id = known.unwrap_or_else(|| {
                all.push(token.to_owned());
                u32::try_from(all.len() - 1).expect("a vocabulary is smaller than 2^32")
            });
            new.insert(token.to_owned(), id);
            ids.push(id);
        }
        self.added = self.added.with(new)?;
        self.tokens = all;
        Ok(ids)
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, NnError> {
        let mut ids = Vec::new();
        for part in self.added.split(text) {
            match part {
                Part::Token(id) => ids.push(id),
                Part::Text(text) => self.encode_plain(text, &mut ids),
            }
        }
        Ok(ids)
    }

    fn decode(&self, ids: &[u32]) -> String {
        clean_up(&self.join(ids.iter().copied().filter(|id| !self.is_special(*id))))
    }

    fn decode_raw(&self, ids: &[u32]) -> String {
        self.join(ids.iter().copied())
    }

    fn save(&self, folder: &Path) -> Result<(), NnError> {
        let base = self.tokens[..self.n_base].iter().zip(0_u32..);
        let vocabulary: BTreeMap<&str, u32> =
            base.map(|(token, id)| (token.as_str(), id)).collect();
        added::save_json(&folder.join(VOCABULARY), &vocabulary)?;
        added::save(&folder.join(MERGES), self.merges.to_text().as_bytes())?;
        self.added.save(folder, self.n_base)
    }
}

/// The words of a text, lower-cased.
pub(super) fn words_of(text: &str) -> impl Iterator<Item = String> {
    runs(text).flat_map(words).map(|word| word.to_lowercase())
}

/// Runs of characters that are not white space, each with the one line end that may follow it: the
/// regular expression `\S+\n?`.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        if rest.is_empty() {
            return None;
        }
        let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let with_line_end = length + usize::from(rest[length..].starts_with('\n'));
        let (run, after) = rest.split_at(with_line_end);
        rest = after;
        Some(run)
    })
}

/// The words of a run: a space goes before each of `.,!?()` and around each `'`; several spaces
/// become one, and take a line end beside them along; a line end becomes [`NEW_LINE`].
fn words(run: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(run.len() + 8);
    for character in run.chars() {
        match character {
            '.' | ',' | '!' | '?' | '(' | ')' => spaced.extend([' ', character]),
            '\'' => spaced.push_str(" ' "),
            // Only the end of a run is white space. After a quote its space has been put already.
            '\n' if spaced.ends_with(' ') => {}
            '\n' => {
                spaced.push(' ');
                spaced.push_str(NEW_LINE);
            }
            _ => spaced.push(character),
        }
    }
    let words = spaced.split(' ').filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The merges of a byte-pair encoding, on numbered symbols. The last symbol of a word carries
/// [`WORD_END`], so `e` inside and at the end of a word are two.
#[derive(Debug, Clone)]
struct Merges {
    symbols: HashMap<String, u32>,
    /// Two symbols, their rank and the symbol they become.
    by_pair: HashMap<(u32, u32), (u32, u32)>,
    /// As in the file.
    in_order: Vec<(String, String)>,
}

impl Merges {
    /// Reads `merges.txt`: a header line, then two symbols a line; what follows the last line end
    /// is not read.
    fn parse(text: &str) -> Self {
        let mut lines: Vec<&str> = text.split('\n').skip(1).collect();
        lines.pop();
        let pairs = lines.iter().filter_map(|line| {
            let mut symbols = line.split_whitespace();
            // Another number of symbols can never match two.
            match (symbols.next(), symbols.next(), symbols.next()) {
                (Some(first), Some(second), None) => Some((first, second)),
                _ => None,
            }
        });
        Self::new(pairs)
    }

    fn new<'p>(pairs: impl Iterator<Item = (&'p str, &'p str)>) -> Self {
        let mut merges = Self {
            symbols: HashMap::new(),
            by_pair: HashMap::new(),
            in_order: Vec::new(),
        };
        for (rank, (first, second)) in (0..).zip(pairs) {
            let pair = (merges.number(first), merges.number(second));
            let merged = merges.number(&format!("{first}{second}"));
            merges.by_pair.insert(pair, (rank, merged));
            merges.in_order.push((first.to_owned(), second.to_owned()));
        }
        merges
    }

    fn number(&mut self, symbol: &str) -> u32 {
        let next = u32::try_from(self.symbols.len()).expect("a vocabulary is smaller than 2^32");
        *self.symbols.entry(symbol.to_owned()).or_insert(next)
    }

    fn to_text(&self) -> String {
        let lines = self.in_order.iter().map(|(a, b)| format!("{a} {b}\n"));
        std::iter::once("#version: 0.2\n".to_owned())
            .chain(lines)
            .collect()
    }

    /// Where the pieces of a word end, in bytes.
    fn piece_ends(&self, word: &str) -> Vec<usize> {
        let mut symbols = self.characters(word);
        while let Some((first, second, merged)) = self.lowest_pair(&symbols) {
            let mut kept: Vec<Symbol> = Vec::with_capacity(symbols.len());
            let mut idx = 0;
            while let Some(&symbol) = symbols.get(idx) {
                let next = symbols.get(idx + 1).copied();
                match next {
                    Some(next) if (symbol.number, next.number) == (Some(first), Some(second)) => {
                        kept.push(Symbol {
                            end: next.end,
                            number: Some(merged),
                        });
                        idx += 2;
                    }
                    _ => {
                        kept.push(symbol);
                        idx += 1;
                    }
                }
            }
            symbols = kept;
        }
        symbols.into_iter().map(|symbol| symbol.end).collect()
    }

    fn characters(&self, word: &str) -> Vec<Symbol> {
        let of_character = |(start, character): (usize, char)| {
            let end = start + character.len_utf8();
            let text = &word[start..end];
            let number = if end == word.len() {
                self.symbols.get(&format!("{text}{WORD_END}"))
            } else {
                self.symbols.get(text)
            };
            Symbol {
                end,
                number: number.copied(),
            }
        };
        word.char_indices().map(of_character).collect()
    }

    /// The pair that is merged next and what it becomes.
    fn lowest_pair(&self, symbols: &[Symbol]) -> Option<(u32, u32, u32)> {
        let known = symbols.windows(2).filter_map(|pair| {
            let pair = (pair[0].number?, pair[1].number?);
            let (rank, merged) = self.by_pair.get(&pair)?;
            Some((rank, pair, merged))
        });
        let (_, (first, second), merged) = known.min_by_key(|(rank, _, _)| **rank)?;
        Some((first, second, *merged))
    }
}

/// A part of a word: where it ends, and its number if any merge has it.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    end: usize,
    number: Option<u32>,
}
