//! Time inside a recording.

use serde::{Deserialize, Serialize};

/// A half-open span `[start_ms, end_ms)` of a recording, in milliseconds from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawSpan")]
pub struct TimeSpan {
    start_ms: u64,
    end_ms: u64,
}

/// A span that ends before it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("span ends at {end_ms} ms, before its start at {start_ms} ms")]
pub struct InvalidSpan {
    /// Start, in milliseconds.
    pub start_ms: u64,
    /// End, in milliseconds.
    pub end_ms: u64,
}

impl TimeSpan {
    /// A span from its ends, in milliseconds.
    ///
    /// # Errors
    /// [`InvalidSpan`] when `end_ms < start_ms`. An empty span is allowed.
    pub const fn try_new(start_ms: u64, end_ms: u64) -> Result<Self, InvalidSpan> {
        if end_ms < start_ms {
            return Err(InvalidSpan { start_ms, end_ms });
        }
        Ok(Self { start_ms, end_ms })
    }

    /// First millisecond inside the span.
    pub const fn start_ms(self) -> u64 {
        self.start_ms
    }

    /// First millisecond after the span.
    pub const fn end_ms(self) -> u64 {
        self.end_ms
    }

    /// Length in milliseconds.
    pub const fn duration_ms(self) -> u64 {
        self.end_ms - self.start_ms
    }

    /// Whether the two spans share at least one millisecond.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start_ms < other.end_ms && other.start_ms < self.end_ms
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpan {
    start_ms: u64,
    end_ms: u64,
}

impl TryFrom<RawSpan> for TimeSpan {
    type Error = InvalidSpan;

    fn try_from(raw: RawSpan) -> Result<Self, InvalidSpan> {
        Self::try_new(raw.start_ms, raw.end_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn refuses_a_span_that_ends_before_it_starts() {
        assert!(TimeSpan::try_new(2, 1).is_err());
    }

    #[test]
    fn touching_spans_do_not_overlap() {
        let (a, b) = (
            TimeSpan::try_new(0, 10).unwrap(),
            TimeSpan::try_new(10, 20).unwrap(),
        );
        assert!(!a.overlaps(b) && !b.overlaps(a));
    }

    proptest! {
        #[test]
        fn overlap_is_symmetric_and_agrees_with_counting(a in 0u64..40, b in 0u64..40, c in 0u64..40, d in 0u64..40) {
            let x = TimeSpan::try_new(a.min(b), a.max(b)).unwrap();
            let y = TimeSpan::try_new(c.min(d), c.max(d)).unwrap();
            let shared = (x.start_ms()..x.end_ms()).any(|ms| (y.start_ms()..y.end_ms()).contains(&ms));
            prop_assert_eq!(x.overlaps(y), y.overlaps(x));
            if x.duration_ms() > 0 && y.duration_ms() > 0 { prop_assert_eq!(x.overlaps(y), shared); }
        }
    }
}
