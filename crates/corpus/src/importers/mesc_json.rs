//! The published json files of MESC: where their dialogues lie, and how their texts come apart.
//!
//! A turn's `text` is the utterance, a space, and the Video-LLaMA answer; a seeker's has two
//! answers joined without a space. The files have no ids, so a dialogue is found by its length,
//! its speakers, and its utterances being the beginnings of the texts.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use smes_dialogue::{Role, SplitName};
use tempfile::SpooledTempFile;

use crate::SourceFile;
use crate::importers::error::shortened;
use crate::importers::json_items::{Item, JsonItems};
use crate::importers::source::HashedFile;
use crate::importers::{ImportError, MescJson, OnBytes};

/// Kept in memory up to this size, beyond it in a temporary file.
const SPOOL_BYTES: usize = 8 << 20;

/// A dialogue of a json file.
#[derive(Debug, Deserialize)]
pub(crate) struct JsonDialogue<'j> {
    #[serde(borrow)]
    pub(crate) problem_type: Cow<'j, str>,
    #[serde(borrow)]
    pub(crate) situation: Cow<'j, str>,
    #[serde(borrow)]
    pub(crate) dialog: Vec<JsonTurn<'j>>,
}

/// An utterance of a json file, fused with its cue.
#[derive(Debug, Deserialize)]
pub(crate) struct JsonTurn<'j> {
    #[serde(borrow)]
    pub(crate) text: Cow<'j, str>,
    #[serde(borrow)]
    pub(crate) speaker: Cow<'j, str>,
    #[serde(borrow)]
    pub(crate) emotion: Cow<'j, str>,
    #[serde(borrow, default)]
    pub(crate) strategy: Option<Cow<'j, str>>,
}

/// Where a dialogue of a json file lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    offset: u64,
    n_bytes: usize,
    pub(crate) file_idx: usize,
    pub(crate) line: u64,
}

/// A dialogue of a json file that is a dialogue of the csv.
pub(crate) struct Taken<'t> {
    pub(crate) path: &'t Path,
    /// Line where it begins, from 1.
    pub(crate) line: u64,
    pub(crate) split: SplitName,
    pub(crate) dialogue: &'t JsonDialogue<'t>,
    /// What follows the utterance in each text.
    pub(crate) rests: &'t [&'t str],
}

/// The dialogues of the json files that no dialogue of the csv has claimed yet.
pub(crate) struct JsonPool {
    files: Vec<(PathBuf, SplitName, SourceFile, u64)>,
    spool: SpooledTempFile,
    n_spooled: u64,
    entries: HashMap<u64, VecDeque<Entry>>,
    hasher: RandomState,
    buffer: Vec<u8>,
}

impl JsonPool {
    pub(crate) fn read(json: &[MescJson], on_bytes: &mut OnBytes<'_>) -> Result<Self, ImportError> {
        let mut pool = Self {
            files: Vec::new(),
            spool: SpooledTempFile::new(SPOOL_BYTES),
            n_spooled: 0,
            entries: HashMap::new(),
            hasher: RandomState::new(),
            buffer: Vec::new(),
        };
        for MescJson { split, path } in json {
            let file = HashedFile::open(path, on_bytes)?;
            let mut items = JsonItems::new(path.clone(), file);
            let mut n_dialogues = 0;
            while let Some(item) = items.next_item()? {
                pool.add(&item)?;
                n_dialogues += 1;
            }
            if n_dialogues == 0 {
                return Err(ImportError::Empty {
                    path: path.clone(),
                    expected: "an array of dialogues",
                });
            }
            let source = items.into_source(Some(*split));
            pool.files.push((path.clone(), *split, source, n_dialogues));
        }
        Ok(pool)
    }

    fn add(&mut self, item: &Item<'_>) -> Result<(), ImportError> {
        let dialogue: JsonDialogue<'_> = item.parse()?;
        let roles = dialogue
            .dialog
            .iter()
            .map(|turn| role(&turn.speaker, item))
            .collect::<Result<Vec<Role>, _>>()?;
        let entry = Entry {
            offset: self.n_spooled,
            n_bytes: item.bytes.len(),
            file_idx: self.files.len(),
            line: item.line,
        };
        self.spool
            .write_all(item.bytes)
            .map_err(ImportError::io(item.path))?;
        self.n_spooled += item.bytes.len() as u64;
        let key = self.hasher.hash_one(&roles);
        self.entries.entry(key).or_default().push_back(entry);
        Ok(())
    }

    /// Takes the dialogue whose texts begin with these utterances and hands it to `then`.
    pub(crate) fn take<R>(
        &mut self,
        roles: &[Role],
        utterances: &[&str],
        then: impl FnOnce(&Taken<'_>) -> R,
    ) -> Result<Option<R>, ImportError> {
        let key = self.hasher.hash_one(roles);
        let n_candidates = self.entries.get(&key).map_or(0, VecDeque::len);
        for idx in 0..n_candidates {
            let entry = self.entries[&key][idx];
            self.load(entry)?;
            let (path, split, _, _) = &self.files[entry.file_idx];
            let item = Item {
                path,
                line: entry.line,
                bytes: &self.buffer,
            };
            let dialogue: JsonDialogue<'_> = item.parse()?;
            let rests: Option<Vec<&str>> = dialogue
                .dialog
                .iter()
                .zip(utterances)
                .map(|(turn, utterance)| after_utterance(&turn.text, utterance))
                .collect();
            let Some(rests) = rests else { continue };
            let result = then(&Taken {
                path,
                line: entry.line,
                split: *split,
                dialogue: &dialogue,
                rests: &rests,
            });
            if let Some(candidates) = self.entries.get_mut(&key) {
                candidates.remove(idx);
            }
            return Ok(Some(result));
        }
        Ok(None)
    }

    pub(crate) fn path(&self, entry: Entry) -> &PathBuf {
        &self.files[entry.file_idx].0
    }

    /// Those nobody claimed, in the order of the files.
    pub(crate) fn left_over(&self) -> Vec<Entry> {
        let mut left: Vec<Entry> = self.entries.values().flatten().copied().collect();
        left.sort_by_key(|entry| (entry.file_idx, entry.line));
        left
    }

    /// Path and number of dialogues of each file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&PathBuf, u64)> {
        self.files.iter().map(|(path, _, _, n)| (path, *n))
    }

    pub(crate) fn into_sources(self) -> impl Iterator<Item = SourceFile> {
        self.files.into_iter().map(|(_, _, source, _)| source)
    }

    fn load(&mut self, entry: Entry) -> Result<(), ImportError> {
        self.buffer.resize(entry.n_bytes, 0);
        self.spool
            .seek(SeekFrom::Start(entry.offset))
            .and_then(|_| self.spool.read_exact(&mut self.buffer))
            .map_err(ImportError::io(&self.files[entry.file_idx].0))
    }
}

fn role(speaker: &str, item: &Item<'_>) -> Result<Role, ImportError> {
    match speaker {
        "user" => Ok(Role::Seeker),
        "sys" => Ok(Role::Supporter),
        _ => Err(ImportError::UnknownSpeaker {
            path: item.path.clone(),
            line: item.line,
            found: shortened(speaker),
            expected: "user` or `sys",
        }),
    }
}

/// What follows the utterance in a fused text; nothing when the text begins otherwise.
///
/// `utterance` has single spaces; runs of space in `text` count as one.
pub(crate) fn after_utterance<'t>(text: &'t str, utterance: &str) -> Option<&'t str> {
    let mut rest = text.trim_start();
    for (n_words, word) in utterance.split(' ').enumerate() {
        if n_words > 0 {
            let trimmed = rest.trim_start();
            if trimmed.len() == rest.len() {
                return None;
            }
            rest = trimmed;
        }
        rest = rest.strip_prefix(word)?;
    }
    let ends = rest
        .chars()
        .next()
        .is_none_or(|next| next.is_whitespace() || next == ',');
    ends.then_some(rest)
}

/// A cue's text apart from the sign between utterance and cue.
pub(crate) struct CueText<'t> {
    pub(crate) text: &'t str,
    pub(crate) has_comma: bool,
}

pub(crate) fn cue_text(rest: &str) -> CueText<'_> {
    let text = rest.trim_start_matches(|letter: char| letter.is_whitespace() || letter == ',');
    CueText {
        text: text.trim_end(),
        has_comma: rest[..rest.len() - text.len()].contains(','),
    }
}

/// The two answers of a seeker's cue: `[.!?"')]` directly before `[A-Z"]`, found exactly once.
pub(crate) fn two_answers(cue: &str) -> Option<(&str, &str)> {
    let bytes = cue.as_bytes();
    let mut borders = (1..bytes.len()).filter(|idx| {
        b".!?\"')".contains(&bytes[idx - 1])
            && (bytes[*idx].is_ascii_uppercase() || bytes[*idx] == b'"')
    });
    let border = borders.next()?;
    borders.next().is_none().then(|| cue.split_at(border))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strips_an_utterance_whatever_the_space_inside() {
        let fused = "I am  fine. The speaker looks away.";
        assert_eq!(
            after_utterance(fused, "I am fine."),
            Some(" The speaker looks away.")
        );
        assert_eq!(after_utterance("I amfine. x", "I am fine."), None);
        assert_eq!(after_utterance("Not now. x", "No"), None);
        assert_eq!(after_utterance("", ""), Some(""));
    }

    #[test]
    fn separates_the_two_answers_only_where_there_is_one_border() {
        assert_eq!(
            two_answers("She smiles.The speaker is well."),
            Some(("She smiles.", "The speaker is well."))
        );
        assert_eq!(two_answers("She smiles. The speaker is well."), None);
        assert_eq!(two_answers("A.B.C"), None);
        assert_eq!(two_answers(""), None);
    }

    #[test]
    fn notices_the_comma_before_a_cue() {
        let cue = cue_text(", The speaker frowns. ");
        assert_eq!((cue.text, cue.has_comma), ("The speaker frowns.", true));
        assert!(!cue_text(" The speaker, calm, nods.").has_comma);
    }
}
