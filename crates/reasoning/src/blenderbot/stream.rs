//! Text out of tokens while they are made.
//!
//! A token may still change how the text before it reads: the rest of its word or character follows,
//! or punctuation closes up to it. So only what two readings in a row agree on is given away, of it
//! no character that is not whole yet, and neither the last word nor the one before: a space may
//! still close (`n't`, ` ' `).

use smes_nn::tokenizer::SubwordTokenizer;

/// Turns tokens into pieces of text that together are the whole text.
pub(super) struct TextStream<'t> {
    tokenizer: &'t dyn SubwordTokenizer,
    token_ids: Vec<u32>,
    read_before: String,
    n_given: usize,
}

impl<'t> TextStream<'t> {
    pub(super) fn new(tokenizer: &'t dyn SubwordTokenizer) -> Self {
        Self {
            tokenizer,
            token_ids: Vec::new(),
            read_before: String::new(),
            n_given: 0,
        }
    }

    /// Takes a token in; gives what is certain now and was not given yet.
    pub(super) fn push(&mut self, token_id: u32) -> Option<String> {
        self.token_ids.push(token_id);
        let reading = self.tokenizer.decode(&self.token_ids);
        let n_agreed = n_settled(&reading[..agreed(&self.read_before, &reading)]);
        let piece = reading.get(self.n_given..n_agreed).map(str::to_owned);
        self.read_before = reading;
        let piece = piece.filter(|piece| !piece.is_empty())?;
        self.n_given = n_agreed;
        Some(piece)
    }

    /// The whole text, and what of it was not given yet.
    pub(super) fn finish(self) -> (String, String) {
        let text = self.tokenizer.decode(&self.token_ids);
        let rest = text.get(self.n_given..).unwrap_or_default().to_owned();
        (text, rest)
    }
}

/// Bytes at the beginning in which two texts agree, whole characters only.
fn agreed(a: &str, b: &str) -> usize {
    let pairs = a.chars().zip(b.chars());
    let same = pairs.take_while(|(a, b)| a == b);
    same.map(|(character, _)| character.len_utf8()).sum()
}

/// Bytes at the beginning that no further token changes.
fn n_settled(text: &str) -> usize {
    let whole = text.trim_end_matches(char::REPLACEMENT_CHARACTER);
    let before_two_words = whole.rmatch_indices(' ').nth(1);
    before_two_words.map_or(0, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;
    use smes_nn::NnError;
    use smes_nn::tokenizer::{SpecialIds, clean_up, train_small_bpe};

    use super::*;

    #[test]
    fn agreement_ends_at_a_whole_character() {
        assert_eq!(agreed("na\u{ef}ve", "na\u{ef}f"), "na\u{ef}".len());
        assert_eq!(agreed("\u{e9}", "\u{e8}"), 0);
    }

    /// A token a byte: a character comes in as many pieces as a byte-level tokenizer can cut it into.
    #[derive(Debug)]
    struct Bytes;

    impl SubwordTokenizer for Bytes {
        fn vocab_size(&self) -> usize {
            256
        }
        fn special(&self) -> SpecialIds {
            unreachable!("not asked for")
        }
        fn token_id(&self, _token: &str) -> Option<u32> {
            None
        }
        fn add_tokens(&mut self, _tokens: &[&str]) -> Result<Vec<u32>, NnError> {
            Ok(Vec::new())
        }
        fn encode(&self, text: &str) -> Result<Vec<u32>, NnError> {
            Ok(text.bytes().map(u32::from).collect())
        }
        fn decode(&self, ids: &[u32]) -> String {
            clean_up(&self.decode_raw(ids))
        }
        fn decode_raw(&self, ids: &[u32]) -> String {
            let bytes: Vec<u8> = ids.iter().map(|id| id.to_le_bytes()[0]).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        fn save(&self, _folder: &Path) -> Result<(), NnError> {
            Ok(())
        }
    }

    /// All pieces of a text, and how many came before its end.
    fn heard(tokenizer: &dyn SubwordTokenizer, token_ids: &[u32]) -> (String, usize) {
        let mut stream = TextStream::new(tokenizer);
        let pieces: Vec<String> = token_ids.iter().filter_map(|&id| stream.push(id)).collect();
        let (text, rest) = stream.finish();
        assert_eq!(text, tokenizer.decode(token_ids));
        (pieces.concat() + &rest, pieces.len())
    }

    #[test]
    fn words_come_while_the_text_is_made() {
        let ids = Bytes.encode("so that was a long day for you").unwrap();
        let (text, n_pieces) = heard(&Bytes, &ids);
        assert_eq!(
            (text.as_str(), n_pieces),
            ("so that was a long day for you", 6)
        );
    }

    proptest! {
        #[test]
        fn the_pieces_make_the_whole_text_whatever_its_characters(
            words in prop::collection::vec(
                prop_oneof![
                    "[a-z]{1,4}", "\\PC{1,3}",
                    prop::sample::select(vec!["n't", "'", ".", "'s", "\u{1f600}", "\u{fffd}", "?", "'re", ","])
                        .prop_map(str::to_owned),
                ],
                0..12,
            )
        ) {
            let text = words.join(" ");
            let ids = Bytes.encode(&text).unwrap();
            prop_assert_eq!(heard(&Bytes, &ids).0, clean_up(&text));
        }

        #[test]
        fn the_pieces_make_the_whole_text(
            words in prop::collection::vec(
                prop_oneof![
                    Just("that's"), Just("don't"), Just("hmm"), Just("well,"), Just("(so)"),
                    Just("why?!"), Just("unbelievable."), Just("'tis"), Just("x-y"),
                ],
                0..12,
            )
        ) {
            let known = "that's don't hmm well, (so) why?! unbelievable. 'tis x-y well well hmm";
            let tokenizer = train_small_bpe([known, known], 60).unwrap();
            let token_ids = tokenizer.encode(&words.join(" ")).unwrap();
            prop_assert_eq!(heard(&tokenizer, &token_ids).0, tokenizer.decode(&token_ids));
        }
    }
}
