//! The face model: which expression a face shows.
//!
//! Photographs become the faces that the detector finds in them; a small convolutional network
//! learns from varied copies. The photographs are split by person. The epoch and the temperature
//! are chosen on validation; the test photographs are read once, after the model is written.

mod augment;
mod epochs;
pub(crate) mod gallery;
mod photos;
mod recipe;
mod scores;
mod split;
mod trainer;

pub use augment::FaceAugment;
pub(crate) use augment::Wide;
pub use epochs::FaceEpoch;
pub use recipe::{FaceFit, FaceRecipe, FaceShape};
pub use scores::{ClassScores, FaceScores};
pub use trainer::{TrainedFace, train_face};
