//! The paper's sequence `Y = [H, E, S, SE, R]`: how a history becomes a source and a turn a target.
//!
//! Everything that the ablations of Tables VI and VII switch is a field of [`SequenceLayout`],
//! once; training, validation and the live reasoner all go through [`Sequence`]. Reference:
//! `chuyq/Mi-Therapist`, `lama.py` (layout, truncation, label tokens) and `emotion_blenderbot.py`
//! (decoding).
//!
//! ```text
//! source   turn EOS turn EOS ... turn            the last `max_source` tokens
//!          a supporter's turn begins with the token of its strategy
//! target   [user emotion] [sep_emotion] [strategy] [sys_emotion] response EOS
//! ```
//!
//! Departures, each a switch that the paper's recipe sets the authors' way: whole utterances may be
//! kept instead of an exact tail, the therapist's own cue may be left out of the target, labels are
//! decoded one after the other as the paper says (the authors' code reads all three off the first
//! position: [`LabelDecoding::FirstStep`]). One departure without a switch: the text of a label
//! token that somebody types is no label.

mod decode;
mod labels;
mod layout;
mod tokens;

pub use decode::{Choice, DecodedLabels, LabelDecoding, LabelKind, decode_labels, feed_labels};
pub use labels::{ChosenLabels, KnownLabels, LabelTokens};
pub use layout::{CuePlace, LabelPrefix, PrefixStep, SequenceLayout, TargetText, Truncation};
pub use tokens::{Sequence, Target};
