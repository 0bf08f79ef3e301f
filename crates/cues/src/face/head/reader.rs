//! From a face in a picture to how the head is turned.

use smes_nn::Params;

use super::config::VERSION;
use super::{HeadModelConfig, HeadNet, HeadPose};
use crate::CueError;
use crate::face::{Grey, Square};
use crate::model_folder::read_config;

/// A head model ready to read.
#[derive(Debug, Clone)]
pub struct HeadReader {
    net: HeadNet,
    margin: f32,
    error: HeadPose,
}

impl HeadReader {
    /// A model from the bytes of its configuration and weights; `source` names them in errors.
    ///
    /// # Errors
    /// [`CueError::Model`] when they do not fit this version.
    pub fn from_parts(config: &[u8], weights: &[u8], source: &str) -> Result<Self, CueError> {
        let config: HeadModelConfig = read_config(config, VERSION, source)?;
        let params = Params::from_bytes(weights, source)?;
        let net = HeadNet::load(&params.loader(), &config)?;
        params.check_all_used()?;
        Ok(Self {
            net,
            margin: config.margin,
            error: config.error,
        })
    }

    /// What it reads of a face that was found at a square, in pixels of the picture: [`HeadNet::side`] by
    /// as many pixels.
    pub fn crop(&self, picture: &Grey, square: &Square) -> Grey {
        picture.crop(&square.grown(self.margin), self.net.side())
    }

    /// How far a reading of each angle lies off, on average over the faces of validation, in
    /// degrees.
    pub fn error(&self) -> HeadPose {
        self.error
    }

    /// How the head of each crop is turned, in degrees.
    ///
    /// # Shapes
    /// `crops`: `N`, each as [`HeadReader::crop`] gives it · returns `N` poses
    ///
    /// # Errors
    /// When a crop has another size.
    pub fn read(&self, crops: &[&Grey]) -> Result<Vec<HeadPose>, CueError> {
        if crops.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.net.poses(crops)?)
    }
}
