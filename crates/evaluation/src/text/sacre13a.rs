//! The tokenizer `13a` of sacreBLEU, that of the WMT evaluations (`mteval-v13a`).
//!
//! Reference: `tokenizer_13a.py` and `tokenizer_re.py` of sacrebleu 2.6.0.

/// Splits a text into tokens.
pub fn tokenize_13a(text: &str) -> Vec<String> {
    let plain = plain(text);
    let padded: Vec<char> = pad_signs(&plain);
    let padded = split_before_separator(&padded);
    let padded = split_after_separator(&padded);
    let text: String = split_dash_after_digit(&padded).into_iter().collect();
    text.split_whitespace().map(str::to_owned).collect()
}

fn plain(text: &str) -> String {
    let mut text = text
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ");
    if text.contains('&') {
        text = text
            .replace("&quot;", "\"")
            .replace("&amp;", "&")
            .replace("&lt;", "<")
            .replace("&gt;", ">");
    }
    format!(" {text} ")
}

/// The reference's first rule: spaces around every sign of its class, the space among them.
fn pad_signs(text: &str) -> Vec<char> {
    let mut padded = Vec::with_capacity(text.len() * 2);
    for c in text.chars() {
        if matches!(c, '{'..='~' | '['..='`' | ' '..='&' | '('..='+' | ':'..='@' | '/') {
            padded.extend([' ', c, ' ']);
        } else {
            padded.push(c);
        }
    }
    padded
}

const fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',')
}

/// `([^0-9])([\.,])` to `\1 \2 `.
fn split_before_separator(text: &[char]) -> Vec<char> {
    replace_pairs(text, |a, b| {
        (!a.is_ascii_digit() && is_separator(b)).then_some(vec![a, ' ', b, ' '])
    })
}

/// `([\.,])([^0-9])` to ` \1 \2`.
fn split_after_separator(text: &[char]) -> Vec<char> {
    replace_pairs(text, |a, b| {
        (is_separator(a) && !b.is_ascii_digit()).then_some(vec![' ', a, ' ', b])
    })
}

/// `([0-9])(-)` to `\1 \2 `.
fn split_dash_after_digit(text: &[char]) -> Vec<char> {
    replace_pairs(text, |a, b| {
        (a.is_ascii_digit() && b == '-').then_some(vec![a, ' ', b, ' '])
    })
}

/// Replaces pairs of neighbours from left to right; a pair that was replaced is not looked at again.
fn replace_pairs(
    text: &[char],
    replacement: impl Fn(char, char) -> Option<Vec<char>>,
) -> Vec<char> {
    let mut replaced = Vec::with_capacity(text.len() + 8);
    let mut idx = 0;
    while idx < text.len() {
        let pair = text
            .get(idx + 1)
            .and_then(|&next| replacement(text[idx], next));
        if let Some(pair) = pair {
            replaced.extend(pair);
            idx += 2;
        } else {
            replaced.push(text[idx]);
            idx += 1;
        }
    }
    replaced
}
