//! The vocabulary of the project: what a dialogue, an utterance, a cue, a label and a plan are.
//!
//! Every stage of the flow (`corpus -> cues -> reasoning -> response -> evaluation`) speaks in
//! these types. On purpose there is no I/O here, no tensor and no async: `cargo xtask tidy` checks it.
//!
//! Words a person said live in [`Private`], whose `Debug` shows nothing, so that they cannot reach
//! a log or an error message by accident.

mod context;
mod cue;
mod label;
mod label_sets;
mod percent;
mod plan;
mod private;
mod split;
mod time;
mod utterance;

pub use context::{ContextUtterance, DialogueContext};
pub use cue::{Cue, Extractor, Feature, Modality};
pub use label::{Emotion, Label, LabelSet, LabelSpec, Strategy, UnknownLabel};
pub use label_sets::{
    EmotionSet, StrategySet, emodb_emotions, emotion_set, esconv_emotions, esconv_strategies,
    face_expressions, meld_emotions, mesc_emotions, mesc_strategies, strategy_set,
};
pub use percent::percent;
pub use plan::{Distribution, Plan, Reply};
pub use private::Private;
pub use split::{Split, SplitKind, SplitName, Test, Train, Validation};
pub use time::{InvalidSpan, TimeSpan};
pub use utterance::{Dialogue, DialogueId, Episode, Role, Scenario, Turn, UnknownRole, Utterance};
