//! A corpus folder, read as a stream.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_dialogue::{
    Cue, Dialogue, DialogueId, EmotionSet, Split, SplitKind, SplitName, StrategySet,
};

use crate::lines::JsonLines;
use crate::manifest::load_toml;
use crate::splits::SPLITS;
use crate::{CorpusError, ImportIssue, Manifest, SplitFile};

pub(crate) const DIALOGUES: &str = "dialogues.jsonl";
pub(crate) const CUES: &str = "cues";
pub(crate) const ISSUES: &str = "import_issues.jsonl";

/// A corpus on disk. Opening it reads the manifest and the splits; dialogues stream.
#[derive(Debug, Clone)]
pub struct Corpus {
    folder: PathBuf,
    manifest: Manifest,
    emotions: EmotionSet,
    strategies: Option<StrategySet>,
    splits: SplitFile,
}

/// A cue and the utterance it belongs to: one line of a side-car file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CueRecord {
    /// The dialogue.
    pub dialogue: DialogueId,
    /// Position of the utterance in it, from 0.
    pub utterance: usize,
    /// The cue.
    pub cue: Cue,
}

/// Cues by dialogue and position of the utterance.
pub type CueMap = HashMap<(DialogueId, usize), Cue>;

impl Corpus {
    /// Opens a corpus folder.
    ///
    /// # Errors
    /// [`CorpusError`] when the folder is none, or its manifest or split file is broken.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, CorpusError> {
        let folder = folder.as_ref().to_owned();
        let manifest = Manifest::load(&folder)?;
        Ok(Self {
            emotions: manifest.resolve_emotions(&folder)?,
            strategies: manifest.resolve_strategies(&folder)?,
            splits: load_toml(&folder.join(SPLITS))?,
            manifest,
            folder,
        })
    }

    /// The folder it lies in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What it is and where it comes from.
    pub const fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The emotions its labels are of.
    pub const fn emotions(&self) -> &EmotionSet {
        &self.emotions
    }

    /// The strategies its labels are of.
    pub const fn strategies(&self) -> Option<&StrategySet> {
        self.strategies.as_ref()
    }

    /// Checksum of its dialogues as stated by the manifest; the check verifies it.
    pub fn checksum(&self) -> &str {
        &self.manifest.checksum
    }

    /// Which dialogue belongs to which split.
    pub const fn splits(&self) -> &SplitFile {
        &self.splits
    }

    /// The dialogues in corpus order, one in memory at a time.
    pub fn dialogues(&self) -> Dialogues {
        match JsonLines::open(&self.folder.join(DIALOGUES)) {
            Ok(lines) => Dialogues(Ok(lines)),
            Err(error) => Dialogues(Err(Some(error))),
        }
    }

    /// The dialogues of one split, in corpus order.
    ///
    /// # Errors
    /// [`CorpusError`] at the first dialogue that cannot be read.
    pub fn split<K: SplitKind>(&self) -> Result<Split<K>, CorpusError> {
        Ok(Split::new(self.dialogues_of(K::NAME)?))
    }

    /// The extractors whose cues the corpus has, in alphabetical order.
    ///
    /// # Errors
    /// [`CorpusError::Io`] when the folder of cues cannot be listed.
    pub fn extractors(&self) -> Result<Vec<String>, CorpusError> {
        let folder = self.folder.join(CUES);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut names = Vec::new();
        for entry in fs_err::read_dir(&folder).map_err(CorpusError::io(&folder))? {
            let path = entry.map_err(CorpusError::io(&folder))?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
                && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            {
                names.push(stem.to_owned());
            }
        }
        names.sort();
        Ok(names)
    }

    /// The cues of one extractor, in the order of its file.
    ///
    /// # Errors
    /// [`CorpusError::NoCues`] when there are none of it.
    pub fn cues(&self, extractor: &str) -> Result<Cues, CorpusError> {
        if !self.extractors()?.iter().any(|name| name == extractor) {
            return Err(CorpusError::NoCues {
                path: self.folder.clone(),
                extractor: extractor.to_owned(),
                available: self.extractors()?,
            });
        }
        let path = self.folder.join(CUES).join(format!("{extractor}.jsonl"));
        Ok(Cues(JsonLines::open(&path)?))
    }

    /// Cues of an extractor for some dialogues, by dialogue and utterance.
    ///
    /// # Errors
    /// As for [`Corpus::cues`], and when a line is not a cue.
    pub fn cues_of(
        &self,
        extractor: &str,
        wanted: &HashSet<&DialogueId>,
    ) -> Result<CueMap, CorpusError> {
        let mut cues = CueMap::new();
        for record in self.cues(extractor)? {
            let record = record?;
            if wanted.contains(&record.dialogue) {
                cues.insert((record.dialogue, record.utterance), record.cue);
            }
        }
        Ok(cues)
    }

    /// What the importer found odd, in the order of the sources; nothing when it kept no list.
    ///
    /// # Errors
    /// [`CorpusError::Io`] when the list cannot be opened.
    pub fn issues(&self) -> Result<Issues, CorpusError> {
        let path = self.folder.join(ISSUES);
        let lines = path.is_file().then(|| JsonLines::open(&path)).transpose()?;
        Ok(Issues(lines))
    }

    fn dialogues_of(&self, split: SplitName) -> Result<Vec<Dialogue>, CorpusError> {
        let wanted: HashSet<&DialogueId> = self.splits.ids(split).iter().collect();
        self.dialogues()
            .filter(|dialogue| match dialogue {
                Ok(dialogue) => wanted.contains(&dialogue.id),
                Err(_) => true,
            })
            .collect()
    }
}

/// The dialogues of a corpus; ends after the first error.
#[derive(Debug)]
pub struct Dialogues(Result<JsonLines, Option<CorpusError>>);

impl Dialogues {
    /// Line of the latest dialogue in `dialogues.jsonl`, from 1.
    pub fn line(&self) -> u64 {
        self.0.as_ref().map_or(0, JsonLines::line)
    }
}

impl Iterator for Dialogues {
    type Item = Result<Dialogue, CorpusError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = match &mut self.0 {
            Ok(lines) => lines.next_value().transpose()?,
            Err(error) => Err(error.take()?),
        };
        if item.is_err() {
            self.0 = Err(None);
        }
        Some(item)
    }
}

/// The cues of one extractor.
#[derive(Debug)]
pub struct Cues(JsonLines);

impl Cues {
    /// Line of the latest cue in its file, from 1.
    pub const fn line(&self) -> u64 {
        self.0.line()
    }
}

impl Cues {
    /// Number of cues left, without reading what is in them.
    ///
    /// # Errors
    /// [`CorpusError::Io`] when the file cannot be read.
    pub fn n_lines(mut self) -> Result<u64, CorpusError> {
        let mut n_lines = 0;
        while !self.0.next_bytes()?.is_empty() {
            n_lines += 1;
        }
        Ok(n_lines)
    }
}

impl Iterator for Cues {
    type Item = Result<CueRecord, CorpusError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_value().transpose()
    }
}

/// The issues of an import.
#[derive(Debug)]
pub struct Issues(Option<JsonLines>);

impl Iterator for Issues {
    type Item = Result<ImportIssue, CorpusError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next_value().transpose()
    }
}
