//! Training a byte-pair encoding (Sennrich, Haddow, Birch 2016) for a model trained from scratch,
//! in the form of [`BlenderbotSmallTokenizer`].
//!
//! The `tokenizers` crate trains too, but numbers its symbols in the order of a hash map, so that
//! ties fall differently in every run. Here the same texts always give the same files.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};

use super::{BlenderbotSmallTokenizer, blenderbot_small};
use crate::NnError;

/// Learns at most `vocab_size` tokens from texts: the special ones, every character that occurs
/// (inside and at the end of a word), then the most frequent pairs, merged one by one until no pair
/// occurs twice.
///
/// # Errors
/// [`NnError::ConfigValue`] when `vocab_size` has no room for the characters.
pub fn train_small_bpe<'t>(
    texts: impl IntoIterator<Item = &'t str>,
    vocab_size: usize,
) -> Result<BlenderbotSmallTokenizer, NnError> {
    let mut counts = BTreeMap::new();
    for text in texts {
        for word in blenderbot_small::words_of(text) {
            *counts.entry(word).or_insert(0_u64) += 1;
        }
    }
    let mut learner = Learner::new(counts);
    let n_symbols = vocab_size.saturating_sub(blenderbot_small::FIRST.len());
    if n_symbols < learner.symbols.len() {
        return Err(NnError::ConfigValue {
            field: "vocab_size",
            found: vocab_size.to_string(),
            expected: "at least one for every character inside and at the end of a word",
        });
    }
    let merges = learner.merge(n_symbols);
    let first = blenderbot_small::FIRST.map(str::to_owned);
    let tokens = first
        .into_iter()
        .chain(learner.symbols.iter().map(Symbol::token));
    // The merges may spell one of the first tokens.
    let mut seen = BTreeSet::new();
    let tokens = tokens.filter(|token| seen.insert(token.clone())).collect();
    BlenderbotSmallTokenizer::from_parts(tokens, &merges)
}

/// A part of words: its text, and whether it ends them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Symbol {
    text: String,
    is_last: bool,
}

impl Symbol {
    /// As the vocabulary spells it.
    fn token(&self) -> String {
        let mark = if self.is_last {
            ""
        } else {
            blenderbot_small::INSIDE
        };
        format!("{}{mark}", self.text)
    }

    /// As the merges spell it.
    fn merge_name(&self) -> String {
        let mark = if self.is_last {
            blenderbot_small::WORD_END
        } else {
            ""
        };
        format!("{}{mark}", self.text)
    }
}

type Pair = (u32, u32);

/// Words as rows of symbols, with how often each pair of neighbours occurs and where.
#[derive(Debug, Default)]
struct Learner {
    symbols: Vec<Symbol>,
    numbers: HashMap<Symbol, u32>,
    words: Vec<(Vec<u32>, u64)>,
    counts: HashMap<Pair, u64>,
    places: HashMap<Pair, BTreeSet<usize>>,
    /// Counts that may be out of date; the true one is looked up when an entry comes out. Of equal
    /// counts the pair of the earliest symbols is first.
    queue: BinaryHeap<(u64, std::cmp::Reverse<Pair>)>,
}

impl Learner {
    fn new(counts: BTreeMap<String, u64>) -> Self {
        let symbols_of = |word: &str| -> Vec<Symbol> {
            let of_character = |(start, character): (usize, char)| Symbol {
                text: character.to_string(),
                is_last: start + character.len_utf8() == word.len(),
            };
            word.char_indices().map(of_character).collect()
        };
        let alphabet: BTreeSet<Symbol> = counts.keys().flat_map(|word| symbols_of(word)).collect();
        let mut learner = Self {
            symbols: alphabet.into_iter().collect(),
            ..Self::default()
        };
        learner.numbers = learner.symbols.iter().cloned().zip(0..).collect();
        for (word, count) in counts {
            let row = symbols_of(&word)
                .iter()
                .map(|symbol| learner.numbers[symbol])
                .collect();
            learner.words.push((row, count));
        }
        for idx in 0..learner.words.len() {
            learner.count(idx);
        }
        let counts = learner.counts.iter();
        learner.queue = counts
            .map(|(pair, count)| (*count, std::cmp::Reverse(*pair)))
            .collect();
        learner
    }

    /// Merges the most frequent pair until there are `n_symbols`; gives the pairs in order.
    fn merge(&mut self, n_symbols: usize) -> Vec<(String, String)> {
        let mut merges = Vec::new();
        while self.symbols.len() < n_symbols {
            let Some(pair) = self.most_frequent() else {
                break;
            };
            let [first, second] =
                [pair.0, pair.1].map(|number| self.symbols[number as usize].clone());
            merges.push((first.merge_name(), second.merge_name()));
            let merged = self.number(Symbol {
                text: first.text + &second.text,
                is_last: second.is_last,
            });
            for idx in self.places.remove(&pair).unwrap_or_default() {
                self.uncount(idx);
                let row = std::mem::take(&mut self.words[idx].0);
                self.words[idx].0 = merge_row(&row, pair, merged);
                self.count(idx);
            }
        }
        merges
    }

    /// The number of a symbol; two pairs can make the same one.
    fn number(&mut self, symbol: Symbol) -> u32 {
        let next = u32::try_from(self.symbols.len()).expect("a vocabulary is small");
        let number = *self.numbers.entry(symbol.clone()).or_insert(next);
        if number == next {
            self.symbols.push(symbol);
        }
        number
    }

    fn most_frequent(&mut self) -> Option<Pair> {
        while let Some((count, std::cmp::Reverse(pair))) = self.queue.pop() {
            let now = self.counts.get(&pair).copied().unwrap_or(0);
            if now == count {
                return (count > 1).then_some(pair);
            }
            if now > 0 {
                self.queue.push((now, std::cmp::Reverse(pair)));
            }
        }
        None
    }

    fn count(&mut self, idx: usize) {
        let (row, count) = &self.words[idx];
        for pair in row.windows(2).map(|pair| (pair[0], pair[1])) {
            let total = self.counts.entry(pair).or_insert(0);
            *total += count;
            self.places.entry(pair).or_default().insert(idx);
            self.queue.push((*total, std::cmp::Reverse(pair)));
        }
    }

    fn uncount(&mut self, idx: usize) {
        let (row, count) = &self.words[idx];
        for pair in row.windows(2).map(|pair| (pair[0], pair[1])) {
            if let Some(total) = self.counts.get_mut(&pair) {
                *total -= count;
            }
            if let Some(places) = self.places.get_mut(&pair) {
                places.remove(&idx);
            }
        }
    }
}

fn merge_row(row: &[u32], pair: Pair, merged: u32) -> Vec<u32> {
    let mut kept = Vec::with_capacity(row.len());
    let mut idx = 0;
    while idx < row.len() {
        if idx + 1 < row.len() && (row[idx], row[idx + 1]) == pair {
            kept.push(merged);
            idx += 2;
        } else {
            kept.push(row[idx]);
            idx += 1;
        }
    }
    kept
}
