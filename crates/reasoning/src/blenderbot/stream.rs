//! Text out of tokens while they are made.
//!
//! A token may still change how the text before it reads: the rest of its word follows, or
//! punctuation closes up to it. Only what two readings in a row agree on is given away.

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
        let n_agreed = agreed(&self.read_before, &reading);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use smes_nn::tokenizer::train_small_bpe;

    use super::*;

    #[test]
    fn agreement_ends_at_a_whole_character() {
        assert_eq!(agreed("na\u{ef}ve", "na\u{ef}f"), "na\u{ef}".len());
        assert_eq!(agreed("\u{e9}", "\u{e8}"), 0);
    }

    proptest! {
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
            let mut stream = TextStream::new(&tokenizer);
            let mut heard = String::new();
            for &token_id in &token_ids {
                heard.extend(stream.push(token_id));
            }
            let (text, rest) = stream.finish();
            heard.push_str(&rest);
            prop_assert_eq!(&heard, &text);
            prop_assert_eq!(text, tokenizer.decode(&token_ids));
        }
    }
}
