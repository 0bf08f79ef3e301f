//! Words as the `rouge-score` package finds them: runs of ASCII letters and digits, lower-cased.
//!
//! Reference: `rouge_score/tokenize.py` of rouge-score 0.1.2; with stemming, words of more than three
//! letters are stemmed with nltk's Porter stemmer.

use super::porter_stem;

/// The words of a text, stemmed if asked.
pub fn rouge_words(text: &str, is_stemmed: bool) -> Vec<String> {
    let lowered = text.to_lowercase();
    lowered
        .split(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit())
        .filter(|word| !word.is_empty())
        .map(|word| {
            if is_stemmed && word.len() > 3 {
                porter_stem(word)
            } else {
                word.to_owned()
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_part_words_and_short_words_keep_their_endings() {
        assert_eq!(
            rouge_words("It's off-screen; cats' PONIES was", true).join(" "),
            "it s off screen cat poni was"
        );
    }
}
