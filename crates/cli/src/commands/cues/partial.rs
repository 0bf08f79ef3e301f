//! What is done so far: a file beside the target that a later run reads.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_dialogue::{Cue, Extractor};

use super::clips::Key;
use crate::exit::Advice;

/// A line of the result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Line {
    #[serde(flatten)]
    pub(super) key: Key,
    pub(super) cue: Cue,
}

/// The cues that are done, on disk line by line.
#[derive(Debug)]
pub(super) struct Partial {
    out: PathBuf,
    path: PathBuf,
    file: fs_err::File,
    done: BTreeMap<Key, Cue>,
}

impl Partial {
    /// Opens what an earlier run left, or begins. A last line that was cut off is left out.
    ///
    /// # Errors
    /// When the file cannot be read or written, or another extractor made it.
    pub(super) fn open(out: &Path, extractor: &Extractor) -> anyhow::Result<Self> {
        let path = beside(out, ".partial");
        let text = match fs_err::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error.into()),
        };
        let mut done = BTreeMap::new();
        for line in text.lines() {
            let Ok(line) = serde_json::from_str::<Line>(line) else {
                continue;
            };
            if !line.cue.extractor.is_same_method(extractor) {
                return Err(Advice::bad_input(
                    Some("delete it to begin anew".to_owned()),
                    anyhow::anyhow!(
                        "`{}` was made by `{}` version {}, not by `{}` version {}",
                        path.display(),
                        line.cue.extractor.name,
                        line.cue.extractor.version,
                        extractor.name,
                        extractor.version
                    ),
                ));
            }
            done.insert(line.key, line.cue);
        }
        let mut file = fs_err::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        Ok(Self {
            out: out.to_owned(),
            path,
            file,
            done,
        })
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.done.contains_key(key)
    }

    pub(super) fn get(&self, key: &Key) -> Option<&Cue> {
        self.done.get(key)
    }

    /// Adds a cue; it is on its way to the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn add(&mut self, line: Line) -> anyhow::Result<()> {
        let mut text = serde_json::to_vec(&line)?;
        text.push(b'\n');
        self.file.write_all(&text)?;
        self.done.insert(line.key, line.cue);
        Ok(())
    }

    /// Writes the result in the order of the keys, in one step; what was partial goes.
    ///
    /// # Errors
    /// When it cannot be written; the target is then as it was.
    pub(super) fn finish<'k>(mut self, order: impl Iterator<Item = &'k Key>) -> anyhow::Result<()> {
        let new = beside(&self.out, ".new");
        let mut writer = std::io::BufWriter::new(fs_err::File::create(&new)?);
        for key in order {
            if let Some(cue) = self.done.remove(key) {
                let key = key.clone();
                serde_json::to_writer(&mut writer, &Line { key, cue })?;
                writer.write_all(b"\n")?;
            }
        }
        let file = writer
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs_err::rename(&new, &self.out)?;
        fs_err::remove_file(&self.path)?;
        Ok(())
    }
}

/// The path with something after its name.
fn beside(out: &Path, suffix: &str) -> PathBuf {
    let mut name = out.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use smes_dialogue::Private;

    use super::*;

    fn line(clip: &str, version: &str) -> Line {
        let extractor = Extractor {
            name: "native".to_owned(),
            version: version.to_owned(),
        };
        let cue = Cue {
            observation: Private::new("The voice sounded calm.".to_owned()),
            distress: None,
            modalities: Vec::new(),
            span: None,
            extractor,
            confidence: Some(0.5),
            features: Vec::new(),
            limits: Vec::new(),
        };
        let key = Key::Clip { clip: clip.into() };
        Line { key, cue }
    }

    #[test]
    fn a_run_cut_off_in_the_middle_of_a_line_goes_on_and_ends_in_order() {
        let temp = tempfile::tempdir().unwrap();
        let out = temp.path().join("cues.jsonl");
        let extractor = line("a", "2").cue.extractor;
        let mut first = Partial::open(&out, &extractor).unwrap();
        first.add(line("b", "2")).unwrap();
        first.file.write_all(b"{\"clip\":\"c\",\"cu").unwrap();
        drop(first);
        assert!(!out.exists());
        let mut second = Partial::open(&out, &extractor).unwrap();
        assert!(second.has(&line("b", "2").key) && !second.has(&line("c", "2").key));
        second.add(line("a", "2")).unwrap();
        second.add(line("c", "2")).unwrap();
        let keys = ["a", "b", "c"].map(|clip| line(clip, "2").key);
        second.finish(keys.iter()).unwrap();
        let text = fs_err::read_to_string(&out).unwrap();
        let found: Vec<Line> = text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(found, ["a", "b", "c"].map(|clip| line(clip, "2")));
        assert_eq!(fs_err::read_dir(temp.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_another_version_left_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        let out = temp.path().join("cues.jsonl");
        let old = line("a", "1");
        let mut first = Partial::open(&out, &old.cue.extractor).unwrap();
        first.add(old).unwrap();
        let error = Partial::open(&out, &line("a", "2").cue.extractor).unwrap_err();
        assert!(error.to_string().contains("version 1"), "{error}");
    }
}
