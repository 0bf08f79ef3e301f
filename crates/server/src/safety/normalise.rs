//! Brings a message into the plain form that the lexicon's patterns are written for.
//!
//! Lower case, words parted by single spaces, `.` for the end of a sentence, `,` for a break in it,
//! `"` for a quotation mark; contractions in one spelling, fillers dropped, elongations
//! (`killlll`), disguises (`k*ll`, `su1cide`, `s u i c i d e`) and common slips undone where the
//! result is a word of the lexicon. One pass over the text, and bounded work for each word.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

/// Longest word that is examined for a disguise, in characters; longer ones are no words.
const MAX_DISGUISED_CHARS: usize = 24;

/// The part of the lexicon's data that rules normalisation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NormalisationData {
    /// Words worth undoing a disguise for.
    pub(super) words: Vec<String>,
    /// Words for which one slip of the finger is forgiven.
    pub(super) fuzzy: Vec<String>,
    /// Words without weight in any pattern.
    pub(super) fillers: Vec<String>,
    /// Spelling to the words it stands for.
    pub(super) aliases: HashMap<String, String>,
    /// Pairs such as `do not` to `dont`.
    pub(super) pairs: HashMap<String, String>,
}

/// Turns messages into the form the patterns expect.
#[derive(Debug)]
pub(super) struct Normaliser {
    words: HashSet<String>,
    fuzzy: Vec<String>,
    fillers: HashSet<String>,
    aliases: HashMap<String, String>,
    pairs: HashMap<String, String>,
}

impl Normaliser {
    pub(super) fn new(data: &NormalisationData) -> Self {
        Self {
            words: data.words.iter().cloned().collect(),
            fuzzy: data.fuzzy.clone(),
            fillers: data.fillers.iter().cloned().collect(),
            aliases: data.aliases.clone(),
            pairs: data.pairs.clone(),
        }
    }

    /// The message in the form the patterns expect.
    pub(super) fn normalise(&self, text: &str) -> String {
        let mut words = Vec::new();
        for token in self.join_spelled_out(split_tokens(text)) {
            if is_mark(&token) {
                words.push(token);
                continue;
            }
            let word = self.undisguise(&token);
            match self.aliases.get(&word) {
                Some(meant) => words.extend(meant.split(' ').map(str::to_owned)),
                None => words.push(word),
            }
        }
        self.assemble(&words)
    }

    /// Drops fillers, joins pairs, tidies marks.
    fn assemble(&self, words: &[String]) -> String {
        let mut kept: Vec<&str> = Vec::with_capacity(words.len());
        for word in words {
            if self.fillers.contains(word.as_str()) {
                continue;
            }
            match kept.last().copied() {
                Some(last) if is_mark(word) && last == word => {}
                Some(",") if word == "." => {
                    kept.pop();
                    kept.push(word);
                }
                Some(".") if word == "," => {}
                Some(last) => {
                    if let Some(joined) = self.pairs.get(&format!("{last} {word}")) {
                        kept.pop();
                        kept.push(joined);
                    } else {
                        kept.push(word);
                    }
                }
                None if is_mark(word) && word != "\"" => {}
                None => kept.push(word),
            }
        }
        kept.join(" ")
    }

    /// The lexicon word behind a disguise, or the token with its odd characters dropped.
    fn undisguise(&self, token: &str) -> String {
        let plain: String = token.chars().filter(|c| c.is_alphanumeric()).collect();
        if self.words.contains(&plain) || token.chars().count() > MAX_DISGUISED_CHARS {
            return plain;
        }
        self.undo_elongation(&plain)
            .or_else(|| self.undo_leet(token))
            .or_else(|| self.undo_stars(token))
            .or_else(|| self.undo_slip(&plain))
            .unwrap_or(plain)
    }

    fn undo_elongation(&self, word: &str) -> Option<String> {
        let twice = collapse_runs(word, 2);
        if twice.len() == word.len() {
            return None;
        }
        let once = collapse_runs(word, 1);
        let is_known = |word: &String| self.words.contains(word) || self.aliases.contains_key(word);
        if is_known(&twice) {
            return Some(twice);
        }
        // `kiilll`: one letter doubled by mistake beside the one that belongs doubled.
        self.words
            .iter()
            .find(|known| collapse_runs(known, 1) == once)
            .cloned()
            .or_else(|| is_known(&once).then_some(once))
    }

    fn undo_leet(&self, token: &str) -> Option<String> {
        let has_letter = token.chars().any(char::is_alphabetic);
        let has_stand_in = token.chars().any(|c| leet(c, 'i').is_some());
        if !has_letter || !has_stand_in {
            return None;
        }
        ['i', 'l'].into_iter().find_map(|one| {
            let read: String = token
                .chars()
                .map(|c| leet(c, one).unwrap_or(c))
                .filter(|c| c.is_alphanumeric())
                .collect();
            (self.words.contains(&read) || self.aliases.contains_key(&read)).then_some(read)
        })
    }

    fn undo_stars(&self, token: &str) -> Option<String> {
        if !token.contains(['*', '#', '_']) {
            return None;
        }
        let shape: Vec<char> = token.chars().map(|c| leet(c, 'i').unwrap_or(c)).collect();
        if shape.iter().filter(|c| c.is_alphanumeric()).count() < 2 {
            return None;
        }
        let mut fitting: Vec<&String> = self
            .words
            .iter()
            .filter(|word| {
                word.chars().count() == shape.len()
                    && word
                        .chars()
                        .zip(&shape)
                        .all(|(letter, c)| letter == *c || !c.is_alphanumeric())
            })
            .collect();
        fitting.sort();
        fitting.first().map(|word| (*word).clone())
    }

    fn undo_slip(&self, word: &str) -> Option<String> {
        self.fuzzy
            .iter()
            .find(|known| word.len() + 1 >= known.len() && strsim::osa_distance(known, word) == 1)
            .cloned()
    }

    /// `k i l l` becomes `kill`: three and more single letters in a row are read as words.
    fn join_spelled_out(&self, tokens: Vec<String>) -> Vec<String> {
        let mut joined = Vec::with_capacity(tokens.len());
        let mut run: Vec<String> = Vec::new();
        for token in tokens {
            let mut chars = token.chars();
            let is_letter =
                chars.next().is_some_and(char::is_alphanumeric) && chars.next().is_none();
            if is_letter {
                run.push(token);
                continue;
            }
            self.flush(&mut run, &mut joined);
            joined.push(token);
        }
        self.flush(&mut run, &mut joined);
        joined
    }

    fn flush(&self, run: &mut Vec<String>, joined: &mut Vec<String>) {
        if run.len() < 3 {
            joined.append(run);
            return;
        }
        let letters: Vec<char> = run
            .drain(..)
            .flat_map(|t| t.chars().collect::<Vec<_>>())
            .collect();
        let mut at = 0;
        while at < letters.len() {
            let longest = (at + 1..=letters.len().min(at + MAX_DISGUISED_CHARS))
                .rev()
                .map(|end| letters[at..end].iter().collect::<String>())
                .find(|word| self.words.contains(word));
            let word = longest.unwrap_or_else(|| letters[at].to_string());
            at += word.chars().count();
            joined.push(word);
        }
    }
}

/// Whether a token is a mark, not a word.
pub(super) fn is_mark(token: &str) -> bool {
    matches!(token, "." | "," | "\"")
}

/// The letter a digit or sign stands for; `1` is read as the letter given.
fn leet(c: char, one: char) -> Option<char> {
    Some(match c {
        '0' => 'o',
        '1' | '!' | '|' => one,
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        _ => return None,
    })
}

fn collapse_runs(word: &str, max_run: usize) -> String {
    let mut collapsed = String::with_capacity(word.len());
    let mut run = 0;
    let mut last = None;
    for c in word.chars() {
        run = if last == Some(c) { run + 1 } else { 1 };
        last = Some(c);
        if run <= max_run {
            collapsed.push(c);
        }
    }
    collapsed
}

/// Words (with the signs that may disguise letters) and marks.
fn split_tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().flat_map(fold).collect();
    let mut tokens = Vec::new();
    let mut word = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1).copied();
        let is_inside =
            before.is_some_and(char::is_alphanumeric) && after.is_some_and(char::is_alphanumeric);
        if c.is_alphanumeric() || (is_disguise(c) && near_word(before, after)) {
            word.push(c);
            continue;
        }
        if c == '\'' && is_inside {
            continue;
        }
        if !word.is_empty() {
            tokens.push(std::mem::take(&mut word));
        }
        if let Some(mark) = mark(&chars, at, is_inside) {
            tokens.push(mark.to_owned());
        }
    }
    if !word.is_empty() {
        tokens.push(word);
    }
    tokens
}

/// Lower case without accents' commonest look-alikes; invisible characters go.
fn fold(c: char) -> Vec<char> {
    match c {
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' => Vec::new(),
        '’' | '‘' | 'ʼ' | '´' | '`' | '′' => vec!['\''],
        '“' | '”' | '„' | '«' | '»' => vec!['"'],
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0)
            .map_or_else(Vec::new, |plain| plain.to_lowercase().collect()),
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'а' => vec!['a'],
        'é' | 'è' | 'ê' | 'ë' | 'е' => vec!['e'],
        'í' | 'ì' | 'î' | 'ï' | 'і' => vec!['i'],
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'о' => vec!['o'],
        'ú' | 'ù' | 'û' | 'ü' => vec!['u'],
        _ => c.to_lowercase().collect(),
    }
}

fn is_disguise(c: char) -> bool {
    matches!(c, '*' | '#' | '_' | '@' | '$' | '!' | '|' | '+')
}

/// A sign belongs to a word when a letter follows, or another sign and then it cannot be a mark.
fn near_word(before: Option<char>, after: Option<char>) -> bool {
    after.is_some_and(|c| c.is_alphanumeric() || c == '*' || c == '#')
        && before.is_some_and(|c| c.is_alphanumeric() || is_disguise(c) || c == ' ')
}

fn mark(chars: &[char], at: usize, is_inside: bool) -> Option<&'static str> {
    let single = |at: usize, step: isize| {
        let beyond = at.checked_add_signed(2 * step).and_then(|at| chars.get(at));
        !beyond.is_some_and(|c| c.is_alphanumeric())
    };
    match chars[at] {
        // `k.i.l.l` is one word; `fine.I` is two sentences.
        '.' if is_inside && single(at, 1) && single(at, -1) => None,
        '.' | '!' | '?' | '\n' | '\r' | ';' | '…' | '。' => Some("."),
        ',' | ':' | '(' | ')' | '[' | ']' | '—' | '–' | '/' => Some(","),
        '"' | '\'' => Some("\""),
        '-' if !is_inside && chars.get(at + 1) == Some(&'-') => Some(","),
        '-' if !is_inside => Some(","),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lexicon::LexiconData;
    use super::*;

    fn normalise(text: &str) -> String {
        Normaliser::new(&LexiconData::embedded().normalisation).normalise(text)
    }

    #[test]
    fn contractions_get_one_spelling() {
        assert_eq!(normalise("I’m sure I can not"), "i am sure i cant");
        assert_eq!(normalise("I do not; I DON'T!"), "i dont . i dont .");
    }

    #[test]
    fn disguises_are_undone_only_where_a_lexicon_word_comes_out() {
        for disguised in [
            "k1ll", "k!ll", "k*ll", "k**l", "kiiilll", "k.i.l.l", "k i l l",
        ] {
            assert_eq!(
                normalise(&format!("to {disguised} time")),
                "to kill time",
                "{disguised}"
            );
        }
        for disguised in [
            "su1cide",
            "s*icide",
            "suicde",
            "$uicide",
            "SUICIDE",
            "s u i c i d e",
        ] {
            assert_eq!(normalise(disguised), "suicide", "{disguised}");
        }
        assert_eq!(normalise("b2b sales at 10"), "b2b sales at 10");
    }

    #[test]
    fn sentence_ends_survive_without_a_space() {
        assert_eq!(normalise("No.I am"), "no . i am");
    }

    #[test]
    fn quotation_marks_are_kept_and_apostrophes_are_not() {
        assert_eq!(
            normalise("he said 'go' and “don't”"),
            "he said \" go \" and \" dont \""
        );
    }
}
