//! Splits as types, so that test data cannot choose a model.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Dialogue;

/// A split by name. Splits are by dialogue, never by utterance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitName {
    /// For fitting.
    Train,
    /// For choosing.
    Validation,
    /// For reporting.
    Test,
}

impl SplitName {
    /// All three, in order.
    pub const ALL: [Self; 3] = [Self::Train, Self::Validation, Self::Test];

    /// The name as stored and printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Train => "train",
            Self::Validation => "validation",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for SplitName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SplitName {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        match raw {
            "train" => Ok(Self::Train),
            "validation" | "val" | "dev" | "valid" => Ok(Self::Validation),
            "test" => Ok(Self::Test),
            _ => Err(format!(
                "unknown split `{raw}`, expected `train`, `validation` or `test`"
            )),
        }
    }
}

/// Marks which split a [`Split`] holds.
pub trait SplitKind: sealed::Sealed {
    /// The split's name.
    const NAME: SplitName;
}

/// Marker of the train split.
#[derive(Debug, Clone, Copy)]
pub enum Train {}
/// Marker of the validation split.
#[derive(Debug, Clone, Copy)]
pub enum Validation {}
/// Marker of the test split.
#[derive(Debug, Clone, Copy)]
pub enum Test {}

impl SplitKind for Train {
    const NAME: SplitName = SplitName::Train;
}
impl SplitKind for Validation {
    const NAME: SplitName = SplitName::Validation;
}
impl SplitKind for Test {
    const NAME: SplitName = SplitName::Test;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Train {}
    impl Sealed for super::Validation {}
    impl Sealed for super::Test {}
}

/// The dialogues of one split. A function that selects a checkpoint takes `&Split<Validation>`
/// and cannot be handed the test split.
#[derive(Debug, Clone)]
pub struct Split<K: SplitKind> {
    dialogues: Vec<Dialogue>,
    kind: PhantomData<K>,
}

impl<K: SplitKind> Split<K> {
    /// The split from its dialogues; only the corpus's own split file should decide which.
    pub const fn new(dialogues: Vec<Dialogue>) -> Self {
        Self {
            dialogues,
            kind: PhantomData,
        }
    }

    /// Its name.
    pub const fn name(&self) -> SplitName {
        K::NAME
    }

    /// Its dialogues, in corpus order.
    pub fn dialogues(&self) -> &[Dialogue] {
        &self.dialogues
    }
}
