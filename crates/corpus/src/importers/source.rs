//! Source files, read once for their contents and their digest.

use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err::File;
use sha2::{Digest, Sha256};
use smes_dialogue::SplitName;

use crate::SourceFile;
use crate::importers::{ImportError, OnBytes};
use crate::writer::hex;

/// A file that hashes what is read from it.
pub(crate) struct HashedFile<'p, 'c> {
    path: PathBuf,
    file: File,
    digest: Sha256,
    n_bytes: u64,
    on_bytes: &'p mut OnBytes<'c>,
}

impl<'p, 'c> HashedFile<'p, 'c> {
    pub(crate) fn open(path: &Path, on_bytes: &'p mut OnBytes<'c>) -> Result<Self, ImportError> {
        Ok(Self {
            path: path.to_owned(),
            file: File::open(path).map_err(ImportError::io(path))?,
            digest: Sha256::new(),
            n_bytes: 0,
            on_bytes,
        })
    }

    /// Name, size and digest, once everything has been read.
    pub(crate) fn into_source(self, split: Option<SplitName>) -> SourceFile {
        SourceFile {
            name: file_name(&self.path),
            split,
            bytes: self.n_bytes,
            sha256: hex(&self.digest.finalize()),
        }
    }
}

impl Read for HashedFile<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n_read = self.file.read(buffer)?;
        self.digest.update(&buffer[..n_read]);
        self.n_bytes += n_read as u64;
        (self.on_bytes)(n_read as u64);
        Ok(n_read)
    }
}

/// The file's name without its folder.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Size of the files in bytes, those that cannot be found as 0.
pub(crate) fn n_bytes<'p>(paths: impl IntoIterator<Item = &'p Path>) -> u64 {
    paths
        .into_iter()
        .filter_map(|path| fs_err::metadata(path).ok())
        .map(|metadata| metadata.len())
        .sum()
}
