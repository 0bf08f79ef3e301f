//! The head model: how a head is turned.
//!
//! Photographs become the faces that the detector finds in them, as for the face model, and are split
//! alike; what is learnt are the angles that another program found in them
//! (`scripts/label-face-poses.py`). The epoch is chosen on validation; the test photographs are read
//! once, after the model is written. Two checks need no labels: what is read of a mirror image, and of
//! a photograph turned by a known angle.

mod epochs;
mod poses;
mod recipe;
mod scores;
mod trainer;

pub use epochs::HeadEpoch;
pub use poses::HeadCounts;
pub use recipe::{HeadFit, HeadRecipe};
pub use scores::{AngleScores, HeadScores, PoseGap};
pub use trainer::{TrainedHead, train_head};
