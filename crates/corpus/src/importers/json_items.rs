//! The objects of a json file one after the other, without holding the file in memory.
//!
//! The file is an array of objects, or objects one after the other (JSON lines). Only the borders
//! of the objects are found here, by counting brackets outside strings; what is in an object is
//! parsed by the caller, whose errors get the line of the file back.

use std::io::Read;
use std::path::PathBuf;

use serde::Deserialize;
use smes_dialogue::SplitName;

use crate::SourceFile;
use crate::error::json_reason;
use crate::importers::ImportError;
use crate::importers::source::HashedFile;
use crate::lines::MAX_LINE_BYTES;

const CHUNK: usize = 1 << 16;

/// The objects of a json file.
pub(crate) struct JsonItems<'p, 'c> {
    path: PathBuf,
    file: HashedFile<'p, 'c>,
    chunk: Vec<u8>,
    at: usize,
    line: u64,
    item: Vec<u8>,
    item_line: u64,
}

/// One object and where it begins.
pub(crate) struct Item<'i> {
    pub(crate) path: &'i PathBuf,
    /// Line where it begins, from 1.
    pub(crate) line: u64,
    pub(crate) bytes: &'i [u8],
}

impl<'i> Item<'i> {
    /// The object as a value.
    pub(crate) fn parse<T: Deserialize<'i>>(&self) -> Result<T, ImportError> {
        let text = std::str::from_utf8(self.bytes).map_err(|_| ImportError::InvalidUtf8 {
            path: self.path.clone(),
            line: self.line,
            place: "the entry that begins here".to_owned(),
        })?;
        serde_json::from_str(text).map_err(|error| ImportError::BrokenJson {
            path: self.path.clone(),
            line: self.line + (error.line() as u64).saturating_sub(1),
            column: error.column(),
            reason: json_reason(&error),
        })
    }
}

/// Where the scan stands inside an object.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// Takes a byte of an object; `true` when it was the last of it.
    const fn takes_last(&mut self, byte: u8) -> bool {
        if self.in_string {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_string = false;
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.depth == 0
    }
}

impl<'p, 'c> JsonItems<'p, 'c> {
    pub(crate) fn new(path: PathBuf, file: HashedFile<'p, 'c>) -> Self {
        Self {
            path,
            file,
            chunk: Vec::new(),
            at: 0,
            line: 1,
            item: Vec::new(),
            item_line: 1,
        }
    }

    pub(crate) fn into_source(self, split: Option<SplitName>) -> SourceFile {
        self.file.into_source(split)
    }

    /// The next object; nothing at the end of the file.
    pub(crate) fn next_item(&mut self) -> Result<Option<Item<'_>>, ImportError> {
        if !self.skip_to_object()? {
            return Ok(None);
        }
        self.item.clear();
        self.item_line = self.line;
        let mut scan = Scan::default();
        loop {
            let rest = &self.chunk[self.at..];
            let end = rest.iter().position(|byte| scan.takes_last(*byte));
            let taken = &rest[..end.map_or(rest.len(), |end| end + 1)];
            self.line += taken
                .iter()
                .map(|byte| u64::from(*byte == b'\n'))
                .sum::<u64>();
            self.item.extend_from_slice(taken);
            self.at += taken.len();
            if end.is_some() {
                return Ok(Some(Item {
                    path: &self.path,
                    line: self.item_line,
                    bytes: &self.item,
                }));
            }
            if self.item.len() as u64 > MAX_LINE_BYTES {
                return Err(ImportError::TooLong {
                    path: self.path.clone(),
                    line: self.item_line,
                    limit: MAX_LINE_BYTES,
                });
            }
            if !self.fill()? {
                return Err(self.broken("the file ends inside an entry"));
            }
        }
    }

    fn skip_to_object(&mut self) -> Result<bool, ImportError> {
        loop {
            if self.at == self.chunk.len() && !self.fill()? {
                return Ok(false);
            }
            match self.chunk[self.at] {
                b'{' => return Ok(true),
                b'\n' => self.line += 1,
                b' ' | b'\t' | b'\r' | b',' | b'[' | b']' => {}
                // The byte order mark some editors put first.
                0xef | 0xbb | 0xbf if self.line == 1 => {}
                _ => return Err(self.broken("expected an array of objects")),
            }
            self.at += 1;
        }
    }

    fn fill(&mut self) -> Result<bool, ImportError> {
        self.chunk.resize(CHUNK, 0);
        self.at = 0;
        let n_read = loop {
            match self.file.read(&mut self.chunk) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                other => break other.map_err(ImportError::io(&self.path))?,
            }
        };
        self.chunk.truncate(n_read);
        Ok(n_read > 0)
    }

    fn broken(&self, reason: &str) -> ImportError {
        ImportError::BrokenJson {
            path: self.path.clone(),
            line: self.line,
            column: 1,
            reason: reason.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(text: &str) -> Result<Vec<u64>, ImportError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        fs_err::write(&path, text).unwrap();
        let mut ignore = |_: u64| {};
        let mut items = JsonItems::new(path.clone(), HashedFile::open(&path, &mut ignore)?);
        let mut lines = Vec::new();
        while let Some(item) = items.next_item()? {
            item.parse::<serde_json::Value>()?;
            lines.push(item.line);
        }
        Ok(lines)
    }

    #[test]
    fn finds_objects_of_an_array_and_of_lines() {
        assert_eq!(
            lines_of("[\n {\"a\": \"}\\\"{\"},\n {\"b\": [{}]}\n]").unwrap(),
            [2, 3]
        );
        assert_eq!(lines_of("{}\n{}\n").unwrap(), [1, 2]);
        assert!(lines_of("").unwrap().is_empty());
    }

    #[test]
    fn a_file_cut_short_names_the_line_of_its_end() {
        let error = lines_of("[\n{\"a\": 1},\n{\"a\":").unwrap_err().to_string();
        assert!(
            error.ends_with("line 3, column 1: the file ends inside an entry"),
            "{error}"
        );
    }
}
