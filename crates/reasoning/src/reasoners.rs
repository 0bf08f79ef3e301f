//! Reasoners by name: the one place where a name on the command line becomes a model.
//!
//! To add a reasoner, write its file and add its arm to [`open`] and its name to [`AVAILABLE`]
//! (`docs/guides/add-a-model.md`).

use std::path::Path;

use crate::controls::{AlwaysNeutral, Majority, RepeatForm, RepeatLastStrategy};
use crate::starter::StarterReasoner;
use crate::{Reasoner, ReasoningError};

/// The names that [`open`] knows, as shown in messages.
pub const AVAILABLE: &[&str] = &[
    StarterReasoner::NAME,
    "starter:DIR",
    Majority::NAME,
    AlwaysNeutral::NAME,
    RepeatLastStrategy::NAME,
    RepeatLastStrategy::ELSE_OPENING,
    RepeatLastStrategy::INSIDE_TURN,
];

/// The reasoner of that name. What follows a first `:` is the reasoner's own: a folder, an address.
///
/// # Errors
/// [`ReasoningError::UnknownReasoner`] when there is none of that name.
pub fn open(name: &str) -> Result<Box<dyn Reasoner>, ReasoningError> {
    let (kind, place) = match name.split_once(':') {
        Some((kind, place)) => (kind, Some(place)),
        None => (name, None),
    };
    match (kind, place) {
        (StarterReasoner::NAME, None) => Ok(Box::new(StarterReasoner::embedded()?)),
        (StarterReasoner::NAME, Some(dir)) => Ok(Box::new(StarterReasoner::load(Path::new(dir))?)),
        (Majority::NAME, None) => Ok(Box::new(Majority::new())),
        (AlwaysNeutral::NAME, None) => Ok(Box::new(AlwaysNeutral::new())),
        (RepeatLastStrategy::NAME, None) => Ok(Box::new(RepeatLastStrategy::new())),
        (RepeatLastStrategy::ELSE_OPENING, None) => Ok(Box::new(RepeatLastStrategy::with_form(
            RepeatForm::ElseOpening,
        ))),
        (RepeatLastStrategy::INSIDE_TURN, None) => Ok(Box::new(RepeatLastStrategy::with_form(
            RepeatForm::InsideTurn,
        ))),
        _ => Err(ReasoningError::UnknownReasoner {
            name: name.to_owned(),
            available: AVAILABLE,
        }),
    }
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
}
