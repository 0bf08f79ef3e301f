//! Importers: published files in, a corpus folder out. One file an importer.
//!
//! Each streams: a pass over the json files that remembers where each dialogue lies, then one over
//! the main file, a dialogue at a time. What is odd becomes an [`ImportIssue`](crate::ImportIssue);
//! what cannot be understood (an unknown label, a missing column, a broken row) is an
//! [`ImportError`] that names file and line, and then nothing is written.

mod error;
mod esconv;
mod json_items;
mod meld;
mod mesc;
mod mesc_join;
mod mesc_json;
mod mesc_splits;
mod session;
mod source;
mod table;
mod texts;
mod times;

pub use error::ImportError;
pub use esconv::EsconvSource;
pub use meld::MeldSource;
pub use mesc::{MescJson, MescSource};
pub use session::Imported;

use std::path::Path;

/// Called with the number of bytes read since the last call.
pub type OnBytes<'c> = dyn FnMut(u64) + 'c;

/// A kind of published corpus that can be imported.
pub trait Importer {
    /// Reads the sources and writes a corpus folder at `target`, whole or not at all.
    ///
    /// # Errors
    /// [`ImportError`] when a source cannot be understood or the folder cannot be written.
    fn import(&self, target: &Path, on_bytes: &mut OnBytes<'_>) -> Result<Imported, ImportError>;

    /// Size of the sources in bytes, for a progress bar; 0 when they cannot be found.
    fn n_bytes(&self) -> u64;
}
