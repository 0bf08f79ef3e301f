//! Writes a prediction file whole or not at all.

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::{Header, Record};
use crate::PredictionError;

/// Writes header and records beside the target and moves them there at the end.
///
/// Dropped before [`PredictionWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct PredictionWriter {
    file: BufWriter<NamedTempFile>,
    path: PathBuf,
    expected: usize,
    written: usize,
}

impl PredictionWriter {
    /// Begins a file with its header.
    ///
    /// # Errors
    /// [`PredictionError::Io`] when the folder cannot be written.
    pub fn create(path: &Path, header: &Header) -> Result<Self, PredictionError> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        fs_err::create_dir_all(folder)?;
        let file = tempfile::Builder::new()
            .prefix(".predictions-")
            .tempfile_in(folder)
            .map_err(|error| at(&error, folder))?;
        let mut writer = Self {
            file: BufWriter::new(file),
            path: path.to_owned(),
            expected: header.n_instances,
            written: 0,
        };
        writer.line(header)?;
        Ok(writer)
    }

    /// Adds a record.
    ///
    /// # Errors
    /// [`PredictionError::Io`] when it cannot be written.
    pub fn write(&mut self, record: &Record) -> Result<(), PredictionError> {
        self.line(record)?;
        self.written += 1;
        Ok(())
    }

    /// Moves the file to its place.
    ///
    /// # Errors
    /// [`PredictionError::Incomplete`] when the number of records is not the header's
    /// `n_instances`; [`PredictionError::Io`] when the file cannot be written.
    pub fn finish(self) -> Result<(), PredictionError> {
        if self.written != self.expected {
            return Err(PredictionError::Incomplete {
                path: self.path,
                expected: self.expected,
                found: self.written,
            });
        }
        let path = self.path;
        let file = self
            .file
            .into_inner()
            .map_err(|error| at(error.error(), &path))?;
        file.as_file()
            .sync_all()
            .map_err(|error| at(&error, &path))?;
        file.persist(&path)
            .map_err(|error| at(&error.error, &path))?;
        Ok(())
    }

    fn line(&mut self, value: &impl Serialize) -> Result<(), PredictionError> {
        let mut line = serde_json::to_vec(value).map_err(std::io::Error::other)?;
        line.push(b'\n');
        self.file
            .write_all(&line)
            .map_err(|error| at(&error, &self.path))?;
        Ok(())
    }
}

/// The error with the path it is about.
fn at(error: &std::io::Error, path: &Path) -> std::io::Error {
    std::io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{header, record};

    #[test]
    fn a_file_that_is_not_finished_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("p.jsonl");
        let mut writer = PredictionWriter::create(&path, &header(2)).unwrap();
        writer.write(&record("d", 1)).unwrap();
        let error = writer.finish().unwrap_err();
        assert!(matches!(
            error,
            PredictionError::Incomplete {
                expected: 2,
                found: 1,
                ..
            }
        ));
        assert_eq!(fs_err::read_dir(folder.path()).unwrap().count(), 0);
    }
}
