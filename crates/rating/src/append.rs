//! A file of lines that only grows, where a line is there whole or not at all.
//!
//! Each line is on the disk before [`LineFile::append`] returns. What a crash or a full disk left of a
//! line is cut off, so that the next one never grows onto it. Why no database: `docs/adr/0004-ratings-as-journals.md`.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use fs_err::{File, OpenOptions};
use serde::Serialize;

use crate::RatingError;

/// The file, open for appending and locked: one program writes it at a time.
#[derive(Debug)]
pub(crate) struct LineFile {
    file: File,
    /// Bytes of the whole lines.
    len: u64,
}

impl LineFile {
    /// Opens or makes the file, and its folder.
    pub(crate) fn open(path: &Path) -> Result<Self, RatingError> {
        if let Some(folder) = path.parent() {
            fs_err::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        let mut file = options.create(true).append(true).read(true).open(path)?;
        file.file().try_lock().map_err(|_| RatingError::InUse {
            path: path.to_owned(),
        })?;
        let len = whole_lines(&mut file)?;
        file.set_len(len)?;
        Ok(Self { file, len })
    }

    /// Whether there is no line yet.
    pub(crate) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a value as one line of JSON.
    pub(crate) fn append(&mut self, value: &impl Serialize) -> Result<(), RatingError> {
        let mut line = serde_json::to_vec(value).map_err(std::io::Error::other)?;
        line.push(b'\n');
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // Whatever of the line is there goes again; if even that fails, the next open cuts it.
            let _ = self.file.set_len(self.len);
            return Err(error.into());
        }
        self.len += line.len() as u64;
        Ok(())
    }
}

/// Bytes up to the last line end.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    const BLOCK: u64 = 4096;
    let mut end = file.metadata()?.len();
    while end > 0 {
        let begin = end.saturating_sub(BLOCK);
        file.seek(SeekFrom::Start(begin))?;
        let mut block = Vec::new();
        Read::by_ref(file)
            .take(end - begin)
            .read_to_end(&mut block)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(begin + at as u64 + 1);
        }
        end = begin;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::study::read_lines;

    #[test]
    fn what_a_crash_left_of_a_line_is_cut_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep").join("lines.jsonl");
        LineFile::open(&path).unwrap().append(&"one").unwrap();
        let torn = format!("\"one\"\n{{\"half\":\"{}", "x".repeat(10_000));
        fs_err::write(&path, torn).unwrap();
        assert_eq!(read_lines::<String>(&path).unwrap(), ["one"]);
        LineFile::open(&path).unwrap().append(&"two").unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "\"one\"\n\"two\"\n");
    }

    proptest! {
        #[test]
        fn wherever_the_file_is_cut_the_whole_lines_are_read(texts in prop::collection::vec(".{0,6}", 0..6), cut in any::<usize>()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("lines.jsonl");
            let mut file = LineFile::open(&path).unwrap();
            for text in &texts {
                file.append(text).unwrap();
            }
            drop(file);
            let bytes = fs_err::read(&path).unwrap();
            let cut = cut % (bytes.len() + 1);
            fs_err::write(&path, &bytes[..cut]).unwrap();
            LineFile::open(&path).unwrap().append(&"last").unwrap();
            let n_whole = bytes[..cut].split(|byte| *byte == b'\n').count() - 1;
            let mut expected = texts[..n_whole].to_vec();
            expected.push("last".to_owned());
            prop_assert_eq!(read_lines::<String>(&path).unwrap(), expected);
        }
    }
}
