//! How varied responses are: distinct n-grams over all n-grams of all responses.
//!
//! Source: Li et al. 2016. Tokens: [`crate::text::word_tokenize`]. Range `0..=1`, higher is more varied;
//! 0 where there is no n-gram. It falls with the amount of text, so compare equal numbers of
//! responses only. `myMetrics.py` of thu-coai/Emotional-Support-Conversation leaves out the last
//! n-gram of every response (`range(0, len - k)`): that is [`Distinct::published`].

use std::collections::HashSet;

use super::ngrams::sorted_ngrams;

/// Distinct n-grams of one order over responses.
#[derive(Debug, Clone)]
pub struct Distinct {
    n: usize,
    drops_last: bool,
    seen: HashSet<u128>,
    total: u64,
}

impl Distinct {
    /// Of order `n`, in `1..=4`.
    pub fn new(n: usize) -> Self {
        Self {
            n,
            drops_last: false,
            seen: HashSet::new(),
            total: 0,
        }
    }

    /// Of order `n` in the published code's form.
    pub fn published(n: usize) -> Self {
        Self {
            drops_last: true,
            ..Self::new(n)
        }
    }

    /// Adds a response's token numbers.
    pub fn add(&mut self, response: &[u32]) {
        let len = response.len() - usize::from(self.drops_last).min(response.len());
        let ngrams = sorted_ngrams(&response[..len], self.n);
        self.total += ngrams.len() as u64;
        self.seen.extend(ngrams);
    }

    /// Distinct over all.
    pub fn value(&self) -> f64 {
        if self.total == 0 {
            0.0
        } else {
            self.seen.len() as f64 / self.total as f64
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_form_drops_the_last_ngram_of_each_response() {
        let value = |mut distinct: Distinct| {
            distinct.add(&[1, 2, 1, 2]);
            distinct.add(&[]);
            distinct.value()
        };
        assert!((value(Distinct::new(2)) - 2.0 / 3.0).abs() < 1e-12);
        assert!((value(Distinct::published(2)) - 1.0).abs() < 1e-12);
        assert!(Distinct::new(1).value().abs() < 1e-12);
    }
}
