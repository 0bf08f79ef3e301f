//! What the allocator of the programs (mimalloc) does with memory that every training step frees.
#![expect(unsafe_code, reason = "the options of mimalloc are set through C")]

use libmimalloc_sys::{mi_option_set, mi_option_t};

/// `mi_option_purge_delay` of mimalloc 3, which `libmimalloc-sys` does not name.
const PURGE_DELAY: mi_option_t = 15;

/// Keeps freed memory for the next step instead of giving it back to the system, which would zero it
/// page by page when it is asked for again: a fifth of a training step (`docs/benchmarks.md`). For
/// programs whose allocator is mimalloc; elsewhere it changes nothing.
pub fn keep_freed_memory() {
    // SAFETY: an atomic store into mimalloc's table of options, of which this is one; it is valid at
    // any time, from any thread, and whether or not mimalloc is the allocator.
    unsafe { mi_option_set(PURGE_DELAY, -1) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_the_delay_of_purging() {
        // SAFETY: an atomic load from the table of options.
        let delay = || unsafe { libmimalloc_sys::mi_option_get(PURGE_DELAY) };
        // No other option begins with this many milliseconds.
        assert_eq!(delay(), 1000);
        keep_freed_memory();
        assert_eq!(delay(), -1);
    }
}
