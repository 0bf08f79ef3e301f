//! Who watches a clip being decoded.

use std::io::{self, Read};
use std::path::Path;

/// Who wants to know of what is decoded while it is.
pub(crate) trait Watcher: Sync {
    /// Sound is written to this file as it comes. Its name leads there during this call only.
    fn sound_file(&self, _file: &Path) {}

    /// Some bytes of the sound, little-endian `f32`, where it comes through standard output.
    fn sound(&self, _bytes: &[u8]) {}
}

/// Nobody.
pub(crate) struct Unwatched;

impl Watcher for Unwatched {}

/// Hands on what passes through.
pub(crate) struct Tee<'a, R> {
    pub(crate) from: R,
    pub(crate) to: &'a dyn Watcher,
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.from.read(buffer)?;
        self.to.sound(&buffer[..n]);
        Ok(n)
    }
}
