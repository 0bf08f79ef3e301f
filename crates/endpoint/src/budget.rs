//! What may be spent, in tokens and in money.

use crate::{EndpointError, Usage};

/// What all requests of a client together may use.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Budget {
    /// Most tokens, read and written.
    pub tokens: Option<u64>,
    /// Most money, and what tokens cost.
    pub money: Option<(f64, Price)>,
}

/// What a million tokens cost, in the currency of the budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Price {
    /// Read.
    pub prompt: f64,
    /// Written.
    pub completion: f64,
}

impl Price {
    /// What these tokens cost.
    pub fn of(self, usage: Usage) -> f64 {
        (usage.prompt_tokens as f64 * self.prompt
            + usage.completion_tokens as f64 * self.completion)
            / 1e6
    }
}

impl Budget {
    /// Whether another request may be made. The one that crosses the limit is still made: nobody
    /// knows before it what it takes.
    pub(crate) fn check(&self, spent: Usage) -> Result<(), EndpointError> {
        let tokens = spent.prompt_tokens + spent.completion_tokens;
        if let Some(limit) = self.tokens.filter(|limit| tokens >= *limit) {
            let limit = format!("{limit} tokens");
            return Err(EndpointError::Budget { limit });
        }
        if let Some((limit, _)) = self
            .money
            .filter(|(limit, price)| price.of(spent) >= *limit)
        {
            let limit = format!("{limit} in money");
            return Err(EndpointError::Budget { limit });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_ends_at_its_tokens_or_its_money() {
        let spent = Usage {
            prompt_tokens: 900_000,
            completion_tokens: 100_000,
        };
        let check = |tokens, money| Budget { tokens, money }.check(spent).is_ok();
        assert!(check(None, None));
        assert!(check(Some(1_000_001), None) && !check(Some(1_000_000), None));
        let price = Price {
            prompt: 1.0,
            completion: 10.0,
        };
        assert!((price.of(spent) - 1.9).abs() < 1e-12);
        assert!(check(None, Some((1.91, price))) && !check(None, Some((1.89, price))));
    }
}
