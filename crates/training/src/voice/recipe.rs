//! `recipes/voice.toml`: what the voice model is trained on and how.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_nn::schedule::Decay;

use super::augment::AugmentRecipe;
use crate::TrainingError;
use crate::recipe::{Bound, Recipe, check_bounds};

/// A recipe for a voice model. Every field must be given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceRecipe {
    /// Name of the recipe; also that of the default run folder.
    pub name: String,
    /// Folder of the recordings, unless the command line names another.
    pub corpus: PathBuf,
    /// Seed, unless the command line names another.
    pub seed: u64,
    /// Shape of the networks.
    pub model: VoiceShape,
    /// How they are fitted.
    pub fit: VoiceFit,
    /// How recordings are varied in training.
    pub augment: AugmentRecipe,
}

/// Shape of the networks; see `smes_cues::emotion::VoiceModelConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceShape {
    /// How many networks vote.
    pub n_members: usize,
    /// Width of each.
    pub hidden_size: usize,
    /// Dropout of the descriptors.
    pub input_dropout: f64,
    /// Dropout of hidden units.
    pub dropout: f64,
    /// How many clips of a speaker weigh as much as what is usual among people, when their own usual
    /// voice is made out.
    pub prior_clips: f64,
}

/// How the networks are fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceFit {
    /// Passes over the windows of the training recordings and their copies.
    pub n_epochs: u64,
    /// Windows a step.
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
    /// Share of each target that is spread over all emotions.
    pub label_smoothing: f64,
}

impl Recipe for VoiceRecipe {
    fn check(&self, path: &Path) -> Result<(), TrainingError> {
        let (model, fit, augment) = (&self.model, &self.fit, &self.augment);
        let n_epochs = Bound(fit.n_epochs as f64, fit.n_epochs >= 1, "at least 1");
        let within = |number: f64, low: f64, high: f64, words| {
            Bound(number, (low..=high).contains(&number), words)
        };
        let copies = within(augment.n_copies as f64, 0.0, 1_000.0, "0 to 1000");
        let fields = [
            ("model.n_members", Bound::at_least_1(model.n_members)),
            ("model.hidden_size", Bound::at_least_1(model.hidden_size)),
            ("model.input_dropout", Bound::share(model.input_dropout)),
            ("model.dropout", Bound::share(model.dropout)),
            ("model.prior_clips", Bound::positive(model.prior_clips)),
            ("fit.n_epochs", n_epochs),
            ("fit.batch_size", Bound::at_least_1(fit.batch_size)),
            ("fit.learning_rate", Bound::positive(fit.learning_rate)),
            ("fit.weight_decay", Bound::at_least_0(fit.weight_decay)),
            (
                "fit.max_gradient_norm",
                Bound::positive(fit.max_gradient_norm),
            ),
            ("fit.label_smoothing", Bound::share(fit.label_smoothing)),
            ("augment.n_copies", copies),
            ("augment.speed", within(augment.speed, 0.0, 0.5, "0 to 0.5")),
            ("augment.tilt", within(augment.tilt, 0.0, 0.9, "0 to 0.9")),
            (
                "augment.cut_share",
                within(augment.cut_share, 0.0, 1.0, "0 to 1"),
            ),
            (
                "augment.shortest",
                within(augment.shortest, 0.1, 1.0, "0.1 to 1"),
            ),
            (
                "augment.noise_share",
                within(augment.noise_share, 0.0, 1.0, "0 to 1"),
            ),
        ];
        check_bounds(path, fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_recipe_is_read_and_a_value_out_of_range_is_named() {
        let shipped = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../recipes/voice.toml"
        ));
        let recipe = VoiceRecipe::load(shipped).unwrap();
        assert_eq!(recipe.name, "voice");
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("odd.toml");
        let odd = VoiceRecipe {
            augment: AugmentRecipe {
                speed: 0.9,
                ..recipe.augment.clone()
            },
            ..recipe
        };
        let text = format!("kind = \"voice\"\n{}", toml::to_string(&odd).unwrap());
        fs_err::write(&path, text).unwrap();
        let error = VoiceRecipe::load(&path).unwrap_err().to_string();
        assert!(error.contains("`augment.speed` is 0.9"), "{error}");
    }
}
