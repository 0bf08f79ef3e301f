//! Words as `nltk.word_tokenize` finds them, which the published code scores.
//!
//! Reference: `NLTKWordTokenizer` of nltk 3.10.4 (`nltk/tokenize/destructive.py`), after the sentence
//! splitter of [`super::punkt`]. The published code lower-cases first (`myMetrics.py` of
//! thu-coai/Emotional-Support-Conversation); so does [`word_tokenize`], and the splitter needs it.
//! The steps are the reference's substitutions in their order, by hand where a regular expression
//! would be slow or need to look behind. A deviation: a digit after `,` or `:` is ASCII here.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::padding::{pad, pad_runs, replace};
use super::punkt::sentences;

macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($pattern).expect("the pattern is a constant and valid"));
    };
}

pattern!(QUOTE_AFTER_BRACKET, r#"([ (\[{<])("|'{2})"#);
pattern!(STARTS_WITH_CLITIC, r"^(?i:re|ve|ll|m|t|s|d|n)\b");
pattern!(APOSTROPHE_BEFORE_SPACE, r"([^'])' ");
pattern!(SPACES, r"\s+");
pattern!(POSSESSIVE, r"([^' ])('[sS]|'[mM]|'[dD]|') ");
pattern!(CLITIC, r"([^' ])('ll|'LL|'re|'RE|'ve|'VE|n't|N'T) ");
pattern!(
    CONTRACTION,
    r"(?i)cannot|d'ye|gimme|gonna|gotta|lemme|more'n|wanna|'tis|'twas"
);

/// The words of a text, lower-cased.
pub fn word_tokenize(text: &str) -> Vec<String> {
    let lowered = text.to_lowercase();
    let mut words = Vec::new();
    for sentence in sentences(&lowered) {
        let spaced = spaced(sentence);
        words.extend(spaced.split_whitespace().map(str::to_owned));
    }
    words
}

/// A sentence with spaces between its words.
fn spaced(sentence: &str) -> String {
    let text = starting_quotes(Cow::Borrowed(sentence));
    let text = punctuation(text);
    let text = pad(text, |c| "[](){}<>".contains(c));
    let text = replace(text, "--", " -- ");
    let text = format!(" {text} ");
    contractions(ending_quotes(&text)).into_owned()
}

fn starting_quotes(text: Cow<'_, str>) -> Cow<'_, str> {
    let text = pad(text, |c| "«“‘„".contains(c));
    let text = pad_runs(text, 1, |c| c == '`');
    if !text.contains(['"', '\'', '`']) {
        return text;
    }
    let text = match text.strip_prefix('"') {
        Some(rest) => Cow::Owned(format!("``{rest}")),
        None => text,
    };
    let text = replace(text, "``", " `` ");
    let text = QUOTE_AFTER_BRACKET.replace_all(&text, "${1} `` ");
    Cow::Owned(detach_opening_apostrophes(&text))
}

/// A space after an apostrophe that opens a word, unless what follows is a clitic.
fn detach_opening_apostrophes(text: &str) -> String {
    let mut detached = String::with_capacity(text.len() + 4);
    let mut before = None;
    for (at, c) in text.char_indices() {
        detached.push(c);
        let after = &text[at + c.len_utf8()..];
        let opens_word =
            c == '\'' && !before.is_some_and(is_word) && after.chars().next().is_some_and(is_word);
        if opens_word && !STARTS_WITH_CLITIC.is_match(after) {
            detached.push(' ');
        }
        before = Some(c);
    }
    detached
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn punctuation(text: Cow<'_, str>) -> Cow<'_, str> {
    let text = final_period(text);
    let text = commas_and_colons(text);
    let text = pad_runs(text, 2, |c| c == '.');
    let text = pad(text, |c| ";@#$%&".contains(c));
    let text = pad(text, |c| ('\u{2012}'..='\u{2015}').contains(&c));
    let text = pad(text, |c| c == '?' || c == '!');
    let text = apostrophe_before_space(text);
    pad(text, |c| c == '*')
}

/// Sets the period that ends the text apart from the word before it, and from the closing signs
/// after it.
///
/// The reference has a second such rule further down; what is left by then never meets it.
fn final_period(text: Cow<'_, str>) -> Cow<'_, str> {
    let head = text.trim_end_matches(|c: char| c.is_whitespace() || "])}>\"'»”’".contains(c));
    match head.strip_suffix('.') {
        Some(word) if !word.is_empty() && !word.ends_with('.') => {
            let closing = &text[head.len()..];
            Cow::Owned(format!("{word} . {closing} "))
        }
        _ => text,
    }
}

fn commas_and_colons(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains([',', ':']) {
        return text;
    }
    let mut apart = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        apart.push(c);
        if !matches!(c, ',' | ':') {
            continue;
        }
        match chars.peek() {
            // The sign that follows is consumed with it and not looked at again.
            Some(next) if !next.is_ascii_digit() => {
                apart.pop();
                apart.extend([' ', c, ' ', *next]);
                chars.next();
            }
            Some(_) => {}
            None => {
                apart.pop();
                apart.extend([' ', c, ' ']);
            }
        }
    }
    Cow::Owned(apart)
}

/// `([^'])' ` with a space before the apostrophe.
fn apostrophe_before_space(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains("' ") {
        Cow::Owned(
            APOSTROPHE_BEFORE_SPACE
                .replace_all(&text, "${1} ' ")
                .into_owned(),
        )
    } else {
        text
    }
}

fn ending_quotes(text: &str) -> Cow<'_, str> {
    let text = pad(Cow::Borrowed(text), |c| "»”’".contains(c));
    if !text.contains(['\'', '"']) {
        return text;
    }
    let text = replace(text, "''", " '' ");
    let text = replace(text, "\"", " '' ");
    let text = SPACES.replace_all(&text, " ");
    let text = POSSESSIVE.replace_all(&text, "${1} ${2} ");
    Cow::Owned(CLITIC.replace_all(&text, "${1} ${2} ").into_owned())
}

fn contractions(text: Cow<'_, str>) -> Cow<'_, str> {
    static EACH: LazyLock<[Regex; 10]> = LazyLock::new(|| {
        [
            r"(?i)\b(can)(not)\b",
            r"(?i)\b(d)('ye)\b",
            r"(?i)\b(gim)(me)\b",
            r"(?i)\b(gon)(na)\b",
            r"(?i)\b(got)(ta)\b",
            r"(?i)\b(lem)(me)\b",
            r"(?i)\b(more)('n)\b",
            r"(?i)\b(wan)(na)(\s)",
            r"(?i) ('t)(is)\b",
            r"(?i) ('t)(was)\b",
        ]
        .map(|pattern| Regex::new(pattern).expect("the pattern is a constant and valid"))
    });
    if !CONTRACTION.is_match(&text) {
        return text;
    }
    let apart = |found: &Captures<'_>| {
        let after = found.get(3).map_or("", |space| space.as_str());
        format!(" {} {} {after}", &found[1], &found[2])
    };
    let mut text = text.into_owned();
    for pattern in EACH.iter() {
        text = pattern.replace_all(&text, apart).into_owned();
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_clitics_come_apart() {
        let words = word_tokenize("You didn't expect it, I bet. Gonna go?");
        assert_eq!(
            words.join("|"),
            "you|did|n't|expect|it|,|i|bet|.|gon|na|go|?"
        );
    }
}
