//! The one sentence that scores best when it is always said, found among texts on validation.
//!
//! Candidates are the texts themselves and their beginnings; the score is BLEU-2 plus the published
//! ROUGE-L against all texts. The search is staged: all texts against every eighth, then the best of
//! them and their beginnings against all.

use crate::metrics::{BleuCounts, bleu, rouge_l_beta};
use crate::text::{Vocabulary, word_tokenize};

/// Texts that go on to the second stage.
const N_KEPT: usize = 24;
/// Every how-many-th text is compared with in the first stage.
const STRIDE: usize = 8;
/// Words after which beginnings end. 44 is what 50 decoded tokens leave of a response.
const CUTS: [usize; 6] = [8, 14, 20, 26, 35, 44];

/// The best constant sentence for these references; `None` where there are none.
pub fn best_constant(references: &[&str]) -> Option<String> {
    let mut vocabulary = Vocabulary::default();
    let all: Vec<Vec<u32>> = references
        .iter()
        .map(|text| vocabulary.ids(&word_tokenize(text)))
        .collect();
    let sample: Vec<&[u32]> = all.iter().step_by(STRIDE).map(Vec::as_slice).collect();
    let mut first: Vec<(f64, usize)> = all
        .iter()
        .enumerate()
        .map(|(idx, ids)| (score(ids, &sample), idx))
        .collect();
    first.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let whole: Vec<&[u32]> = all.iter().map(Vec::as_slice).collect();
    first
        .iter()
        .take(N_KEPT)
        .flat_map(|&(_, idx)| beginnings(references[idx]))
        .map(|text| (score(&vocabulary.ids(&word_tokenize(&text)), &whole), text))
        .reduce(|best, other| if other.0 > best.0 { other } else { best })
        .map(|(_, text)| text)
}

fn score(hypothesis: &[u32], references: &[&[u32]]) -> f64 {
    let mut counts = BleuCounts::default();
    let mut rouge = 0.0;
    for reference in references {
        counts.merge(&BleuCounts::nltk(hypothesis, reference));
        rouge += rouge_l_beta(hypothesis, reference);
    }
    bleu(&counts, 2) + rouge / references.len().max(1) as f64
}

/// A text, and what is left of it after so many words.
fn beginnings(text: &str) -> impl Iterator<Item = String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    CUTS.into_iter()
        .filter(|&cut| cut < words.len())
        .map(|cut| words[..cut].join(" "))
        .chain([words.join(" ")])
        .collect::<Vec<_>>()
        .into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_most_texts_share_wins() {
        let texts = [
            "so now the speaker seems calm and still",
            "well then the speaker seems calm and loud",
            "a parrot sang",
            "oh the speaker seems calm and still",
        ];
        let best = best_constant(&texts).unwrap();
        assert!(best.ends_with("the speaker seems calm and still"), "{best}");
        assert_eq!(best_constant(&[]), None);
    }
}
