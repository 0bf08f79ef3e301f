//! `recipes/smes.toml` and its kin: what a network starts from, how its sequence looks, how it is
//! fitted.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use smes_nn::generation::GenerationSettings;
use smes_nn::optim::AdamWForm;
use smes_nn::schedule::Decay;
use smes_reasoning::sequence::{CuePlace, SequenceLayout, TargetText};

use crate::TrainingError;
use crate::recipe::{Bound, Recipe, check_bounds};

/// A recipe for a sequence-to-sequence network. Every field must be given, here or in the recipe
/// that it extends: presets are files, not defaults.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seq2seqRecipe {
    /// Name of the recipe; also that of the default run folder.
    pub name: String,
    /// Folder of the corpus, unless the command line names another.
    pub corpus: PathBuf,
    /// Extractor whose cues the sequences hold; `none` for no cues.
    pub cues: String,
    /// Seed, unless the command line names another.
    pub seed: u64,
    /// What the network starts from.
    pub start: Start,
    /// How sequences are laid out.
    pub layout: SequenceLayout,
    /// How it is fitted.
    pub fit: FitRecipe,
    /// How the finished model words responses.
    pub decoding: GenerationSettings,
}

/// What the network starts from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// A published checkpoint.
    Pretrained(Pretrained),
    /// Random weights and a tokenizer learnt from the training texts.
    Scratch(Scratch),
}

/// A checkpoint in Hugging Face's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pretrained {
    /// Its folder: `config.json`, weights, tokenizer. The program puts the folder of a model that
    /// `smes models pull` got in place of its name.
    pub folder: PathBuf,
}

/// The shape of a network of the small model's kind (post-norm).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scratch {
    /// Tokens of the tokenizer at most, label tokens not counted.
    pub vocab_size: usize,
    /// `D`.
    pub width: usize,
    /// Attention heads; divides `width`.
    pub n_heads: usize,
    /// Layers of the encoder, and as many of the decoder.
    pub n_layers: usize,
    /// Width of the feed-forward part.
    pub feed_forward: usize,
    /// Dropout.
    pub dropout: f64,
}

/// How the network is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitRecipe {
    /// Passes over the training instances at most.
    pub n_epochs: u64,
    /// Ends after so many epochs without a better one; 0 for never.
    pub patience: u64,
    /// Instances a step.
    pub batch_size: usize,
    /// Instances a forward and backward pass. Gradients of the shards of a step are summed in their
    /// order, so that the result depends neither on memory nor on who computed which shard.
    pub shard_size: usize,
    /// Whose `AdamW`; torch's in runs that were made before there was a choice.
    #[serde(default)]
    pub adamw: AdamWForm,
    /// Peak learning rate of `AdamW`.
    pub learning_rate: f64,
    /// Decoupled weight decay of `AdamW`, on everything but biases.
    pub weight_decay: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the denominator.
    pub epsilon: f64,
    /// Steps of linear warm-up.
    pub n_warmup_steps: u64,
    /// What follows warm-up.
    pub decay: Decay,
    /// Longest gradient.
    pub max_gradient_norm: f64,
    /// Of matrix products.
    pub precision: Precision,
    /// What an epoch is chosen by.
    pub select_by: SelectBy,
}

/// What the numbers of matrix products are rounded to; sums, parameters and gradients are `f32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Not at all.
    F32,
    /// To 8 bits of mantissa.
    Bf16,
}

impl From<Precision> for smes_nn::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F32 => Self::F32,
            Precision::Bf16 => Self::Bf16,
        }
    }
}

/// What an epoch is chosen by, on validation, smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SelectBy {
    /// Mean negative log-probability of all tokens.
    AllTokens,
    /// Mean negative log-probability of the label tokens.
    LabelTokens,
}

impl Seq2seqRecipe {
    /// Whether sequences hold cues.
    pub fn extractor(&self) -> Option<&str> {
        (self.cues != "none").then_some(self.cues.as_str())
    }

    /// What is wrong with layout and decoding, if anything: the field, what stands there, what may.
    fn fault_of_sequence(&self) -> Option<(String, String, &'static str)> {
        let layout = &self.layout;
        if let Some((field, found, expected)) = layout.fault() {
            return Some((format!("layout.{field}"), found.to_string(), expected));
        }
        if self.extractor().is_none() {
            let expected = "what needs no cues, as `cues` is `none`";
            if layout.cue != CuePlace::Off {
                return Some(("layout.cue".to_owned(), layout.cue.to_string(), expected));
            }
            if layout.target == TargetText::WordsAndCue {
                let found = "words_and_cue".to_owned();
                return Some(("layout.target".to_owned(), found, expected));
            }
        }
        let (field, found, expected) = layout.fault_of_decoding(&self.decoding)?;
        Some((format!("decoding.{field}"), found, expected))
    }
}

impl Recipe for Seq2seqRecipe {
    fn check(&self, path: &Path) -> Result<(), TrainingError> {
        let fit = &self.fit;
        let n_epochs = Bound(fit.n_epochs as f64, fit.n_epochs >= 1, "at least 1");
        let mut fields = vec![
            ("fit.n_epochs", n_epochs),
            ("fit.batch_size", Bound::at_least_1(fit.batch_size)),
            ("fit.shard_size", Bound::at_least_1(fit.shard_size)),
            ("fit.learning_rate", Bound::positive(fit.learning_rate)),
            ("fit.weight_decay", Bound::at_least_0(fit.weight_decay)),
            ("fit.beta1", Bound::share(fit.beta1)),
            ("fit.beta2", Bound::share(fit.beta2)),
            ("fit.epsilon", Bound::positive(fit.epsilon)),
            (
                "fit.max_gradient_norm",
                Bound::positive(fit.max_gradient_norm),
            ),
        ];
        if let Start::Scratch(shape) = &self.start {
            let divides = shape.n_heads > 0 && shape.width.is_multiple_of(shape.n_heads);
            let heads = Bound(shape.n_heads as f64, divides, "a divisor of `width`");
            fields.extend([
                (
                    "start.scratch.vocab_size",
                    Bound::at_least_1(shape.vocab_size),
                ),
                ("start.scratch.width", Bound::at_least_1(shape.width)),
                ("start.scratch.n_heads", heads),
                ("start.scratch.n_layers", Bound::at_least_1(shape.n_layers)),
                (
                    "start.scratch.feed_forward",
                    Bound::at_least_1(shape.feed_forward),
                ),
                ("start.scratch.dropout", Bound::share(shape.dropout)),
            ]);
        }
        check_bounds(path, fields)?;
        let wrong = |field, found, expected| TrainingError::RecipeValue {
            path: path.to_owned(),
            field,
            found,
            expected,
        };
        if let Some((field, found, expected)) = self.fault_of_sequence() {
            return Err(wrong(field, found, expected));
        }
        Ok(())
    }
}
