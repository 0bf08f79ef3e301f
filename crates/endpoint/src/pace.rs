//! Not more requests in a minute than agreed, evenly spread over all threads.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Gives out moments that are apart.
#[derive(Debug)]
pub(crate) struct Pace {
    apart: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    pub(crate) fn new(n_per_minute: u32) -> Self {
        Self {
            apart: Duration::from_mins(1) / n_per_minute.max(1),
            next: Mutex::new(Instant::now()),
        }
    }

    /// Waits until it is this caller's turn.
    pub(crate) fn wait(&self) {
        let mine = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let mine = (*next).max(Instant::now());
            *next = mine + self.apart;
            mine
        };
        std::thread::sleep(mine.saturating_duration_since(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_from_several_threads_are_apart() {
        let pace = Pace::new(3000);
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..5).for_each(|_| pace.wait()));
            }
        });
        // Fifteen turns are fourteen gaps of 20 ms.
        assert!(
            begun.elapsed() >= Duration::from_millis(280),
            "{:?}",
            begun.elapsed()
        );
    }
}
