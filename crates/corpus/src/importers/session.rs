//! One import: the writer, the ids seen so far, and the splits.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash, RandomState};
use std::path::Path;

use smes_dialogue::{Dialogue, DialogueId, Role, SplitName};

use crate::importers::ImportError;
use crate::importers::texts::Notes;
use crate::writer::{CorpusWriter, Description};
use crate::{
    CueRecord, ImportIssue, IssueKind, LabelSetRef, Manifest, Provenance, SourceFile, SplitFile,
};

/// What an import made.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The manifest of the new corpus; it has the counts and the issues by kind.
    pub manifest: Manifest,
    /// Dialogues of train, validation and test.
    pub n_by_split: [usize; 3],
    /// How the split was made, in plain words.
    pub split_origin: String,
}

/// Names and terms of an importer's corpus.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) name: &'static str,
    pub(crate) licence: &'static str,
    pub(crate) emotions: &'static str,
    pub(crate) strategies: Option<&'static str>,
}

/// An import under way.
pub(crate) struct Session {
    writer: CorpusWriter,
    hasher: RandomState,
    /// Hashes of the ids: an id takes 8 bytes here however long it is.
    seen: HashSet<u64>,
}

impl Session {
    pub(crate) fn begin(target: &Path) -> Result<Self, ImportError> {
        Ok(Self {
            writer: CorpusWriter::create(target)?,
            hasher: RandomState::new(),
            seen: HashSet::new(),
        })
    }

    /// Refuses an id that was there before.
    pub(crate) fn claim(
        &mut self,
        id: impl Hash + std::fmt::Display,
        path: &Path,
        line: u64,
    ) -> Result<(), ImportError> {
        if self.seen.insert(self.hasher.hash_one(&id)) {
            return Ok(());
        }
        Err(ImportError::DuplicateDialogue {
            path: path.to_owned(),
            line,
            dialogue: id.to_string(),
        })
    }

    /// Writes a dialogue and its issues.
    pub(crate) fn write(&mut self, dialogue: &Dialogue, notes: &Notes) -> Result<(), ImportError> {
        for issue in &notes.issues {
            self.writer.write_issue(issue)?;
        }
        Ok(self.writer.write_dialogue(dialogue)?)
    }

    pub(crate) fn write_cue(&mut self, record: &CueRecord) -> Result<(), ImportError> {
        Ok(self.writer.write_cue(record)?)
    }

    pub(crate) fn write_issue(&mut self, issue: &ImportIssue) -> Result<(), ImportError> {
        Ok(self.writer.write_issue(issue)?)
    }

    /// Puts the corpus in its place.
    pub(crate) fn finish(
        self,
        about: About,
        sources: Vec<SourceFile>,
        splits: &SplitFile,
    ) -> Result<Imported, ImportError> {
        let description = Description {
            name: about.name.to_owned(),
            licence: about.licence.to_owned(),
            emotions: LabelSetRef::BuiltIn(about.emotions.to_owned()),
            strategies: about
                .strategies
                .map(|name| LabelSetRef::BuiltIn(name.to_owned())),
            provenance: Provenance {
                importer: about.name.to_owned(),
                program: env!("CARGO_PKG_VERSION").to_owned(),
                sources,
            },
        };
        let manifest = self.writer.finish(&description, splits)?;
        Ok(Imported {
            manifest,
            n_by_split: SplitName::ALL.map(|split| splits.ids(split).len()),
            split_origin: splits.origin.clone(),
        })
    }
}

/// Notes a dialogue of seekers and supporters that lacks one of them.
pub(crate) fn note_missing_roles(dialogue: &Dialogue, line: u64, notes: &mut Notes) {
    for (role, kind) in [
        (Role::Seeker, IssueKind::NoSeeker),
        (Role::Supporter, IssueKind::NoSupporter),
    ] {
        if !dialogue
            .utterances
            .iter()
            .any(|utterance| utterance.role == role)
        {
            notes.dialogue(kind, line, "");
        }
    }
}

/// Puts ids with their split into a split file.
pub(crate) fn split_file(
    origin: impl Into<String>,
    ids: impl IntoIterator<Item = (DialogueId, SplitName)>,
) -> SplitFile {
    let mut splits = SplitFile {
        origin: origin.into(),
        ..SplitFile::default()
    };
    for (id, split) in ids {
        splits.ids_mut(split).push(id);
    }
    splits
}
