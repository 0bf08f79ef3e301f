//! Perplexity from log-probabilities.
//!
//! `exp(-sum of log p / number of tokens)` over all scored tokens of a corpus, natural logarithm.
//! Which tokens are scored is the model's convention, and perplexities under different conventions
//! or vocabularies do not compare; the published code scores the response's tokens with the four
//! control tokens left out, targets cut at 50, over its own vocabulary. Range `1..`, lower is better.

/// Log-probabilities of target tokens; they add up over texts.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LogProbSum {
    /// Sum of the tokens' natural log-probabilities.
    pub log_prob: f64,
    /// Number of tokens.
    pub n_tokens: u64,
}

impl LogProbSum {
    /// Adds those of other texts.
    pub fn merge(&mut self, other: &Self) {
        self.log_prob += other.log_prob;
        self.n_tokens += other.n_tokens;
    }

    /// The perplexity; `None` where there is no token.
    pub fn perplexity(&self) -> Option<f64> {
        (self.n_tokens > 0).then(|| (-self.log_prob / self.n_tokens as f64).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_chances_among_eight_are_a_perplexity_of_eight() {
        let mut sum = LogProbSum::default();
        assert_eq!(sum.perplexity(), None);
        for n_tokens in [1, 4] {
            sum.merge(&LogProbSum {
                log_prob: -(8.0_f64.ln()) * n_tokens as f64,
                n_tokens,
            });
        }
        assert!((sum.perplexity().unwrap() - 8.0).abs() < 1e-12);
    }
}
