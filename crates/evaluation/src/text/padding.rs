//! Putting spaces around signs: the small operations that tokenizers made of regular expressions
//! consist of.

use std::borrow::Cow;

/// The text with a space on both sides of every character that `is_sign` picks.
pub(super) fn pad(text: Cow<'_, str>, is_sign: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_sign) {
        return text;
    }
    let mut padded = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_sign(c) {
            padded.extend([' ', c, ' ']);
        } else {
            padded.push(c);
        }
    }
    Cow::Owned(padded)
}

/// The text with a space on both sides of every run of at least `min` characters that `is_sign`
/// picks.
pub(super) fn pad_runs(
    text: Cow<'_, str>,
    min: usize,
    is_sign: impl Fn(char) -> bool,
) -> Cow<'_, str> {
    if !text.contains(&is_sign) {
        return text;
    }
    let mut padded = String::with_capacity(text.len() + 16);
    let mut rest = &*text;
    while let Some(start) = rest.find(&is_sign) {
        let (before, from_sign) = rest.split_at(start);
        let end = from_sign.find(|c| !is_sign(c)).unwrap_or(from_sign.len());
        let (run, after) = from_sign.split_at(end);
        padded.push_str(before);
        if run.chars().count() >= min {
            padded.push(' ');
            padded.push_str(run);
            padded.push(' ');
        } else {
            padded.push_str(run);
        }
        rest = after;
    }
    padded.push_str(rest);
    Cow::Owned(padded)
}

/// The text with every `from` replaced.
pub(super) fn replace<'t>(text: Cow<'t, str>, from: &str, to: &str) -> Cow<'t, str> {
    if text.contains(from) {
        Cow::Owned(text.replace(from, to))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_runs_are_left_alone() {
        let padded = pad_runs("a. b.. c...".into(), 2, |c| c == '.');
        assert_eq!(padded, "a. b ..  c ... ");
        assert_eq!(pad("a?b".into(), |c| c == '?'), "a ? b");
    }
}
