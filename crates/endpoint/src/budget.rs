//! What may be spent, in tokens and in money, and how much of it requests under way may still take.
//!
//! A request is sent only when the budget holds what was spent, what others under way may take, and what
//! it may take itself; otherwise it waits for theirs, or is refused where there are none. What it may
//! take: no more tokens written than asked for; no more read than its words have bytes, and for pictures,
//! video and sound twice what [`Seen`] expects of those before. What a medium takes nobody knows before
//! the first answer, nor what much more of it takes than was ever shown; such a request goes alone: it is
//! the one that can take more than is left. What ends without an answer may have been counted by the
//! server all the same, so what was held for it is written off; of one that went alone, its words.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::{EndpointError, Usage};

/// How much more than expected pictures, a video or a sound may take.
const MARGIN: f64 = 2.0;
/// So many times what was shown before, and what it takes is not expected but unknown.
const FAR: f64 = 4.0;

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
    /// How much of each medium there is: pixels of pictures, pixels of video, milliseconds of sound.
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
    /// What requests that ended without an answer may have taken.
    lost: Usage,
    held: Usage,
    n_under_way: usize,
    /// Whether the one under way may take whatever is left.
    is_open_ended: bool,
    /// What each medium took, once known.
    media: [Option<Seen>; 3],
    /// Most tokens that were written at once; some servers do not keep to what was asked.
    longest: u64,
}

/// What a medium took: no request took more than its bounds say of it.
///
/// Servers count a medium by its length, by a fixed number, or by something between. So more of it is
/// expected to take more tokens, and not more for each unit: what took `t` tokens for `u` units bounds less
/// by `t`, and more by `t` for every `u`. The requests with the least and with the most give the closest
/// such bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    least: Bound,
    most: Bound,
}

/// So many tokens up to so many units, and in proportion beyond.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bound {
    units: f64,
    tokens: f64,
}

impl Bound {
    fn at(self, units: f64) -> f64 {
        self.tokens * (units / self.units).max(1.0)
    }

    /// The same, raised where it denied that so many units can take so many tokens.
    fn with(self, units: f64, tokens: f64) -> Self {
        let needed = tokens / (units / self.units).max(1.0);
        Self {
            tokens: self.tokens.max(needed),
            ..self
        }
    }

    /// The same in proportion from another number of units on; nowhere lower over what was seen, where that
    /// is fewer than all seen, or more.
    fn starting_at(self, units: f64) -> Self {
        let shrunk = (units / self.units).min(1.0);
        Self {
            units,
            tokens: self.tokens * shrunk,
        }
    }
}

impl Seen {
    fn new(units: f64, tokens: f64) -> Self {
        let bound = Bound { units, tokens };
        Self {
            least: bound,
            most: bound,
        }
    }

    /// Tokens to expect of so many units; `None` where nothing like it was seen.
    fn expects(&self, units: f64) -> Option<f64> {
        let is_far = units > FAR * self.most.units;
        (!is_far).then(|| self.least.at(units).min(self.most.at(units)))
    }

    /// Learns what so many units took.
    fn learn(self, units: f64, tokens: f64) -> Self {
        let least = self.least.starting_at(self.least.units.min(units));
        let most = self.most.starting_at(self.most.units.max(units));
        Self {
            least: least.with(units, tokens),
            most: most.with(units, tokens),
        }
    }
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
        let expected = |(units, seen): (&u64, &Option<Seen>)| match (units, seen) {
            (0, _) => Some(0.0),
            (units, seen) => seen.as_ref()?.expects(*units as f64),
        };
        let media: Option<f64> = size.media.iter().zip(&self.media).map(expected).sum();
        let written = size.max_tokens.max(self.longest);
        let held = Usage {
            prompt_tokens: size
                .words
                .saturating_add(whole(media.map(|it| MARGIN * it))),
            // Where none are asked for, none are counted.
            completion_tokens: if size.max_tokens == 0 { 0 } else { written },
        };
        let is_open_ended = media.is_none() && !budget.is_none();
        let mut all = self.spent;
        all += self.lost;
        all += self.held;
        all += held;
        let is_alone = self.n_under_way == 0;
        match budget.exceeded_by(all) {
            Some(limit) if is_alone => Verdict::Never(self.but_for_lost(limit)),
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
        self.held.prompt_tokens = self.held.prompt_tokens.saturating_sub(held.prompt_tokens);
        let written = self.held.completion_tokens;
        self.held.completion_tokens = written.saturating_sub(held.completion_tokens);
        self.n_under_way -= 1;
        self.is_open_ended = false;
    }

    fn learn(&mut self, size: Size, usage: Usage) {
        self.spent += usage;
        self.longest = self.longest.max(usage.completion_tokens);
        // Which medium took what is not told: each may have taken all.
        let tokens = usage.prompt_tokens as f64;
        for (seen, units) in self.media.iter_mut().zip(size.media) {
            if units > 0 {
                let units = units as f64;
                let first = || Seen::new(units, tokens);
                *seen = Some(seen.map_or_else(first, |seen| seen.learn(units, tokens)));
            }
        }
    }

    /// The limit, and what of it nobody can tell whether it was spent.
    fn but_for_lost(&self, limit: String) -> String {
        let Usage {
            prompt_tokens,
            completion_tokens,
        } = self.lost;
        let n_lost = prompt_tokens.saturating_add(completion_tokens);
        match n_lost {
            0 => limit,
            n => {
                format!("{limit}, less {n} tokens that requests without an answer may have taken,")
            }
        }
    }
}

/// Tokens in whole numbers, none where they are unknown.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of tokens, not below 0"
)]
fn whole(tokens: Option<f64>) -> u64 {
    tokens.unwrap_or_default().ceil() as u64
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

/// What is held for one request; dropped where it was not taken up, nothing of it was spent.
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

    /// No answer came, and the server may count what it read and wrote.
    pub(crate) fn write_off(self) {
        self.ledger.book().lost += self.held;
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
    fn a_server_that_counts_absurdly_ends_the_budget_and_nothing_else() {
        let ledger = Ledger::new(Budget {
            tokens: Some(1_000),
            money: Some((1.0, PRICE)),
        });
        for _ in 0..2 {
            let reservation = ledger.reserve(Size::default());
            if let Ok(reservation) = reservation {
                reservation.settle(usage(u64::MAX, u64::MAX));
            }
            ledger.book().learn(sound(7), usage(u64::MAX, u64::MAX));
        }
        let book = ledger.book();
        let verdict = book.verdict(&ledger.budget, sound(9));
        assert_eq!(verdict, Verdict::Never("1000 tokens".to_owned()));
        assert_eq!(book.held, usage(0, 0));
    }

    fn sound(milliseconds: u64) -> Size {
        Size {
            media: [0, 0, milliseconds],
            ..words(10)
        }
    }

    #[test]
    fn the_first_with_a_medium_goes_alone_and_so_does_much_more_of_it() {
        let ledger = Ledger::new(Budget {
            tokens: Some(10_000),
            money: None,
        });
        let verdict = |size| ledger.book().verdict(&ledger.budget, size);
        let is_open_ended = |size| {
            matches!(
                verdict(size),
                Verdict::Now {
                    is_open_ended: true,
                    ..
                }
            )
        };
        let first = ledger.reserve(sound(4_000)).unwrap();
        assert_eq!(verdict(words(1)), Verdict::Later);
        first.settle(usage(1_500, 5));
        assert!(!is_open_ended(sound(10_000)) && is_open_ended(sound(60_000)));
        let long = ledger.reserve(sound(60_000)).unwrap();
        assert_eq!(verdict(sound(4_000)), Verdict::Later);
        long.settle(usage(1_600, 5));
        let held = usage(10 + 2 * 1_600, 10);
        assert_eq!(
            verdict(sound(60_000)),
            Verdict::Now {
                held,
                is_open_ended: false
            }
        );
        assert!(matches!(verdict(sound(240_000)), Verdict::Never(_)));
    }

    #[test]
    fn what_a_medium_takes_is_expected_from_the_least_and_the_most_of_it() {
        let seen = Seen::new(1_000.0, 100.0).learn(10_000.0, 400.0);
        let expected = [
            500.0, 1_000.0, 2_000.0, 10_000.0, 20_000.0, 40_000.0, 40_001.0,
        ];
        let expected = expected.map(|units| seen.expects(units));
        let close = [100.0, 100.0, 200.0, 400.0, 800.0, 1_600.0].map(Some);
        assert_eq!((&expected[..6], expected[6]), (&close[..], None));
        // What took more than the bounds said raises both.
        let surprised = seen.learn(2_000.0, 900.0);
        assert_eq!(surprised.expects(2_000.0), Some(900.0));
    }

    #[test]
    fn what_may_have_been_counted_is_written_off_and_told() {
        let ledger = Ledger::new(Budget {
            tokens: Some(250),
            money: None,
        });
        ledger.reserve(words(90)).unwrap().write_off();
        assert_eq!(ledger.spent(), usage(0, 0));
        let Verdict::Never(limit) = ledger.book().verdict(&ledger.budget, words(141)) else {
            panic!("151 of 150 tokens");
        };
        assert!(limit.contains("less 100 tokens"), "{limit}");
        assert!(ledger.reserve(words(140)).is_ok());
    }

    /// What a server counts: words a token in four bytes, and of a medium a fixed number and a part.
    #[derive(Debug, Clone, Copy)]
    struct Server {
        fixed: f64,
        rate: f64,
    }

    impl Server {
        fn counts(self, size: Size, share: f64) -> Usage {
            let shown = size.media.iter().filter(|units| **units > 0);
            let media: f64 = shown
                .map(|units| self.fixed + self.rate * *units as f64)
                .sum();
            usage(size.words / 4 + whole(Some(share * media)), size.max_tokens)
        }
    }

    fn server() -> impl Strategy<Value = Server> {
        (0.0_f64..300.0, 0.0_f64..2.0).prop_map(|(fixed, rate)| Server { fixed, rate })
    }

    fn size() -> impl Strategy<Value = Size> {
        // Mostly of media, so that what is expected of them decides.
        let pictures = prop_oneof![2 => Just(0), 1 => 1_u64..100];
        let size = (0_u64..40, pictures, 0_u64..300, 1_u64..10);
        size.prop_map(|(words, pictures, sound, max_tokens)| Size {
            words,
            media: [pictures, 0, sound],
            max_tokens,
        })
    }

    /// What happens next: a request of that size begins, or the one at that place ends.
    #[derive(Debug, Clone)]
    enum Deed {
        Ask(Size),
        End {
            at: prop::sample::Index,
            share: f64,
            how: End,
        },
    }

    #[derive(Debug, Clone, Copy)]
    enum End {
        Answered,
        Refused,
        Lost,
    }

    fn deed() -> impl Strategy<Value = Deed> {
        let how = prop::sample::select(vec![End::Answered, End::Answered, End::Refused, End::Lost]);
        let share = prop::sample::select(vec![0.5, 1.0]);
        let end = (any::<prop::sample::Index>(), share, how);
        prop_oneof![
            size().prop_map(Deed::Ask),
            end.prop_map(|(at, share, how)| Deed::End { at, share, how })
        ]
    }

    proptest! {
        #[test]
        fn no_medium_takes_more_than_twice_what_is_expected(
            shown in prop::collection::vec((1_u32..1000, 0.5_f64..=1.0), 1..20),
            units in 1_u32..4000,
            server in server(),
        ) {
            let most = |units: u32| server.fixed + server.rate * f64::from(units);
            let mut seen: Option<Seen> = None;
            for (units, share) in shown {
                let tokens = share * most(units);
                let units = f64::from(units);
                seen = Some(seen.map_or_else(|| Seen::new(units, tokens), |seen| seen.learn(units, tokens)));
                prop_assert!(seen.unwrap().expects(units).unwrap() >= tokens * (1.0 - 1e-9));
            }
            if let Some(expected) = seen.unwrap().expects(f64::from(units)) {
                prop_assert!(MARGIN * expected >= most(units) * (1.0 - 1e-9));
            }
        }

        #[test]
        fn a_budget_is_an_upper_bound(
            deeds in prop::collection::vec(deed(), 1..80),
            limit in 500_u64..3_000,
            server in server(),
        ) {
            let money = Some((PRICE.of(usage(limit, limit / 8)), PRICE));
            let ledger = Ledger::new(Budget { tokens: Some(limit), money });
            let mut under_way: Vec<(Reservation<'_>, bool)> = Vec::new();
            let mut counted = Usage::default();
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
                    Deed::End { at, share, how } if !under_way.is_empty() => {
                        let at = at.index(under_way.len());
                        let (reservation, is_open_ended) = under_way.swap_remove(at);
                        let taken = server.counts(reservation.size, share);
                        match how {
                            End::Refused => drop(reservation),
                            End::Answered => {
                                counted += taken;
                                reservation.settle(taken);
                            }
                            End::Lost => {
                                counted += taken;
                                reservation.write_off();
                            }
                        }
                        // One that went alone may have taken more than was left, or nobody knows how much.
                        is_bound &= !is_open_ended
                            || (matches!(how, End::Answered | End::Refused)
                                && ledger.budget.exceeded_by(counted).is_none());
                    }
                    Deed::End { .. } => {}
                }
                prop_assert!(!is_bound || ledger.budget.exceeded_by(counted).is_none());
            }
            drop(under_way);
            let book = ledger.book();
            prop_assert_eq!((book.held, book.n_under_way), (Usage::default(), 0));
        }

        #[test]
        fn a_budget_is_used(
            size in size(),
            shares in prop::collection::vec(0.5_f64..=1.0, 300),
            limit in 500_u64..20_000,
            server in server(),
        ) {
            let ledger = Ledger::new(Budget { tokens: Some(limit), money: None });
            let mut most_read = 0;
            for share in shares {
                let Ok(reservation) = ledger.reserve(size) else { break };
                let taken = server.counts(size, share);
                most_read = most_read.max(taken.prompt_tokens);
                reservation.settle(taken);
            }
            let spent = ledger.spent();
            let all = spent.prompt_tokens + spent.completion_tokens;
            let n_media = size.media.iter().filter(|units| **units > 0).count() as u64;
            let next = size.words + size.max_tokens + 2 * n_media * most_read;
            let is_refused = ledger.reserve(size).is_err();
            prop_assert!(!is_refused || all + next > limit, "{all} of {limit}, {next} more");
        }
    }
}
