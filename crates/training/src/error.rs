//! What can go wrong between a recipe and a trained model.

use std::path::PathBuf;

use smes_corpus::CorpusError;
use smes_dialogue::SplitName;
use smes_nn::NnError;
use smes_reasoning::ReasoningError;

/// An error of training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A file could not be read or written.
    #[error("{source}")]
    File {
        /// The failed operation; `fs_err` puts the path into its message.
        #[from]
        source: std::io::Error,
    },
    /// A recipe that cannot be read.
    #[error("recipe `{path}`: {source}")]
    RecipeSyntax {
        /// The recipe.
        path: PathBuf,
        /// Line, column and what was expected there.
        source: Box<toml::de::Error>,
    },
    /// A recipe that takes over from others in a way that has no end or no meaning.
    #[error("recipe `{path}`: {reason}")]
    RecipeExtends {
        /// The recipe.
        path: PathBuf,
        /// What is wrong.
        reason: &'static str,
    },
    /// A recipe with a value outside its range.
    #[error("recipe `{path}`: `{field}` is {found}, expected {expected}")]
    RecipeValue {
        /// The recipe.
        path: PathBuf,
        /// Dotted name of the field.
        field: String,
        /// What stands there.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// The run folder holds a run already.
    #[error("`{path}` holds a run already")]
    RunExists {
        /// The folder.
        path: PathBuf,
    },
    /// Another process works on the run.
    #[error("another process is at work on `{path}`")]
    RunLocked {
        /// The folder.
        path: PathBuf,
    },
    /// A run folder that cannot be resumed.
    #[error("`{path}` cannot be resumed: {reason}")]
    NotResumable {
        /// The folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A split without anything to learn from.
    #[error("split `{split}` of `{corpus}` has no supporter utterance after another utterance")]
    EmptySplit {
        /// The corpus.
        corpus: String,
        /// The split.
        split: SplitName,
    },
    /// A split without cues where the recipe wants them.
    #[error("split `{split}` of `{corpus}` has no cues of `{extractor}`")]
    NoCues {
        /// The corpus.
        corpus: String,
        /// The split.
        split: SplitName,
        /// The extractor.
        extractor: String,
    },
    /// A corpus whose supporters have no strategies.
    #[error("corpus `{corpus}` has no strategies")]
    NoStrategies {
        /// The corpus.
        corpus: String,
    },
    /// The pretrained network is not there.
    #[error("no pretrained network in `{folder}`")]
    NoPretrained {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// Network and tokenizer of a pretrained folder belong to different models.
    #[error(
        "the network in `{}` has {n_model} tokens and its tokenizer {n_tokenizer}",
        folder.display()
    )]
    OtherVocabulary {
        /// The folder.
        folder: PathBuf,
        /// Rows of the network's embedding.
        n_model: usize,
        /// Tokens of the tokenizer.
        n_tokenizer: usize,
    },
    /// A recipe wants longer sequences than the network has positions for.
    #[error("`{field}` is {wanted}, but the network has {n_positions} positions")]
    TooLong {
        /// Dotted name of the field.
        field: &'static str,
        /// What stands there.
        wanted: usize,
        /// The network's bound.
        n_positions: usize,
    },
    /// An auxiliary corpus without anything to learn from.
    #[error("the training split of `{corpus}` has no emotions")]
    NoEmotions {
        /// The corpus.
        corpus: String,
    },
    /// The pretrained encoder is not there.
    #[error("no encoder in `{folder}`")]
    NoEncoder {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A supporter utterance without a strategy, or an utterance without an emotion.
    #[error("dialogue `{dialogue}`, utterance {utterance_idx}: no {missing} label")]
    Unlabelled {
        /// The dialogue.
        dialogue: String,
        /// The utterance.
        utterance_idx: usize,
        /// `emotion` or `strategy`.
        missing: &'static str,
    },
    /// A recording whose name does not say who speaks and how.
    #[error("`{path}`: the file name does not tell speaker and emotion as EmoDB's do")]
    RecordingName {
        /// The recording.
        path: PathBuf,
    },
    /// Too few recordings to leave a speaker out.
    #[error(
        "`{folder}` holds {n_recordings} recordings of {n_speakers} speakers, expected every emotion and at least 3 speakers"
    )]
    FewRecordings {
        /// The folder.
        folder: PathBuf,
        /// Recordings found.
        n_recordings: usize,
        /// Speakers found.
        n_speakers: usize,
    },
    /// A recording could not be decoded.
    #[error(transparent)]
    Media(#[from] smes_media::MediaError),
    /// A line of `labels.csv` that is not `image,emotion`.
    #[error("`{path}`, line {line}: expected the name of a photograph, a comma and a label")]
    PhotoLabel {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// Too few faces to learn from and to judge by.
    #[error(
        "`{folder}`: {n_faces} faces were found, expected every expression in train, validation and test"
    )]
    FewPhotos {
        /// The folder.
        folder: PathBuf,
        /// Faces found.
        n_faces: usize,
    },
    /// A line of `poses.csv` that is not `image,yaw,pitch,roll`.
    #[error("`{path}`, line {line}: expected the name of a photograph and three angles in degrees")]
    PoseLabel {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
    },
    /// Too few faces to learn from and to judge by.
    #[error("`{folder}`: {n_faces} faces were found, expected some in train, validation and test")]
    FewPoses {
        /// The folder.
        folder: PathBuf,
        /// Faces found.
        n_faces: usize,
    },
    /// A face could not be looked for or read.
    #[error(transparent)]
    Cue(Box<smes_cues::CueError>),
    /// The loss is no number any more.
    #[error("the loss became {loss} at step {step}")]
    Diverged {
        /// The loss: of a batch, or of validation after an epoch.
        loss: f64,
        /// Optimiser steps that were taken before it was computed: 0 at the first batch of a run.
        step: u64,
    },
    /// A run diverged after epochs that went well; the model of the best of them was kept.
    #[error("{cause}; the best model before that, of epoch {epoch}, is in `{model}`")]
    DivergedLater {
        /// How it diverged.
        cause: Box<TrainingError>,
        /// The epoch that was kept, from 1.
        epoch: u64,
        /// The folder of its model.
        model: PathBuf,
    },
    /// The corpus cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A tensor operation or a checkpoint failed.
    #[error(transparent)]
    Nn(#[from] NnError),
    /// The model could not be built.
    #[error(transparent)]
    Reasoning(Box<ReasoningError>),
    /// A curve could not be drawn.
    #[error(transparent)]
    Plot(#[from] smes_plots::PlotError),
}

impl From<smes_cues::CueError> for TrainingError {
    fn from(error: smes_cues::CueError) -> Self {
        Self::Cue(Box::new(error))
    }
}

impl From<ReasoningError> for TrainingError {
    fn from(error: ReasoningError) -> Self {
        Self::Reasoning(Box::new(error))
    }
}

impl TrainingError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::RecipeSyntax { .. } | Self::RecipeValue { .. } => {
                Some("recipes/starter.toml and recipes/smes.toml document every field".to_owned())
            }
            Self::RunExists { path } => Some(format!(
                "go on with it by `smes train RECIPE --out {} --resume`, or choose another --out",
                path.display()
            )),
            Self::RunLocked { .. } => {
                Some("wait until it has ended, or choose another --out".to_owned())
            }
            Self::NotResumable { .. } => Some("start a new run with another --out".to_owned()),
            Self::EmptySplit { .. } | Self::Unlabelled { .. } => {
                Some("`smes corpus check DIR` lists what a corpus lacks".to_owned())
            }
            Self::NoCues { .. } => Some(
                "for MESC, cues are published for validation and test only; make some with `smes cues`, or train \
                 on words alone: `cues = \"none\"`, and for a sequence `cue = \"off\"` and `target = \
                 \"words\"` in its [layout]"
                    .to_owned(),
            ),
            Self::NoEmotions { .. } => Some(
                "name a corpus such as MELD in the recipe's [auxiliary], or leave the section out"
                    .to_owned(),
            ),
            Self::File { source } if source.kind() == std::io::ErrorKind::NotFound => {
                Some("is the path right?".to_owned())
            }
            Self::NoStrategies { .. } => {
                Some("train on a corpus such as MESC or ESConv".to_owned())
            }
            Self::NoPretrained { .. } => Some(
                "train the run it belongs to first; the paper's checkpoint comes by `smes models \
                 pull facebook/blenderbot_small-90M`"
                    .to_owned(),
            ),
            Self::OtherVocabulary { .. } => {
                Some("take all files of the folder from the same model".to_owned())
            }
            Self::TooLong { .. } => Some(
                "lower it in the recipe, or start from a network with more positions".to_owned(),
            ),
            Self::Reasoning(error) => error.hint(),
            Self::Corpus(error) => error.hint(),
            Self::Nn(error) => error.hint(),
            Self::Media(error) => error.hint(),
            Self::Cue(error) => error.hint(),
            _ => self.hint_of_material(),
        }
    }

    /// What to do about what is learnt from, or how it went.
    fn hint_of_material(&self) -> Option<String> {
        match self {
            Self::NoEncoder { .. } => Some("scripts/fetch-minilm.sh gets it".to_owned()),
            Self::RecordingName { .. } | Self::FewRecordings { .. } => Some(
                "name the folder `wav` of EmoDB, for example --corpus DATA/emodb/wav".to_owned(),
            ),
            Self::Diverged { .. } | Self::DivergedLater { .. } => {
                Some("lower the learning rate in the recipe".to_owned())
            }
            Self::PhotoLabel { .. } | Self::FewPhotos { .. } => Some(
                "name a folder with `labels.csv` and `images/`, for example --corpus DATA/faces"
                    .to_owned(),
            ),
            Self::PoseLabel { .. } | Self::FewPoses { .. } => Some(
                "name a folder that `scripts/label-face-poses.py` wrote, for example --corpus poses"
                    .to_owned(),
            ),
            _ => None,
        }
    }

    /// Whether the numbers of the network, and not its surroundings, are at fault.
    pub fn is_divergence(&self) -> bool {
        matches!(
            self,
            Self::Diverged { .. }
                | Self::DivergedLater { .. }
                | Self::Nn(NnError::NonFiniteGradient { .. })
        )
    }
}
