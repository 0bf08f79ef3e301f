//! Reasoners by name: the one place where a name on the command line becomes a model.
//!
//! To add a reasoner, write its file and add its arm to [`open`] and its name to [`AVAILABLE`]
//! (`docs/guides/add-a-model.md`).

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::blenderbot::{BlenderbotReasoner, model_folder};
use crate::controls::{AlwaysNeutral, Majority, RepeatForm, RepeatLastStrategy};
use crate::sequence::LabelDecoding;
use crate::starter::StarterReasoner;
use crate::{Reasoner, ReasoningError};

/// The names that [`open`] knows, as shown in messages.
pub const AVAILABLE: &[&str] = &[
    StarterReasoner::NAME,
    "starter:DIR",
    "blenderbot:RUN",
    Majority::NAME,
    AlwaysNeutral::NAME,
    RepeatLastStrategy::NAME,
    RepeatLastStrategy::ELSE_OPENING,
    RepeatLastStrategy::INSIDE_TURN,
];

/// How a network's weights are kept while it answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Weights {
    /// As they were trained.
    #[default]
    F32,
    /// Rounded to bf16: half the memory, nearly the same probabilities.
    Bf16,
    /// In 8 bits with a scale a row: the fastest; probabilities differ visibly.
    Int8,
}

impl FromStr for Weights {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "f32" => Ok(Self::F32),
            "bf16" => Ok(Self::Bf16),
            "int8" => Ok(Self::Int8),
            _ => Err(format!(
                "`{name}` is no way to keep weights; there are `f32`, `bf16`, `int8`"
            )),
        }
    }
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "f32",
            Self::Bf16 => "bf16",
            Self::Int8 => "int8",
        })
    }
}

/// What may be asked of a reasoner beside its name.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ReasonerOptions {
    /// How labels are decoded, by those that decode them.
    pub labels: LabelDecoding,
    /// Seed of what is drawn by chance, instead of the model's own.
    pub seed: Option<u64>,
    /// How weights are kept, by networks that can keep them in several ways.
    pub weights: Weights,
}

impl ReasonerOptions {
    /// For a reasoner that has no use for any.
    ///
    /// # Errors
    /// [`ReasoningError::NoSuchOption`] for one that is not the default.
    pub fn check_unused(self, reasoner: &str) -> Result<(), ReasoningError> {
        let no_use_for = |option| ReasoningError::NoSuchOption {
            reasoner: reasoner.to_owned(),
            option,
        };
        if self.labels != LabelDecoding::default() {
            return Err(no_use_for("labels"));
        }
        if self.seed.is_some() {
            return Err(no_use_for("seed"));
        }
        if self.weights != Weights::default() {
            return Err(no_use_for("weights"));
        }
        Ok(())
    }
}

/// Where the model of a reasoner's name lies (`starter:DIR`, `blenderbot:RUN`); `None` where the name has
/// no place, or it is an address.
pub fn model_place(name: &str) -> Option<PathBuf> {
    let (kind, place) = name.split_once(':')?;
    let place = Path::new(place);
    match kind {
        _ if name.contains("://") => None,
        BlenderbotReasoner::NAME => Some(model_folder(place)),
        _ => Some(place.to_owned()),
    }
}

/// The reasoner of that name. What follows a first `:` is the reasoner's own: a folder, an address.
///
/// # Errors
/// [`ReasoningError::UnknownReasoner`] when there is none of that name.
pub fn open(name: &str) -> Result<Box<dyn Reasoner>, ReasoningError> {
    open_with(name, ReasonerOptions::default())
}

/// As [`open`], with options.
///
/// # Errors
/// [`ReasoningError::NoSuchOption`] when the reasoner has no use for one that is not the default.
pub fn open_with(
    name: &str,
    options: ReasonerOptions,
) -> Result<Box<dyn Reasoner>, ReasoningError> {
    let (kind, place) = match name.split_once(':') {
        Some((kind, place)) => (kind, Some(place)),
        None => (name, None),
    };
    if let (BlenderbotReasoner::NAME, Some(dir)) = (kind, place) {
        return Ok(Box::new(BlenderbotReasoner::load(Path::new(dir), options)?));
    }
    let reasoner: Box<dyn Reasoner> = match (kind, place) {
        (StarterReasoner::NAME, None) => Box::new(StarterReasoner::embedded()?),
        (StarterReasoner::NAME, Some(dir)) => Box::new(StarterReasoner::load(Path::new(dir))?),
        (Majority::NAME, None) => Box::new(Majority::new()),
        (AlwaysNeutral::NAME, None) => Box::new(AlwaysNeutral::new()),
        (RepeatLastStrategy::NAME, None) => Box::new(RepeatLastStrategy::new()),
        (RepeatLastStrategy::ELSE_OPENING, None) => {
            Box::new(RepeatLastStrategy::with_form(RepeatForm::ElseOpening))
        }
        (RepeatLastStrategy::INSIDE_TURN, None) => {
            Box::new(RepeatLastStrategy::with_form(RepeatForm::InsideTurn))
        }
        _ => {
            return Err(ReasoningError::UnknownReasoner {
                name: name.to_owned(),
                available: AVAILABLE,
            });
        }
    };
    options.check_unused(name)?;
    Ok(reasoner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_on_the_list_opens() {
        for name in AVAILABLE.iter().filter(|name| !name.contains(':')) {
            let reasoner = open(name).unwrap();
            assert!(reasoner.id().starts_with(*name), "{name}");
        }
    }

    #[test]
    fn an_unknown_name_is_an_error_that_lists_the_known_ones() {
        let error = open("oracle").err().unwrap();
        assert_eq!(error.to_string(), "unknown reasoner `oracle`");
        let hint = error.hint().unwrap();
        assert!(hint.contains("`majority`"), "{hint}");
    }

    #[test]
    fn an_option_that_a_reasoner_has_no_use_for_is_an_error() {
        let options = ReasonerOptions {
            seed: Some(1),
            ..ReasonerOptions::default()
        };
        let error = open_with("majority", options).err().unwrap();
        assert_eq!(
            error.to_string(),
            "reasoner `majority` has no option `seed`"
        );
    }
}
