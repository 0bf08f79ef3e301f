//! The clean-up that transformers applies to decoded text (`clean_up_tokenization`).
//!
//! Reference: `PreTrainedTokenizerBase.clean_up_tokenization` of transformers 5.24. Version 4 applies
//! it when decoding, 5 only when asked, so text decoded there needs it before it is scored as the
//! paper's.

/// Replacements in their order; each runs over the whole text before the next.
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

/// The text without the spaces that joining tokens leaves before punctuation and clitics.
pub fn clean_up(text: &str) -> String {
    let mut cleaned = text.to_owned();
    for (from, to) in REPLACEMENTS {
        if cleaned.contains(from) {
            cleaned = cleaned.replace(from, to);
        }
    }
    cleaned
}
