//! `splits.toml`: which dialogue belongs to which split. Splits are by dialogue.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use smes_dialogue::{DialogueId, SplitName};

/// Name of the file in a corpus folder.
pub(crate) const SPLITS: &str = "splits.toml";

/// The dialogue ids of each split.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitFile {
    /// How the split was made, in plain words.
    pub origin: String,
    /// For fitting.
    pub train: Vec<DialogueId>,
    /// For choosing.
    pub validation: Vec<DialogueId>,
    /// For reporting.
    pub test: Vec<DialogueId>,
}

impl SplitFile {
    /// The ids of one split.
    pub fn ids(&self, split: SplitName) -> &[DialogueId] {
        match split {
            SplitName::Train => &self.train,
            SplitName::Validation => &self.validation,
            SplitName::Test => &self.test,
        }
    }

    pub(crate) const fn ids_mut(&mut self, split: SplitName) -> &mut Vec<DialogueId> {
        match split {
            SplitName::Train => &mut self.train,
            SplitName::Validation => &mut self.validation,
            SplitName::Test => &mut self.test,
        }
    }

    /// The split of every id. An id in two splits is found by the check, here the later wins.
    pub fn by_id(&self) -> HashMap<&DialogueId, SplitName> {
        SplitName::ALL
            .into_iter()
            .flat_map(|split| self.ids(split).iter().map(move |id| (id, split)))
            .collect()
    }
}
