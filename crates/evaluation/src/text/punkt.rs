//! Sentences of lower-cased English text, as nltk's Punkt tokenizer splits them.
//!
//! Source: Kiss and Strunk, *Unsupervised Multilingual Sentence Boundary Detection*, Computational
//! Linguistics 32(4), 2006; reference: `PunktSentenceTokenizer` of nltk 3.10.4 with the English model
//! of `punkt_tab`. The published metric lower-cases before it splits, and for text without capitals
//! the model's decisions need no more than its abbreviations, its collocations and the four words
//! that it has seen open a sentence in lower case and never in upper case: those are
//! `data/punkt-english.txt`, and the 20,366 words of its orthographic table are not needed. Text with
//! capitals is outside what this splitter answers for.

use std::collections::HashSet;
use std::sync::LazyLock;

/// What the model has learnt, as far as lower-cased text needs it.
struct Model {
    abbreviations: HashSet<&'static str>,
    /// Word before a period and word after it that belong together.
    collocations: HashSet<(&'static str, &'static str)>,
    /// Words that open sentences in lower case.
    openers: HashSet<&'static str>,
}

static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let mut model = Model {
        abbreviations: HashSet::new(),
        collocations: HashSet::new(),
        openers: HashSet::new(),
    };
    for line in include_str!("../../data/punkt-english.txt").lines() {
        match line.split_once('\t') {
            Some(("abbreviation", word)) => {
                model.abbreviations.insert(word);
            }
            Some(("collocation", pair)) => model.collocations.extend(pair.split_once('\t')),
            Some(("opener", word)) => {
                model.openers.insert(word);
            }
            _ => {}
        }
    }
    model
});

/// What stands for a number in the model.
const NUMBER: &str = "##number##";

/// The sentences of a lower-cased text, in order, without the white space between them.
pub fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    for end in boundaries(text) {
        found.push((start, end.period_end));
        start = end.next_start;
    }
    found.push((start, text.trim_end().len().max(start)));
    realigned(text, &found)
}

/// Where a sentence ends and where the next one begins, in bytes.
#[derive(Clone, Copy)]
struct Boundary {
    period_end: usize,
    next_start: usize,
}

/// A `.`, `?` or `!` that may end a sentence: its place, the word before it and what comes after.
struct Candidate {
    at: usize,
    word_start: usize,
    after_end: usize,
    boundary: Boundary,
}

fn boundaries(text: &str) -> Vec<Boundary> {
    let mut kept = Vec::new();
    let mut previous: Option<Candidate> = None;
    for (at, _) in text.match_indices(['.', '?', '!']) {
        let Some((after_end, next_start)) = after(text, at + 1) else {
            continue;
        };
        let (searched_from, fallback) = previous
            .as_ref()
            .map_or((0, 0), |one| (one.at, one.word_start));
        // The last white space, unless it is the first character: the reference treats the position
        // 0 as "none found".
        let space = text[searched_from..at]
            .rfind(is_ascii_space)
            .filter(|&space| space > 0);
        let word_start = space.map_or(fallback, |space| searched_from + space + 1);
        if let Some(one) = previous.take_if(|one| one.at <= word_start) {
            kept.extend(breaks(text, &one).then_some(one.boundary));
        }
        previous = Some(Candidate {
            at,
            word_start,
            after_end,
            boundary: Boundary {
                period_end: at + 1,
                next_start,
            },
        });
    }
    if let Some(one) = previous {
        kept.extend(breaks(text, &one).then_some(one.boundary));
    }
    kept
}

/// Python's `string.whitespace`.
const fn is_ascii_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// What must follow a sentence's end: a sign, or white space and another word. The end of it, and
/// where the next sentence would begin.
fn after(text: &str, at: usize) -> Option<(usize, usize)> {
    let rest = &text[at..];
    let first = rest.chars().next()?;
    if is_non_word(first) {
        return Some((at + first.len_utf8(), at));
    }
    let word = rest.trim_start();
    if word.len() == rest.len() || word.is_empty() {
        return None;
    }
    let start = text.len() - word.len();
    let len = word.find(char::is_whitespace).unwrap_or(word.len());
    Some((start + len, start))
}

/// Signs that cannot be inside a word.
fn is_non_word(c: char) -> bool {
    ")\";}]*:@'({[‘’“”«»?!".contains(c)
}

/// Whether the candidate ends a sentence.
fn breaks(text: &str, candidate: &Candidate) -> bool {
    let context = &text[candidate.word_start..candidate.after_end];
    let tokens: Vec<&str> = context.split('\n').flat_map(words).collect();
    let breaks = |pair: &[&str]| ends_sentence(pair[0], pair[1]);
    tokens.windows(2).any(breaks)
}

/// What a token is taken for by its look alone.
#[derive(PartialEq, Eq)]
enum Look {
    Break,
    Abbreviation,
    Other,
}

fn look(token: &str) -> Look {
    if matches!(token, "." | "?" | "!") {
        return Look::Break;
    }
    if token.ends_with("..") || token == ". . ." {
        return Look::Other;
    }
    let Some(bare) = token.strip_suffix('.') else {
        return Look::Other;
    };
    let last = bare.rsplit('-').next().unwrap_or(bare);
    if MODEL.abbreviations.contains(bare) || MODEL.abbreviations.contains(last) {
        Look::Abbreviation
    } else {
        Look::Break
    }
}

/// Whether a sentence ends between two neighbouring tokens.
fn ends_sentence(token: &str, next: &str) -> bool {
    if look(token) != Look::Break {
        return false;
    }
    let word = without_period(kind(token));
    if MODEL.collocations.contains(&(word, kind_of_next(next))) {
        return false;
    }
    !((is_initial(token) || word == NUMBER) && opens_no_sentence(next))
}

/// Whether the next token surely opens no sentence (the orthographic heuristic for lower case).
fn opens_no_sentence(next: &str) -> bool {
    if matches!(next, ";" | ":" | "," | "." | "!" | "?") {
        return true;
    }
    next.starts_with(char::is_lowercase) && !MODEL.openers.contains(kind_of_next(next))
}

/// The type of the token after, without its period where it would end a sentence itself.
fn kind_of_next(token: &str) -> &str {
    if look(token) == Look::Break {
        without_period(kind(token))
    } else {
        kind(token)
    }
}

fn without_period(kind: &str) -> &str {
    match kind.strip_suffix('.') {
        Some(word) if !word.is_empty() => word,
        _ => kind,
    }
}

/// The token, or the name of numbers for a number.
fn kind(token: &str) -> &str {
    if is_number(token) { NUMBER } else { token }
}

/// `-?[.,]?\d[\d,.-]*\.?`
fn is_number(token: &str) -> bool {
    let unsigned = token.strip_prefix('-').unwrap_or(token);
    let digits = unsigned.strip_prefix(['.', ',']).unwrap_or(unsigned);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ',' | '.' | '-'))
}

/// A letter and a period.
fn is_initial(token: &str) -> bool {
    let mut chars = token.chars();
    let letter = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    letter && chars.next() == Some('.') && chars.next().is_none()
}

/// Splits a line into words and signs, periods left with the word before them.
fn words(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = line.trim_start();
    while let Some(first) = rest.chars().next() {
        let len = multi_sign(rest).unwrap_or_else(|| {
            if cannot_start_word(first) {
                first.len_utf8()
            } else {
                word_len(rest, first)
            }
        });
        found.push(&rest[..len]);
        rest = rest[len..].trim_start();
    }
    found
}

fn word_len(rest: &str, first: char) -> usize {
    let ends_before = |at: usize| {
        let tail = &rest[at..];
        match tail.chars().next() {
            None => true,
            Some(',') => is_end(&tail[1..]),
            _ => is_end(tail),
        }
    };
    let positions = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    positions
        .skip_while(|&at| at < first.len_utf8())
        .find(|&at| ends_before(at))
        .unwrap_or(rest.len())
}

/// White space, the end, a sign or several signs.
fn is_end(tail: &str) -> bool {
    match tail.chars().next() {
        None => true,
        Some(c) => c.is_whitespace() || is_non_word(c) || multi_sign(tail).is_some(),
    }
}

fn cannot_start_word(c: char) -> bool {
    "(\"`{[:;&#*@)}]-,".contains(c)
}

/// Length of `--`, `..` or `. . .` at the beginning.
fn multi_sign(rest: &str) -> Option<usize> {
    for sign in ['-', '.'] {
        let len = rest.len() - rest.trim_start_matches(sign).len();
        if len > 1 {
            return Some(len);
        }
    }
    spaced_ellipsis(rest)
}

/// `(\.\s){2,}\.`
fn spaced_ellipsis(rest: &str) -> Option<usize> {
    let (mut longest, mut at, mut n_pairs) = (None, 0, 0);
    loop {
        if n_pairs >= 2 && rest[at..].starts_with('.') {
            longest = Some(at + 1);
        }
        let mut chars = rest[at..].chars();
        match (chars.next(), chars.next()) {
            (Some('.'), Some(space)) if space.is_whitespace() => {
                at += 1 + space.len_utf8();
                n_pairs += 1;
            }
            _ => return longest,
        }
    }
}

/// Closing signs at the beginning of a sentence belong to the one before.
fn realigned<'t>(text: &'t str, slices: &[(usize, usize)]) -> Vec<&'t str> {
    let mut found = Vec::with_capacity(slices.len());
    let mut moved = 0;
    for (idx, &(start, end)) in slices.iter().enumerate() {
        let start = start + moved;
        moved = 0;
        let mut sentence_end = end;
        if let Some(&(next_start, next_end)) = slices.get(idx + 1) {
            let next = &text[next_start..next_end];
            if let Some(len) = closing_len(next) {
                sentence_end = next_start + next[..len].trim_end().len();
                found.push(&text[start.min(sentence_end)..sentence_end]);
                moved = len;
                continue;
            }
        }
        if start < sentence_end {
            found.push(&text[start..sentence_end]);
        }
    }
    found
}

/// Length of closing signs and the white space after them, where white space, `--` or the end of a
/// line follows.
fn closing_len(next: &str) -> Option<usize> {
    let signs = next.len()
        - next
            .trim_start_matches(|c| "\"')]}‘’“”«»".contains(c))
            .len();
    if signs == 0 {
        return None;
    }
    let rest = &next[signs..];
    let spaces = rest.len() - rest.trim_start().len();
    (spaces > 0 || rest.is_empty() || rest.starts_with("--")).then_some(signs + spaces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_initials_and_numbers_do_not_end_a_sentence() {
        let split = |text| sentences(text).join("|");
        assert_eq!(split("mr. smith went. he did."), "mr. smith went.|he did.");
        assert_eq!(
            split("at 5 p.m. we met j. doe."),
            "at 5 p.m. we met j. doe."
        );
        assert_eq!(split("what? \"no!\" she left."), "what?|\"no!\"|she left.");
    }
}
