//! Which expression a face shows, of one moment.
//!
//! A small convolutional network ([`FaceNet`]) reads the face; its probabilities are calibrated by
//! a temperature. The model that ships with the program is `models/face`; its card says what it
//! was trained on and what it cannot do.

mod config;
mod embedded;
mod network;
mod reader;

pub use config::{FaceModelConfig, VERSION};
pub use network::FaceNet;
pub use reader::ExpressionReader;
