//! Threads for model work, with a bounded queue before them.
//!
//! Turns wait first come, first served; since a session has one turn at a time, none can starve
//! the others.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::Limits;
use crate::refusal::Refusal;

/// The threads and the queue.
pub(crate) struct Workers {
    places: Arc<Semaphore>,
    clip_bytes: Arc<Semaphore>,
    threads: Arc<Semaphore>,
}

/// Room in memory for the clip of a turn, held from before it arrives until it has been read.
pub(crate) struct ClipRoom {
    _bytes: OwnedSemaphorePermit,
}

/// A place in the queue, held until its work is done.
pub(crate) struct Place {
    turn: OwnedSemaphorePermit,
    clip: Option<ClipRoom>,
    threads: Arc<Semaphore>,
}

impl Workers {
    /// As many threads as the machine has cores, two at least.
    pub(crate) fn new(limits: &Limits) -> Self {
        let n_threads = std::thread::available_parallelism().map_or(2, |n| n.get().max(2));
        Self {
            places: Arc::new(Semaphore::new(limits.turns_in_work)),
            clip_bytes: Arc::new(Semaphore::new(limits.clip_bytes_in_work)),
            threads: Arc::new(Semaphore::new(n_threads)),
        }
    }

    /// Takes room for bytes that are about to arrive.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when there is none.
    pub(crate) fn make_room(&self, n_bytes: u64) -> Result<ClipRoom, Refusal> {
        let n_bytes = u32::try_from(n_bytes).map_err(|_| Refusal::Busy)?;
        let bytes = Arc::clone(&self.clip_bytes).try_acquire_many_owned(n_bytes);
        Ok(ClipRoom {
            _bytes: bytes.map_err(|_| Refusal::Busy)?,
        })
    }

    /// Takes a place for work on a turn, with the room that its clip has.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when the queue is full.
    pub(crate) fn reserve(&self, clip: Option<ClipRoom>) -> Result<Place, Refusal> {
        let turn = Arc::clone(&self.places).try_acquire_owned();
        Ok(Place {
            turn: turn.map_err(|_| Refusal::Busy)?,
            clip,
            threads: Arc::clone(&self.threads),
        })
    }
}

impl Place {
    /// Runs the work on a thread of its own once one is free. `None` when the work panicked.
    ///
    /// Work that is no longer awaited still ends by itself and holds its place until then.
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let thread = self.threads.acquire_owned().await.ok()?;
        let held = (self.turn, self.clip, thread);
        let job = tokio::task::spawn_blocking(move || {
            let _held = held;
            work()
        });
        job.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_refuses_and_a_finished_turn_makes_room() {
        let workers = Workers::new(&Limits {
            turns_in_work: 1,
            ..Limits::default()
        });
        let place = workers.reserve(None).unwrap();
        assert_eq!(workers.reserve(None).err(), Some(Refusal::Busy));
        assert_eq!(place.run(|| 7).await, Some(7));
        assert!(workers.reserve(None).is_ok());
    }

    #[tokio::test]
    async fn clips_share_a_bounded_memory() {
        let workers = Workers::new(&Limits {
            clip_bytes_in_work: 100,
            ..Limits::default()
        });
        let first = workers.make_room(60).unwrap();
        assert_eq!(workers.make_room(60).err(), Some(Refusal::Busy));
        assert!(workers.make_room(40).is_ok());
        drop(first);
        assert!(workers.make_room(100).is_ok());
    }

    #[tokio::test]
    async fn work_that_panics_gives_its_place_back() {
        let workers = Workers::new(&Limits {
            turns_in_work: 1,
            ..Limits::default()
        });
        let place = workers.reserve(None).unwrap();
        assert_eq!(place.run(|| -> u8 { panic!("on purpose") }).await, None);
        assert!(workers.reserve(None).is_ok());
    }
}
