//! Reading a file line by line as JSON, with the place of every error and a bound on memory.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use fs_err::File;
use serde::de::DeserializeOwned;

use crate::CorpusError;
use crate::error::json_reason;

/// No dialogue is longer; a file without line ends must not fill the memory.
pub(crate) const MAX_LINE_BYTES: u64 = 64 << 20;

/// The values of a JSON-lines file.
#[derive(Debug)]
pub(crate) struct JsonLines {
    path: PathBuf,
    reader: BufReader<File>,
    line: u64,
    buffer: Vec<u8>,
}

impl JsonLines {
    pub(crate) fn open(path: &Path) -> Result<Self, CorpusError> {
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::with_capacity(
                1 << 16,
                File::open(path).map_err(CorpusError::io(path))?,
            ),
            line: 0,
            buffer: Vec::new(),
        })
    }

    /// Line number of the latest value, from 1.
    pub(crate) const fn line(&self) -> u64 {
        self.line
    }

    /// The bytes of the next line with its line end, empty at the end of the file.
    pub(crate) fn next_bytes(&mut self) -> Result<&[u8], CorpusError> {
        self.buffer.clear();
        let n_read = (&mut self.reader)
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut self.buffer)
            .map_err(CorpusError::io(&self.path))?;
        self.line += u64::from(n_read > 0);
        if n_read as u64 == MAX_LINE_BYTES {
            return Err(CorpusError::LineTooLong {
                path: self.path.clone(),
                line: self.line,
                limit: MAX_LINE_BYTES,
            });
        }
        Ok(&self.buffer)
    }

    /// The next value; nothing at the end of the file.
    pub(crate) fn next_value<T: DeserializeOwned>(&mut self) -> Result<Option<T>, CorpusError> {
        if self.next_bytes()?.is_empty() {
            return Ok(None);
        }
        self.parse().map(Some)
    }

    /// The value on the line read last.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, CorpusError> {
        // Validating the whole line at once is faster than string by string.
        let broken = |column, reason| CorpusError::BrokenLine {
            path: self.path.clone(),
            line: self.line,
            column,
            reason,
        };
        let text = std::str::from_utf8(&self.buffer)
            .map_err(|error| broken(error.valid_up_to() + 1, "not UTF-8".to_owned()))?;
        serde_json::from_str(text).map_err(|error| broken(error.column(), json_reason(&error)))
    }
}
