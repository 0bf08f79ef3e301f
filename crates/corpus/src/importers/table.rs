//! Tables in csv (RFC 4180), row by row, with the line of every error.

use std::path::{Path, PathBuf};

use csv::{ByteRecord, ErrorKind};

use crate::SourceFile;
use crate::importers::error::shortened;
use crate::importers::source::{HashedFile, file_name};
use crate::importers::{ImportError, OnBytes};

/// A csv file with the `N` columns that matter.
pub(crate) struct Table<'p, 'c, const N: usize> {
    path: PathBuf,
    reader: csv::Reader<HashedFile<'p, 'c>>,
    names: [&'static str; N],
    columns: [usize; N],
    n_fields: usize,
    record: ByteRecord,
}

/// A row of a [`Table`].
pub(crate) struct Row<'t, const N: usize> {
    path: &'t Path,
    names: &'t [&'static str; N],
    columns: &'t [usize; N],
    record: &'t ByteRecord,
}

impl<'p, 'c, const N: usize> Table<'p, 'c, N> {
    pub(crate) fn open(
        path: &Path,
        names: [&'static str; N],
        on_bytes: &'p mut OnBytes<'c>,
    ) -> Result<Self, ImportError> {
        let file = HashedFile::open(path, on_bytes)?;
        let mut reader = csv::ReaderBuilder::new()
            .buffer_capacity(1 << 16)
            // Rows end at a line feed, a carriage return before it is cut off below: with the
            // library's own rule the line numbers of files with both are one too low.
            .terminator(csv::Terminator::Any(b'\n'))
            .flexible(true)
            .from_reader(file);
        let header = reader
            .byte_headers()
            .map_err(|error| from_csv(path, error))?;
        if header.is_empty() {
            return Err(ImportError::Empty {
                path: path.to_owned(),
                expected: "a header and rows",
            });
        }
        let mut columns = [0; N];
        for (column, name) in columns.iter_mut().zip(names) {
            *column = header
                .iter()
                .position(|field| field.trim_ascii() == name.as_bytes())
                .ok_or_else(|| missing_column(path, name, header))?;
        }
        Ok(Self {
            path: path.to_owned(),
            n_fields: header.len(),
            reader,
            names,
            columns,
            record: ByteRecord::new(),
        })
    }

    /// Name of the file, for issues.
    pub(crate) fn file(&self) -> String {
        file_name(&self.path)
    }

    pub(crate) fn next_row(&mut self) -> Result<Option<Row<'_, N>>, ImportError> {
        let mut found = self.read_record()?;
        while found && self.record.len() == 1 && self.record[0].trim_ascii().is_empty() {
            found = self.read_record()?;
        }
        if found && self.record.len() != self.n_fields {
            return Err(ImportError::BrokenRow {
                path: self.path.clone(),
                line: self.record.position().map_or(1, csv::Position::line),
                found: self.record.len() as u64,
                expected: self.n_fields as u64,
            });
        }
        Ok(found.then_some(Row {
            path: &self.path,
            names: &self.names,
            columns: &self.columns,
            record: &self.record,
        }))
    }

    fn read_record(&mut self) -> Result<bool, ImportError> {
        self.reader
            .read_byte_record(&mut self.record)
            .map_err(|error| from_csv(&self.path, error))
    }

    pub(crate) fn into_source(self) -> SourceFile {
        self.reader.into_inner().into_source(None)
    }
}

impl<const N: usize> Row<'_, N> {
    /// Line where the row begins, from 1.
    pub(crate) fn line(&self) -> u64 {
        self.record.position().map_or(0, csv::Position::line)
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.path.to_owned()
    }

    /// The text of the `idx`-th wanted column.
    pub(crate) fn text(&self, idx: usize) -> Result<&str, ImportError> {
        let column = self.columns[idx];
        let mut field = self.record.get(column).unwrap_or_default();
        if column + 1 == self.record.len() {
            field = field.strip_suffix(b"\r").unwrap_or(field);
        }
        std::str::from_utf8(field).map_err(|_| ImportError::InvalidUtf8 {
            path: self.path(),
            line: self.line(),
            place: format!("column `{}`", self.names[idx]),
        })
    }

    /// The whole number in the `idx`-th wanted column.
    pub(crate) fn number(&self, idx: usize) -> Result<u32, ImportError> {
        let text = self.text(idx)?.trim();
        text.parse().map_err(|_| ImportError::NotANumber {
            path: self.path(),
            line: self.line(),
            column: self.names[idx],
            found: shortened(text),
        })
    }
}

fn missing_column(path: &Path, column: &'static str, header: &ByteRecord) -> ImportError {
    ImportError::MissingColumn {
        path: path.to_owned(),
        column,
        found: header
            .iter()
            .take(32)
            .map(|field| shortened(String::from_utf8_lossy(field).trim()))
            .collect(),
    }
}

fn from_csv(path: &Path, error: csv::Error) -> ImportError {
    let line = error.position().map_or(1, csv::Position::line);
    let path = path.to_owned();
    match error.into_kind() {
        ErrorKind::Io(source) => ImportError::Io { path, source },
        _ => ImportError::InvalidUtf8 {
            path,
            line,
            place: "the row".to_owned(),
        },
    }
}
