//! `recipes/face.toml`: what the face model is trained on and how.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_nn::schedule::Decay;

use super::augment::FaceAugment;
use crate::recipe::{Bound, check_bounds};
use crate::{Recipe, TrainingError};

/// A recipe for a face model. Every field must be given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceRecipe {
    /// Name of the recipe; also that of the default run folder.
    pub name: String,
    /// Folder with `labels.csv` and `images/`, unless the command line names another.
    pub corpus: PathBuf,
    /// Seed, unless the command line names another.
    pub seed: u64,
    /// Shape of the network.
    pub model: FaceShape,
    /// How it is fitted.
    pub fit: FaceFit,
    /// How faces are varied in training.
    pub augment: FaceAugment,
}

/// Shape of a network that reads faces; see `smes_cues::face::expression::FaceModelConfig` and
/// `smes_cues::face::head::HeadModelConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceShape {
    /// Side of the face that is read, in pixels.
    pub side: usize,
    /// The face that is read, in sides of the detector's square.
    pub margin: f32,
    /// Width and stride of each convolution.
    pub layers: Vec<(usize, usize)>,
    /// Dropout before the last map.
    pub dropout: f64,
}

/// How the network is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaceFit {
    /// Passes over the training faces, each time varied anew.
    pub n_epochs: u64,
    /// Faces a step.
    pub batch_size: usize,
    /// Peak learning rate of `AdamW`.
    pub learning_rate: f64,
    /// Decoupled weight decay of `AdamW`.
    pub weight_decay: f64,
    /// Steps of linear warm-up.
    pub n_warmup_steps: u64,
    /// What follows warm-up.
    pub decay: Decay,
    /// Longest gradient.
    pub max_gradient_norm: f64,
    /// Share of each target that is spread over all expressions.
    pub label_smoothing: f64,
    /// Decay of the running mean of the weights, which is what is validated and shipped.
    pub average_decay: f64,
    /// An expression weighs as the inverse of its frequency to this power.
    pub class_power: f64,
}

impl FaceShape {
    /// What its fields may be, for messages about a recipe.
    pub(crate) fn bounds(&self) -> [(&'static str, Bound); 5] {
        let is_side = (16..=256).contains(&self.side);
        let layers = self.layers.iter();
        let least = layers.clone().map(|(width, stride)| *width.min(stride));
        let stride = layers.map(|(_, stride)| *stride).max().unwrap_or(0) as f64;
        let strides = Bound(stride, stride <= 3.0, "strides of at most 3");
        [
            ("model.side", Bound(self.side as f64, is_side, "16 to 256")),
            ("model.margin", Bound::positive(f64::from(self.margin))),
            ("model.layers", Bound::at_least_1(least.min().unwrap_or(0))),
            ("model.layers", strides),
            ("model.dropout", Bound::share(self.dropout)),
        ]
    }
}

impl Recipe for FaceRecipe {
    fn check(&self, path: &Path) -> Result<(), TrainingError> {
        let fit = &self.fit;
        check_bounds(path, self.model.bounds())?;
        check_bounds(
            path,
            [
                (
                    "fit.n_epochs",
                    Bound(fit.n_epochs as f64, fit.n_epochs >= 1, "at least 1"),
                ),
                ("fit.batch_size", Bound::at_least_1(fit.batch_size)),
                ("fit.learning_rate", Bound::positive(fit.learning_rate)),
                ("fit.weight_decay", Bound::at_least_0(fit.weight_decay)),
                (
                    "fit.max_gradient_norm",
                    Bound::positive(fit.max_gradient_norm),
                ),
                ("fit.label_smoothing", Bound::share(fit.label_smoothing)),
                ("fit.average_decay", Bound::share(fit.average_decay)),
                ("fit.class_power", Bound::at_least_0(fit.class_power)),
            ],
        )?;
        check_bounds(path, self.augment.bounds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_recipe_is_read_and_a_value_out_of_range_is_named() {
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../recipes/face.toml");
        let recipe = FaceRecipe::load(Path::new(shipped)).unwrap();
        assert_eq!(recipe.name, "face");
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("odd.toml");
        let mut odd = recipe;
        odd.augment.shift = 1.5;
        let text = format!("kind = \"face\"\n{}", toml::to_string(&odd).unwrap());
        fs_err::write(&path, text).unwrap();
        let error = FaceRecipe::load(&path).unwrap_err().to_string();
        assert!(error.contains("`augment.shift` is 1.5"), "{error}");
    }
}
