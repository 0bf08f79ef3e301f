//! The face: where it is, whether it can be judged, which expression it shows, and how that goes
//! on over time.
//!
//! Frames -> [`detect`] and [`track`] (the same face from frame to frame) -> [`quality`] (what
//! cannot be judged is not, and is counted) -> [`head`] and [`expression`] (one moment) ->
//! [`timeline`] (shares, episodes, changes, motion) and [`turning`] (the head lowered, turned aside) ->
//! [`features()`] and a [`sentence`]. Nothing here knows who the face
//! belongs to, and nothing says why it looks as it does.

pub mod cascade;
mod convolutions;
pub mod detect;
pub mod expression;
mod features;
pub mod head;
mod picture;
pub mod quality;
mod reader;
pub mod timeline;
pub mod track;
pub mod turning;
mod words;

pub use convolutions::{mirrored, standardised};
pub use features::{features, head_features};
pub use picture::{Grey, Square};
pub use quality::Flaw;
pub use reader::{FaceReader, FaceReading, Glance, Moment, Watch};
pub use words::{limits, sentence};
