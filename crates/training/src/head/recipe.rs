//! `recipes/head.toml`: what the head model is trained on and how.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_nn::schedule::Decay;

use crate::face::{FaceAugment, FaceShape};
use crate::recipe::{Bound, check_bounds};
use crate::{Recipe, TrainingError};

/// A recipe for a head model. Every field must be given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadRecipe {
    /// Name of the recipe; also that of the default run folder.
    pub name: String,
    /// Folder with `poses.csv` and `images/`, unless the command line names another.
    pub corpus: PathBuf,
    /// Seed, unless the command line names another.
    pub seed: u64,
    /// Shape of the network.
    pub model: FaceShape,
    /// How it is fitted.
    pub fit: HeadFit,
    /// How faces are varied in training.
    pub augment: FaceAugment,
}

/// How the network is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadFit {
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
    /// Decay of the running mean of the weights, which is what is validated and shipped.
    pub average_decay: f64,
}

impl Recipe for HeadRecipe {
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
                ("fit.average_decay", Bound::share(fit.average_decay)),
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
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../recipes/head.toml");
        let recipe = HeadRecipe::load(Path::new(shipped)).unwrap();
        assert_eq!(recipe.name, "head");
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("odd.toml");
        let mut odd = recipe;
        odd.augment.scale = 1.5;
        let text = format!("kind = \"head\"\n{}", toml::to_string(&odd).unwrap());
        fs_err::write(&path, text).unwrap();
        let error = HeadRecipe::load(&path).unwrap_err().to_string();
        assert!(error.contains("`augment.scale` is 1.5"), "{error}");
    }
}
