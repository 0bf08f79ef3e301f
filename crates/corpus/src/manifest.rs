//! `corpus.toml`: what a corpus is and where it comes from.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use smes_dialogue::{
    Emotion, EmotionSet, Label, LabelSet, Role, SplitName, Strategy, StrategySet, emotion_set,
    strategy_set,
};

use crate::{CorpusError, IssueKind};

/// The version of the folder's layout that this program reads and writes.
pub(crate) const FORMAT: u32 = 1;
/// Name of the manifest in a corpus folder.
pub(crate) const MANIFEST: &str = "corpus.toml";

/// What a corpus is: the contents of `corpus.toml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the folder's layout.
    pub format: u32,
    /// Name, for example `mesc`.
    pub name: String,
    /// Version of the contents: the first twelve digits of their checksum.
    pub version: String,
    /// Terms of use, as far as its makers state them.
    pub licence: String,
    /// `sha256:` and the digest of `dialogues.jsonl`.
    pub checksum: String,
    /// The emotions its labels are of.
    pub emotions: LabelSetRef<Emotion>,
    /// The strategies its labels are of; absent for a corpus without supporters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategies: Option<LabelSetRef<Strategy>>,
    /// How much there is.
    pub counts: Counts,
    /// Where it comes from.
    pub provenance: Provenance,
    /// Anomalies found while importing, by kind; each is listed in `import_issues.jsonl`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub issues: BTreeMap<IssueKind, u64>,
}

/// A label set by the name of a built-in one, or written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "the name of a label set, or a table with `name` and `labels`",
    bound(serialize = "L: Serialize", deserialize = "L: Deserialize<'de>")
)]
pub enum LabelSetRef<L> {
    /// A set of `smes-dialogue`.
    BuiltIn(String),
    /// A set of the corpus's own.
    Inline(LabelSet<L>),
}

/// How much a corpus holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Dialogues.
    pub dialogues: u64,
    /// Utterances of all.
    pub utterances: u64,
    /// Utterances of seekers.
    pub seeker: u64,
    /// Utterances of supporters.
    pub supporter: u64,
    /// Utterances of participants without such a part.
    pub participant: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, utterances: &[smes_dialogue::Utterance]) {
        self.dialogues += 1;
        self.utterances += utterances.len() as u64;
        for utterance in utterances {
            *self.of_mut(utterance.role) += 1;
        }
    }

    const fn of_mut(&mut self, role: Role) -> &mut u64 {
        match role {
            Role::Seeker => &mut self.seeker,
            Role::Supporter => &mut self.supporter,
            Role::Participant => &mut self.participant,
        }
    }
}

/// Where a corpus comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The importer that made it.
    pub importer: String,
    /// Version of the program.
    pub program: String,
    /// The files it was made of.
    pub sources: Vec<SourceFile>,
}

/// A file a corpus was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// File name, without its folder.
    pub name: String,
    /// The split it was given for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitName>,
    /// Size in bytes.
    pub bytes: u64,
    /// Digest, in hexadecimal.
    pub sha256: String,
}

impl Manifest {
    pub(crate) fn load(folder: &Path) -> Result<Self, CorpusError> {
        let path = folder.join(MANIFEST);
        if !path.is_file() {
            return Err(CorpusError::NotACorpus {
                path: folder.to_owned(),
            });
        }
        let manifest: Self = load_toml(&path)?;
        if manifest.format != FORMAT {
            return Err(CorpusError::UnknownFormat {
                path,
                found: manifest.format,
                expected: FORMAT,
            });
        }
        Ok(manifest)
    }

    pub(crate) fn resolve_emotions(&self, folder: &Path) -> Result<EmotionSet, CorpusError> {
        resolve(&self.emotions, emotion_set, folder)
    }

    pub(crate) fn resolve_strategies(
        &self,
        folder: &Path,
    ) -> Result<Option<StrategySet>, CorpusError> {
        self.strategies
            .as_ref()
            .map(|set| resolve(set, strategy_set, folder))
            .transpose()
    }
}

fn resolve<L: Label>(
    set: &LabelSetRef<L>,
    built_in: impl Fn(&str) -> Option<LabelSet<L>>,
    folder: &Path,
) -> Result<LabelSet<L>, CorpusError> {
    match set {
        LabelSetRef::Inline(set) => Ok(set.clone()),
        LabelSetRef::BuiltIn(name) => built_in(name).ok_or_else(|| CorpusError::UnknownLabelSet {
            path: folder.join(MANIFEST),
            kind: L::KIND,
            name: name.clone(),
        }),
    }
}

/// A TOML file as a value, with the line of an error.
pub(crate) fn load_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, CorpusError> {
    let text = fs_err::read_to_string(path).map_err(CorpusError::io(path))?;
    toml::from_str(&text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start.min(text.len()));
        CorpusError::BrokenSettings {
            path: path.to_owned(),
            line: text.get(..start).unwrap_or_default().matches('\n').count() + 1,
            reason: error.message().to_owned(),
        }
    })
}
