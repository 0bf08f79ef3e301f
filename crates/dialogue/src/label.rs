//! Labels and the named sets they belong to.
//!
//! Label sets are data, not closed enums, so that the 7 + 10 labels of MESC, the 8 strategies of
//! ESConv and a user's own all work. A raw spelling becomes a label only through
//! [`LabelSet::parse`]; nothing maps an unknown spelling to a default.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A kind of label: [`Emotion`] or [`Strategy`].
pub trait Label: Clone + Eq + Ord + std::hash::Hash + fmt::Display + fmt::Debug {
    /// What the label is of, for messages: `emotion`, `strategy`.
    const KIND: &'static str;

    /// A label by its canonical name, without a check; use [`LabelSet::parse`] at the edge.
    fn from_name(name: &str) -> Self;

    /// The canonical name.
    fn name(&self) -> &str;
}

macro_rules! label {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl Label for $name {
            const KIND: &'static str = $kind;

            fn from_name(name: &str) -> Self {
                Self(name.into())
            }

            fn name(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }
    };
}

label!(
    /// An emotion, by its canonical name in a [`LabelSet`].
    Emotion,
    "emotion"
);
label!(
    /// A support strategy, by its canonical name in a [`LabelSet`].
    Strategy,
    "strategy"
);

/// One label of a set: its canonical name, what it means, and the raw spellings that stand for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound(serialize = "L: Serialize", deserialize = "L: Deserialize<'de>"))]
pub struct LabelSpec<L> {
    /// Canonical name, as stored.
    pub label: L,
    /// Meaning, one sentence; shown to annotators and on the page.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub definition: String,
    /// Other raw spellings of the label, compared without case.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// A named, ordered set of labels. The order gives each label its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[serde(bound(serialize = "L: Serialize", deserialize = "L: Deserialize<'de>"))]
pub struct LabelSet<L> {
    /// Name of the set, for example `mesc-7`.
    pub name: String,
    /// The labels, in index order.
    pub labels: Vec<LabelSpec<L>>,
}

/// A raw spelling that stands for no label of the set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {kind} `{raw}` (label set `{set}`)")]
pub struct UnknownLabel {
    /// `emotion` or `strategy`.
    pub kind: &'static str,
    /// What was found.
    pub raw: String,
    /// Name of the set it was looked up in.
    pub set: String,
    /// The nearest canonical name, when one is near.
    pub nearest: Option<String>,
    /// All canonical names of the set.
    pub expected: Vec<String>,
}

impl UnknownLabel {
    /// What to do about it, in one line.
    pub fn hint(&self) -> String {
        let all = self.expected.join("`, `");
        match &self.nearest {
            Some(name) => format!("did you mean `{name}`? the set has `{all}`"),
            None => format!("the set has `{all}`"),
        }
    }
}

impl<L: Label> LabelSet<L> {
    /// The label that a raw spelling stands for: a canonical name or an alias, without regard to
    /// case and surrounding space.
    ///
    /// # Errors
    /// [`UnknownLabel`], with the nearest name, when there is none.
    pub fn parse(&self, raw: &str) -> Result<L, UnknownLabel> {
        let wanted = raw.trim().to_lowercase();
        let is_match = |spec: &&LabelSpec<L>| {
            spec.label.name().to_lowercase() == wanted
                || spec
                    .aliases
                    .iter()
                    .any(|alias| alias.to_lowercase() == wanted)
        };
        self.labels
            .iter()
            .find(is_match)
            .map(|spec| spec.label.clone())
            .ok_or_else(|| UnknownLabel {
                kind: L::KIND,
                raw: raw.to_owned(),
                set: self.name.clone(),
                nearest: self.nearest(&wanted),
                expected: self.names().map(str::to_owned).collect(),
            })
    }

    /// Position of the label in the set.
    pub fn index_of(&self, label: &L) -> Option<usize> {
        self.labels.iter().position(|spec| &spec.label == label)
    }

    /// The label at a position.
    pub fn get(&self, idx: usize) -> Option<&L> {
        self.labels.get(idx).map(|spec| &spec.label)
    }

    /// Meaning of a label, when the set gives one.
    pub fn definition(&self, label: &L) -> Option<&str> {
        let spec = self.labels.iter().find(|spec| &spec.label == label)?;
        (!spec.definition.is_empty()).then_some(spec.definition.as_str())
    }

    /// Number of labels.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether the set has no label.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The labels, in index order.
    pub fn iter(&self) -> impl Iterator<Item = &L> {
        self.labels.iter().map(|spec| &spec.label)
    }

    /// The canonical names, in index order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(|spec| spec.label.name())
    }

    fn nearest(&self, wanted: &str) -> Option<String> {
        self.names()
            .map(|name| (strsim::jaro_winkler(&name.to_lowercase(), wanted), name))
            .filter(|(similarity, _)| *similarity > 0.8)
            .max_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, name)| name.to_owned())
    }
}
