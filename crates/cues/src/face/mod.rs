//! The face: where it is, whether it can be judged, which expression it shows, and how that goes
//! on over time.
//!
//! Frames -> [`detect`] and [`track`] (the same face from frame to frame) -> [`quality`] (what
//! cannot be judged is not, and is counted) -> [`expression`] (one moment) -> [`timeline`] (shares,
//! episodes, changes, motion) -> [`features`] and a [`sentence`]. Nothing here knows who the face
//! belongs to, and nothing says why it looks as it does.

pub mod cascade;
pub mod detect;
pub mod expression;
mod features;
mod picture;
pub mod quality;
mod reader;
pub mod timeline;
pub mod track;
mod words;

pub use features::features;
pub use picture::{Grey, Square};
pub use quality::Flaw;
pub use reader::{FaceReader, FaceReading, Glance, Moment, Watch};
pub use words::{limits, sentence};
