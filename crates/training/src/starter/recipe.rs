//! `recipes/starter.toml`: what the starter is trained on, how, and how it is chosen.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_nn::schedule::Decay;

use crate::TrainingError;
use crate::recipe::{Bound, Recipe, check_bounds};

/// A recipe for a starter model. Every field must be given: presets are files, not defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StarterRecipe {
    /// Name of the recipe; also that of the default run folder.
    pub name: String,
    /// Folder of the corpus, unless the command line names another.
    pub corpus: PathBuf,
    /// Seed, unless the command line names another.
    pub seed: u64,
    /// Extractor whose cues are read beside the words; left out to read words alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cues: Option<String>,
    /// The pretrained encoder.
    pub encoder: EncoderRecipe,
    /// Shape of the dialogue model.
    pub model: ModelRecipe,
    /// How it is fitted.
    pub fit: FitRecipe,
    /// Weights of the parts of the loss.
    pub loss: LossRecipe,
    /// A second corpus that teaches emotions of single utterances, if one is to.
    pub auxiliary: Option<AuxiliaryRecipe>,
}

/// Emotions of single utterances, learnt beside the dialogues.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuxiliaryRecipe {
    /// Folder of the corpus; its training split is used, its label set may be another.
    pub corpus: PathBuf,
    /// Weight of its loss.
    pub weight: f64,
    /// Utterances a step.
    pub batch_size: usize,
}

/// Where the frozen encoder comes from and what is taken of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EncoderRecipe {
    /// Folder with `model.safetensors`, `config.json` and `tokenizer.json`, as
    /// `scripts/fetch-minilm.sh` makes it.
    pub folder: PathBuf,
    /// Tokens read of an utterance.
    pub max_tokens: usize,
    /// Layers whose means over tokens describe an utterance, counted from 1.
    pub taps: Vec<usize>,
}

/// Shape of the dialogue model; see `smes_reasoning::starter::StarterConfig`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRecipe {
    /// Dialogue models that are trained beside each other and answer as one.
    pub n_members: usize,
    /// Width.
    pub hidden_size: usize,
    /// Decays of the causal means.
    pub decays: Vec<f64>,
    /// Decays of the causal means over the seeker's utterances alone; none to do without.
    pub seeker_decays: Vec<f64>,
    /// Width of the ranker's space.
    pub rank_size: usize,
    /// Dropout of utterance vectors.
    pub input_dropout: f64,
    /// Dropout of hidden units.
    pub dropout: f64,
}

/// How the model is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRecipe {
    /// Passes over the training dialogues.
    pub n_epochs: u64,
    /// Dialogues a step.
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
    /// Decay of the running average of the weights, which is what is validated and shipped.
    pub average_decay: f64,
}

/// Weights of the parts of the loss.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LossRecipe {
    /// User emotion at every seeker utterance.
    pub seeker_emotion: f64,
    /// User emotion where the supporter speaks next.
    pub user_emotion: f64,
    /// Strategy.
    pub strategy: f64,
    /// System emotion.
    pub system_emotion: f64,
    /// The true next utterance above the others of the batch.
    pub ranking: f64,
    /// Cosines are multiplied by this before the ranking loss.
    pub ranking_scale: f64,
    /// Label smoothing of the user emotion.
    pub emotion_smoothing: f64,
}

impl Recipe for StarterRecipe {
    fn check(&self, path: &Path) -> Result<(), TrainingError> {
        let (fit, model, loss) = (&self.fit, &self.model, &self.loss);
        let n_epochs = Bound(fit.n_epochs as f64, fit.n_epochs >= 1, "at least 1");
        let (aux_weight, aux_batch) = self.auxiliary.as_ref().map_or((1.0, 1), |auxiliary| {
            (auxiliary.weight, auxiliary.batch_size)
        });
        let fields = [
            ("auxiliary.weight", Bound::positive(aux_weight)),
            ("auxiliary.batch_size", Bound::at_least_1(aux_batch)),
            ("fit.batch_size", Bound::at_least_1(fit.batch_size)),
            ("fit.n_epochs", n_epochs),
            ("fit.learning_rate", Bound::positive(fit.learning_rate)),
            ("fit.weight_decay", Bound::at_least_0(fit.weight_decay)),
            (
                "fit.max_gradient_norm",
                Bound::positive(fit.max_gradient_norm),
            ),
            ("fit.average_decay", Bound::share(fit.average_decay)),
            ("model.dropout", Bound::share(model.dropout)),
            ("model.input_dropout", Bound::share(model.input_dropout)),
            ("model.n_members", Bound::at_least_1(model.n_members)),
            ("model.hidden_size", Bound::at_least_1(model.hidden_size)),
            ("model.rank_size", Bound::at_least_1(model.rank_size)),
            (
                "loss.emotion_smoothing",
                Bound::share(loss.emotion_smoothing),
            ),
            ("loss.ranking_scale", Bound::positive(loss.ranking_scale)),
        ];
        check_bounds(path, fields)
    }
}
