//! From a face in a picture to a calibrated judgement.

use smes_dialogue::EmotionSet;
use smes_nn::Params;

use super::config::VERSION;
use super::{FaceModelConfig, FaceNet};
use crate::CueError;
use crate::emotion::softmax;
use crate::face::{Grey, Square};
use crate::model_folder::{read_config, read_set};

/// An expression model ready to read.
#[derive(Debug, Clone)]
pub struct ExpressionReader {
    net: FaceNet,
    expressions: EmotionSet,
    margin: f32,
    temperature: f64,
}

impl ExpressionReader {
    /// A model from the bytes of its configuration and weights; `source` names them in errors.
    ///
    /// # Errors
    /// [`CueError::Model`] when they do not fit this version.
    pub fn from_parts(config: &[u8], weights: &[u8], source: &str) -> Result<Self, CueError> {
        let config: FaceModelConfig = read_config(config, VERSION, source)?;
        let expressions = read_set(&config.expressions, source)?;
        let params = Params::from_bytes(weights, source)?;
        let net = FaceNet::load(&params.loader(), &config, expressions.len())?;
        params.check_all_used()?;
        Ok(Self::new(net, &config, expressions))
    }

    /// A network that was just trained.
    pub fn new(net: FaceNet, config: &FaceModelConfig, expressions: EmotionSet) -> Self {
        Self {
            net,
            expressions,
            margin: config.margin,
            temperature: config.temperature,
        }
    }

    /// The expressions it tells apart.
    pub fn expressions(&self) -> &EmotionSet {
        &self.expressions
    }

    /// What it reads of a face that was found at a square, in pixels of the picture: [`FaceNet::side`] by
    /// as many pixels.
    pub fn crop(&self, picture: &Grey, square: &Square) -> Grey {
        picture.crop(&square.grown(self.margin), self.net.side())
    }

    /// A calibrated probability for each expression of the set, in its order, for each crop.
    ///
    /// # Shapes
    /// `crops`: `N`, each as [`ExpressionReader::crop`] gives it · returns `N` rows of `E` that sum to 1
    ///
    /// # Errors
    /// When a crop has another size.
    pub fn read(&self, crops: &[&Grey]) -> Result<Vec<Vec<f64>>, CueError> {
        if crops.is_empty() {
            return Ok(Vec::new());
        }
        let rows = self.net.logits(crops)?;
        Ok(rows
            .iter()
            .map(|row| softmax(row, self.temperature))
            .collect())
    }
}
