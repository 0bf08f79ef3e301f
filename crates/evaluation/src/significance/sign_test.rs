//! The sign test (Arbuthnot 1710; Dixon and Mood 1946): are wins and losses equally likely?
//!
//! Exact and two-sided; reference `scipy.stats.binomtest(wins, wins + losses, 0.5)`. Ties say nothing
//! about the question and are left out, as usual.

/// The p-value; 1 where there is neither a win nor a loss.
///
/// Assumes independent cases.
pub fn sign_test(n_wins: usize, n_losses: usize) -> f64 {
    let n = n_wins + n_losses;
    let n_fewer = n_wins.min(n_losses);
    // Terms of the binomial distribution, in logarithms: 2^-n is 0 in `f64` from n = 1075 on.
    let mut log_term = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = log_term.exp();
    for k in 1..=n_fewer {
        log_term += ((n - k + 1) as f64).ln() - (k as f64).ln();
        tail += log_term.exp();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn worked_by_hand() {
        // One of two equally likely outcomes of five tosses: 2 * (1 + 5) / 32.
        assert!((sign_test(4, 1) - 0.375).abs() < 1e-15);
        assert!((sign_test(0, 0) - 1.0).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn which_side_is_called_the_winner_does_not_matter(a in 0_usize..2000, b in 0_usize..2000) {
            let p = sign_test(a, b);
            prop_assert!((p - sign_test(b, a)).abs() < 1e-15);
            prop_assert!((0.0..=1.0).contains(&p));
        }
    }
}
