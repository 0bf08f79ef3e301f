//! The face: where it is, the same from frame to frame, and whether it can be judged.
//!
//! Frames -> [`detect`] and [`track`] (the same face from frame to frame) -> [`quality`] (what
//! cannot be judged is not). Nothing here knows who the face belongs to. No cue uses it yet.

pub mod cascade;
pub mod detect;
mod picture;
pub mod quality;
pub mod track;

pub use picture::{Grey, Square};
