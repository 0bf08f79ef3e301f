//! From a face in a picture to a calibrated judgement.

use smes_dialogue::{EmotionSet, emotion_set};
use smes_nn::Params;

use super::config::VERSION;
use super::{FaceModelConfig, FaceNet};
use crate::CueError;
use crate::emotion::softmax;
use crate::face::{Grey, Square};

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
        let refuse = |reason: String| CueError::Model {
            model: source.to_owned(),
            reason,
        };
        let text = std::str::from_utf8(config).map_err(|error| refuse(error.to_string()))?;
        let config: FaceModelConfig =
            toml::from_str(text).map_err(|error| refuse(error.message().to_owned()))?;
        if config.version != VERSION {
            let found = config.version;
            return Err(refuse(format!(
                "its version is {found}, expected {VERSION}"
            )));
        }
        let expressions = emotion_set(&config.expressions)
            .ok_or_else(|| refuse(format!("unknown emotion set `{}`", config.expressions)))?;
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

    /// What it reads of a face that was found at a square.
    pub fn crop(&self, picture: &Grey, square: &Square) -> Grey {
        picture.crop(&square.grown(self.margin), self.net.side())
    }

    /// A probability for each expression of the set, in its order, for each crop.
    ///
    /// # Errors
    /// When a tensor operation fails.
    pub fn read(&self, crops: &[Grey]) -> Result<Vec<Vec<f64>>, CueError> {
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
