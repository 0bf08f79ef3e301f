//! The history as the model reads it: its end, and nothing longer than what it has learnt from.

use smes_dialogue::ContextUtterance;

/// Utterances of the history that are read; the longest MESC dialogue has 99.
const MAX_HISTORY: usize = 128;
/// The longest utterance of MESC, in characters. What a person types beyond it is read in
/// sentences, each as an utterance of its own, because that is what the model has learnt from.
const MAX_UTTERANCE_CHARS: usize = 95;

/// The history as the model reads it: its end, long utterances cut into sentences.
pub(super) fn readable(utterances: &[ContextUtterance]) -> Vec<ContextUtterance> {
    let pieces: Vec<ContextUtterance> = utterances.iter().flat_map(sentences).collect();
    let n_left_out = pieces.len().saturating_sub(MAX_HISTORY);
    pieces.into_iter().skip(n_left_out).collect()
}

/// The utterance, cut into sentences when it is longer than the model has learnt from.
pub(super) fn sentences(utterance: &ContextUtterance) -> Vec<ContextUtterance> {
    let text = utterance.text.expose();
    if text.chars().count() <= MAX_UTTERANCE_CHARS {
        return vec![utterance.clone()];
    }
    let mut pieces: Vec<String> = Vec::new();
    for piece in text.split_inclusive(['.', '!', '?', '\n']) {
        // Marks that follow a mark ("?!", "...") stay with the sentence they end.
        match pieces.last_mut() {
            Some(last) if !piece.chars().any(char::is_alphanumeric) => last.push_str(piece),
            _ => pieces.push(piece.to_owned()),
        }
    }
    let keep = |piece: String| ContextUtterance {
        text: piece.trim().into(),
        ..utterance.clone()
    };
    pieces.into_iter().map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_read_in_sentences_and_a_short_one_whole() {
        let long = "I came home late again. Nobody had waited for me, and the lights were out?! \
                    So I sat in the kitchen until two...  And then I went to bed.";
        let pieces = readable(&[ContextUtterance::seeker(long)]);
        let texts: Vec<&str> = pieces
            .iter()
            .map(|piece| piece.text.expose().as_str())
            .collect();
        assert_eq!(texts.len(), 4, "{texts:?}");
        assert!(texts[1].ends_with("out?!") && texts[2].ends_with("two..."));
        assert_eq!(readable(&[ContextUtterance::seeker("Hm. Yes.")]).len(), 1);
    }
}
