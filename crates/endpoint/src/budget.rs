//! What may be spent, in tokens and in money, and how much of it requests under way may still take.
//!
//! A request is sent only when the budget holds what was spent, what others under way may take, and what
//! it may take itself; otherwise it waits for theirs, or is refused where there are none. What it may
//! take: no more tokens written than asked for; no more read than its words have bytes, and for pictures,
//! video and sound twice what they took at most so far. What a medium takes nobody knows before the
//! first answer, so the first request with it goes alone: it is the one that can take more than is left.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::{EndpointError, Usage};

/// How much more than before pictures, a video or a sound may take.
const MARGIN: f64 = 2.0;

/// What all requests of a client together may use. A server that does not count tokens is under none.
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
    /// The limit that would be exceeded, in words; `None` where there is room.
    fn exceeded_by(&self, usage: Usage) -> Option<String> {
        let tokens = usage.prompt_tokens.saturating_add(usage.completion_tokens);
        if let Some(limit) = self.tokens.filter(|limit| tokens > *limit) {
            return Some(format!("{limit} tokens"));
        }
        let (limit, _) = self
            .money
            .filter(|(limit, price)| price.of(usage) > *limit)?;
        Some(format!("{limit} in money"))
    }

    fn is_none(&self) -> bool {
        self.tokens.is_none() && self.money.is_none()
    }
}

/// What can be told of a request before it is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Size {
    /// Bytes of all but its media.
    pub(crate) words: u64,
    /// How much of each medium there is, in a unit of its own: pictures, bytes of video, bytes of sound.
    pub(crate) media: [u64; 3],
    /// Most tokens that are asked for.
    pub(crate) max_tokens: u64,
}

/// What was spent of a budget, and what is held for requests under way.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    budget: Budget,
    book: Mutex<Book>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Book {
    spent: Usage,
    held: Usage,
    n_under_way: usize,
    /// Whether the one under way may take whatever is left.
    is_open_ended: bool,
    /// Most tokens that one unit of each medium took, once known.
    rates: [Option<f64>; 3],
    /// Most tokens that were written at once; some servers do not keep to what was asked.
    longest: u64,
}

/// Whether a request may be sent.
#[derive(Debug, PartialEq)]
enum Verdict {
    /// With so much held for it; nothing else may be sent meanwhile if that is no bound.
    Now { held: Usage, is_open_ended: bool },
    /// After those under way.
    Later,
    /// Not within this limit.
    Never(String),
}

impl Book {
    fn verdict(&self, budget: &Budget, size: Size) -> Verdict {
        let known = |(units, rate): (&u64, &Option<f64>)| match (units, rate) {
            (0, _) => Some(0.0),
            (units, rate) => rate.map(|rate| MARGIN * rate * *units as f64),
        };
        let media: Option<f64> = size.media.iter().zip(&self.rates).map(known).sum();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of tokens, not below 0"
        )]
        let media_tokens = media.unwrap_or_default().ceil() as u64;
        let held = Usage {
            prompt_tokens: size.words.saturating_add(media_tokens),
            completion_tokens: size.max_tokens.max(self.longest),
        };
        let is_open_ended = media.is_none() && !budget.is_none();
        let mut all = self.spent;
        all += self.held;
        all += held;
        let is_alone = self.n_under_way == 0;
        match budget.exceeded_by(all) {
            Some(limit) if is_alone => Verdict::Never(limit),
            None if is_alone || !(self.is_open_ended || is_open_ended) => Verdict::Now {
                held,
                is_open_ended,
            },
            _ => Verdict::Later,
        }
    }

    fn begin(&mut self, held: Usage, is_open_ended: bool) {
        self.held += held;
        self.n_under_way += 1;
        self.is_open_ended = is_open_ended;
    }

    fn end(&mut self, held: Usage) {
        self.held.prompt_tokens -= held.prompt_tokens;
        self.held.completion_tokens -= held.completion_tokens;
        self.n_under_way -= 1;
        self.is_open_ended = false;
    }

    fn learn(&mut self, size: Size, usage: Usage) {
        self.spent += usage;
        self.longest = self.longest.max(usage.completion_tokens);
        for (rate, units) in self.rates.iter_mut().zip(size.media) {
            if units > 0 {
                let found = usage.prompt_tokens as f64 / units as f64;
                *rate = Some(rate.unwrap_or_default().max(found));
            }
        }
    }
}

impl Ledger {
    pub(crate) fn new(budget: Budget) -> Self {
        Self {
            budget,
            ..Self::default()
        }
    }

    /// What was spent so far.
    pub(crate) fn spent(&self) -> Usage {
        self.book().spent
    }

    /// Holds what a request may take, once those under way leave so much.
    pub(crate) fn reserve(&self, size: Size) -> Result<Reservation<'_>, EndpointError> {
        let mut book = self.book();
        loop {
            match book.verdict(&self.budget, size) {
                Verdict::Now {
                    held,
                    is_open_ended,
                } => {
                    book.begin(held, is_open_ended);
                    return Ok(Reservation {
                        ledger: self,
                        size,
                        held,
                    });
                }
                Verdict::Never(limit) => return Err(EndpointError::Budget { limit }),
                Verdict::Later => {
                    let waited = self.changed.wait(book);
                    book = waited.unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is held for one request; dropped without an answer, nothing of it was spent.
pub(crate) struct Reservation<'l> {
    ledger: &'l Ledger,
    size: Size,
    held: Usage,
}

impl Reservation<'_> {
    /// An answer came, and took this.
    pub(crate) fn settle(self, usage: Usage) {
        self.ledger.book().learn(self.size, usage);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        self.ledger.book().end(self.held);
        self.ledger.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PRICE: Price = Price {
        prompt: 1.0,
        completion: 10.0,
    };

    fn usage(prompt_tokens: u64, completion_tokens: u64) -> Usage {
        Usage {
            prompt_tokens,
            completion_tokens,
        }
    }

    fn words(words: u64) -> Size {
        Size {
            words,
            max_tokens: 10,
            ..Size::default()
        }
    }

    #[test]
    fn a_budget_ends_at_its_tokens_or_its_money() {
        let spent = usage(900_000, 100_000);
        let holds = |tokens, money| Budget { tokens, money }.exceeded_by(spent).is_none();
        assert!(holds(None, None));
        assert!(holds(Some(1_000_000), None) && !holds(Some(999_999), None));
        assert!((PRICE.of(spent) - 1.9).abs() < 1e-12);
        assert!(holds(None, Some((1.91, PRICE))) && !holds(None, Some((1.89, PRICE))));
    }

    #[test]
    fn what_is_under_way_is_held_and_let_go_when_it_fails() {
        let tokens = Some(200);
        let ledger = Ledger::new(Budget {
            tokens,
            money: None,
        });
        let first = ledger.reserve(words(90)).unwrap();
        let second = ledger.reserve(words(90)).unwrap();
        let verdict = |size| ledger.book().verdict(&ledger.budget, size);
        assert_eq!(verdict(words(0)), Verdict::Later);
        drop(first);
        second.settle(usage(20, 10));
        assert_eq!(ledger.spent(), usage(20, 10));
        assert_eq!(verdict(words(161)), Verdict::Never("200 tokens".to_owned()));
        assert!(matches!(verdict(words(160)), Verdict::Now { .. }));
    }

    #[test]
    fn the_first_with_a_medium_goes_alone_and_the_next_are_judged_by_it() {
        let ledger = Ledger::new(Budget {
            tokens: Some(2_000),
            money: None,
        });
        let pictures = |n| Size {
            media: [n, 0, 0],
            ..words(10)
        };
        let first = ledger.reserve(pictures(4)).unwrap();
        let verdict = |size| ledger.book().verdict(&ledger.budget, size);
        assert_eq!(verdict(words(1)), Verdict::Later);
        first.settle(usage(400, 5));
        let Verdict::Now {
            held,
            is_open_ended,
        } = verdict(pictures(2))
        else {
            panic!("there is room");
        };
        assert_eq!((held, is_open_ended), (usage(10 + 2 * 200, 10), false));
        assert!(matches!(verdict(pictures(8)), Verdict::Never(_)));
    }

    /// What happens next: a request of that size begins, or the one at that place ends.
    #[derive(Debug, Clone)]
    enum Deed {
        Ask(Size),
        End {
            at: prop::sample::Index,
            share: f64,
            fails: bool,
        },
    }

    fn deed() -> impl Strategy<Value = Deed> {
        let size = (0_u64..400, 0_u64..5, 0_u64..3000, 1_u64..60);
        let ask = size.prop_map(|(words, pictures, sound, max_tokens)| {
            Deed::Ask(Size {
                words,
                media: [pictures, 0, sound],
                max_tokens,
            })
        });
        let end = (any::<prop::sample::Index>(), 0.5_f64..=1.0, any::<bool>());
        prop_oneof![
            ask,
            end.prop_map(|(at, share, fails)| Deed::End { at, share, fails })
        ]
    }

    /// What a request takes: words a token in four bytes, a picture up to 80, sound up to 0.02 a byte.
    fn taken(size: Size, share: f64) -> Usage {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a number of tokens"
        )]
        let media = (share * (80.0 * size.media[0] as f64 + 0.02 * size.media[2] as f64)) as u64;
        usage(size.words / 4 + media, size.max_tokens)
    }

    proptest! {
        #[test]
        fn a_budget_is_an_upper_bound(deeds in prop::collection::vec(deed(), 1..80), limit in 500_u64..20_000) {
            let money = Some((PRICE.of(usage(limit, limit / 8)), PRICE));
            let ledger = Ledger::new(Budget { tokens: Some(limit), money });
            let mut under_way: Vec<(Reservation<'_>, bool)> = Vec::new();
            let mut is_bound = true;
            for deed in deeds {
                match deed {
                    Deed::Ask(size) => {
                        let verdict = ledger.book().verdict(&ledger.budget, size);
                        match verdict {
                            Verdict::Now { is_open_ended, .. } => {
                                under_way.push((ledger.reserve(size).unwrap(), is_open_ended));
                                prop_assert!(!is_open_ended || under_way.len() == 1);
                            }
                            Verdict::Later => prop_assert!(!under_way.is_empty()),
                            Verdict::Never(_) => prop_assert!(under_way.is_empty()),
                        }
                    }
                    Deed::End { at, share, fails } if !under_way.is_empty() => {
                        let at = at.index(under_way.len());
                        let (reservation, is_open_ended) = under_way.swap_remove(at);
                        if fails {
                            drop(reservation);
                        } else {
                            let taken = taken(reservation.size, share);
                            reservation.settle(taken);
                            // The first with a medium may have taken more than was left.
                            is_bound &= !is_open_ended || ledger.budget.exceeded_by(ledger.spent()).is_none();
                        }
                    }
                    Deed::End { .. } => {}
                }
                prop_assert!(!is_bound || ledger.budget.exceeded_by(ledger.spent()).is_none());
            }
            drop(under_way);
            let book = ledger.book();
            prop_assert_eq!((book.held, book.n_under_way), (Usage::default(), 0));
        }
    }
}
