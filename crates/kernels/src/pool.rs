//! Where work runs.

/// Runs `f` on one of the threads that share the work of operations. From another thread, each
/// operation that is split would hand all of its parts over and sleep until they are done; among
/// those threads it keeps one part, and the others are taken by who is free.
pub fn on_pool<R: Send>(f: impl FnOnce() -> R + Send) -> R {
    rayon::scope(|_| f())
}
