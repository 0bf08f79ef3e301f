//! What a training run promises.

#![allow(clippy::unwrap_used, reason = "test support fails loudly")]

use std::path::Path;

use smes_corpus::Corpus;
use smes_dialogue::{ContextUtterance, Cue, DialogueContext, Extractor, Label};
use smes_nn::schedule::Decay;
use smes_reasoning::Reasoner;
use smes_reasoning::starter::StarterReasoner;
use smes_training::starter::{
    AuxiliaryRecipe, EncoderRecipe, FitRecipe, LossRecipe, ModelRecipe, StarterRecipe,
    TrainedStarter, train_starter,
};
use smes_training::{Progress, Recipe, Silent, TrainingError};
use tempfile::TempDir;

use crate::fixture::{move_words_to_cues, write_corpus, write_encoder};

struct Bench {
    temp: TempDir,
    corpus: Corpus,
}

impl Bench {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        for part in ["encoder", "corpus"] {
            std::fs::create_dir(temp.path().join(part)).unwrap();
        }
        write_encoder(&temp.path().join("encoder"));
        let corpus = write_corpus(&temp.path().join("corpus"));
        Self { temp, corpus }
    }

    fn recipe(&self, n_epochs: u64) -> StarterRecipe {
        StarterRecipe {
            name: "tiny".to_owned(),
            corpus: self.temp.path().join("corpus"),
            seed: 7,
            cues: None,
            encoder: EncoderRecipe {
                folder: self.temp.path().join("encoder"),
                max_tokens: 16,
                taps: vec![1, 2],
            },
            model: ModelRecipe {
                n_members: 2,
                hidden_size: 12,
                decays: vec![0.5],
                seeker_decays: vec![0.5],
                rank_size: 6,
                input_dropout: 0.1,
                dropout: 0.1,
            },
            fit: FitRecipe {
                n_epochs,
                batch_size: 3,
                learning_rate: 0.02,
                weight_decay: 0.01,
                n_warmup_steps: 2,
                decay: Decay::Constant,
                max_gradient_norm: 1.0,
                average_decay: 0.5,
            },
            loss: LossRecipe {
                seeker_emotion: 1.0,
                user_emotion: 1.0,
                strategy: 1.0,
                system_emotion: 0.3,
                ranking: 0.3,
                ranking_scale: 10.0,
                emotion_smoothing: 0.0,
            },
            auxiliary: None,
        }
    }

    fn run(&self, recipe: &StarterRecipe, name: &str, is_resumed: bool) -> TrainedStarter {
        self.try_run(recipe, name, is_resumed, &mut Silent).unwrap()
    }

    fn try_run(
        &self,
        recipe: &StarterRecipe,
        name: &str,
        is_resumed: bool,
        progress: &mut dyn Progress,
    ) -> Result<TrainedStarter, TrainingError> {
        let dir = self.temp.path().join(name);
        train_starter(recipe, &self.corpus, &dir, is_resumed, progress)
    }

    fn weights(&self, run: &str) -> Vec<u8> {
        std::fs::read(self.temp.path().join(run).join("model/heads.safetensors")).unwrap()
    }
}

#[test]
fn learns_what_the_words_say_and_the_exported_model_knows_it() {
    let bench = Bench::new();
    let trained = bench.run(&bench.recipe(25), "run", false);
    let scores = trained.best.validation;
    assert!(scores.user_emotion.accuracy > 0.99, "{scores:?}");
    assert!(scores.strategy.accuracy > 0.99, "{scores:?}");
    let losses: Vec<f64> = trained
        .epochs
        .iter()
        .map(|epoch| epoch.train.total)
        .collect();
    assert!(losses[24] < 0.4 * losses[0], "{losses:?}");

    let model = StarterReasoner::load(&bench.temp.path().join("run/model")).unwrap();
    let context = DialogueContext {
        utterances: vec![ContextUtterance::seeker("rain again .")],
    };
    let plan = model.plan(&context).unwrap();
    assert_eq!(plan.user_emotion.top().name(), "depression");
    assert_eq!(plan.strategy.top().name(), "Open question");
    for name in [
        "run.toml",
        "epochs.jsonl",
        "curves/loss.svg",
        "curves/validation.svg",
    ] {
        assert!(bench.temp.path().join("run").join(name).exists(), "{name}");
    }
    assert!(!bench.temp.path().join("run/state").exists());
}

#[test]
fn every_parameter_gets_a_gradient() {
    let bench = Bench::new();
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        bench.try_run(&bench.recipe(4), "run", false, &mut StopAtThirdEpoch)
    }));
    assert!(stopped.is_err());
    let state = bench.temp.path().join("run/state");
    let mut files = walk(&state);
    files.retain(|file| file.ends_with("optimiser.safetensors"));
    let state = smes_nn::checkpoint::read_file(&files[0]).unwrap();
    let squares: Vec<_> = state
        .tensors
        .iter()
        .filter(|(name, _)| name.ends_with(".second"))
        .collect();
    assert!(squares.len() > 10, "{}", squares.len());
    for (name, mean) in squares {
        let sum = mean.sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(sum > 0.0, "{name} never had a gradient");
    }
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Stops the run, as a killed process would, when the third epoch begins.
struct StopAtThirdEpoch;

impl Progress for StopAtThirdEpoch {
    fn begin(&mut self, stage: &str, _n_steps: u64) {
        assert!(stage != "epoch 3", "stopped on purpose");
    }
    fn advance(&mut self, _n_steps: u64) {}
    fn end(&mut self) {}
    fn say(&mut self, _line: &str) {}
}

#[test]
fn a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one() {
    let bench = Bench::new();
    let recipe = bench.recipe(4);
    bench.run(&recipe, "whole", false);
    let stopped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        bench.try_run(&recipe, "halves", false, &mut StopAtThirdEpoch)
    }));
    assert!(stopped.is_err());
    assert!(!bench.temp.path().join("halves/model").exists());
    let resumed = bench.run(&recipe, "halves", true);
    assert_eq!(resumed.epochs.len(), 4);
    assert!(
        bench.weights("whole") == bench.weights("halves"),
        "the weights differ"
    );
}

/// What the model takes the emotion for when the words say nothing and the cue is this.
fn emotion_by_cue(model: &StarterReasoner, observation: &str) -> String {
    let cue = Cue {
        observation: observation.into(),
        distress: None,
        modalities: Vec::new(),
        span: None,
        extractor: Extractor {
            name: "test".to_owned(),
            version: "1".to_owned(),
        },
        confidence: None,
        features: Vec::new(),
        limits: Vec::new(),
    };
    let mut said = ContextUtterance::seeker("today .");
    said.cue = Some(cue);
    let context = DialogueContext {
        utterances: vec![said],
    };
    let plan = model.plan(&context).unwrap();
    plan.user_emotion.top().name().to_owned()
}

#[test]
fn what_only_cues_say_is_learnt_from_them_and_used() {
    let bench = Bench::new();
    move_words_to_cues(&bench.temp.path().join("corpus"));
    let blind = bench.recipe(25);
    let recipe = StarterRecipe {
        cues: Some("test".to_owned()),
        ..blind.clone()
    };
    let with = bench.run(&recipe, "with", false).best.validation;
    let without = bench.run(&blind, "without", false).best.validation;
    assert!(with.user_emotion.accuracy > 0.99, "{with:?}");
    assert!(without.user_emotion.accuracy < 0.95, "{without:?}");
    let model = StarterReasoner::load(&bench.temp.path().join("with/model")).unwrap();
    assert_eq!(emotion_by_cue(&model, "rain again ."), "depression");
    assert_eq!(emotion_by_cue(&model, "sun today ."), "joy");
}

#[test]
fn a_validation_that_gives_no_number_ends_the_run() {
    let bench = Bench::new();
    let mut recipe = bench.recipe(1);
    // One step in all: the loss before it is a number, the weights after it give none.
    recipe.fit.batch_size = 100;
    recipe.fit.n_warmup_steps = 0;
    recipe.fit.learning_rate = 1e30;
    let error = bench
        .try_run(&recipe, "run", false, &mut Silent)
        .unwrap_err();
    assert!(
        matches!(error, TrainingError::Diverged { step: 1, .. }),
        "{error}"
    );
    assert!(!bench.temp.path().join("run/model").exists());
    assert!(!bench.temp.path().join("run/epochs.jsonl").exists());
}

#[test]
fn an_extractor_without_cues_in_the_corpus_is_named() {
    let bench = Bench::new();
    let recipe = StarterRecipe {
        cues: Some("nobody".to_owned()),
        ..bench.recipe(1)
    };
    let error = bench
        .try_run(&recipe, "run", false, &mut Silent)
        .unwrap_err();
    assert!(error.to_string().contains("`nobody`"), "{error}");
}

#[test]
fn a_second_corpus_teaches_in_training_and_leaves_no_trace_in_the_model() {
    let bench = Bench::new();
    let alone = bench.recipe(1);
    let recipe = StarterRecipe {
        auxiliary: Some(AuxiliaryRecipe {
            corpus: alone.corpus.clone(),
            weight: 0.5,
            batch_size: 4,
        }),
        ..alone.clone()
    };
    bench.run(&alone, "alone", false);
    bench.run(&recipe, "both", false);
    assert!(bench.weights("alone") != bench.weights("both"));
    StarterReasoner::load(&bench.temp.path().join("both/model")).unwrap();
    let manifest = std::fs::read_to_string(bench.temp.path().join("both/run.toml")).unwrap();
    assert_eq!(manifest.matches("sha256:").count(), 2, "{manifest}");
}

#[test]
fn another_seed_gives_other_weights_and_the_same_seed_the_same() {
    let bench = Bench::new();
    let recipe = bench.recipe(1);
    bench.run(&recipe, "a", false);
    bench.run(&recipe, "b", false);
    bench.run(&StarterRecipe { seed: 8, ..recipe }, "c", false);
    assert!(bench.weights("a") == bench.weights("b"));
    assert!(bench.weights("a") != bench.weights("c"));
}

#[test]
fn a_run_is_neither_overwritten_nor_resumed_under_another_recipe() {
    let bench = Bench::new();
    let recipe = bench.recipe(1);
    bench.run(&recipe, "run", false);
    let error = bench
        .try_run(&recipe, "run", false, &mut Silent)
        .unwrap_err();
    assert!(
        error.to_string().ends_with("holds a run already"),
        "{error}"
    );
    let error = bench
        .try_run(&bench.recipe(2), "run", true, &mut Silent)
        .unwrap_err();
    assert!(
        error.to_string().ends_with("its recipe is another"),
        "{error}"
    );
}

#[test]
fn a_missing_encoder_names_the_script_that_gets_it() {
    let bench = Bench::new();
    let mut recipe = bench.recipe(1);
    recipe.encoder.folder = bench.temp.path().join("nowhere");
    let error = bench
        .try_run(&recipe, "run", false, &mut Silent)
        .unwrap_err();
    assert_eq!(error.hint().unwrap(), "scripts/fetch-minilm.sh gets it");
    assert!(
        !bench.temp.path().join("run").exists(),
        "a failed start leaves nothing behind"
    );
}

#[test]
fn a_model_file_cut_short_is_an_error_that_names_it_and_says_what_to_do() {
    let bench = Bench::new();
    bench.run(&bench.recipe(1), "run", false);
    let dir = bench.temp.path().join("run/model");
    for name in [
        "heads.safetensors",
        "encoder.safetensors",
        "tokenizer.json",
        "config.toml",
    ] {
        let whole = std::fs::read(dir.join(name)).unwrap();
        std::fs::write(dir.join(name), &whole[..whole.len() / 2]).unwrap();
        let error = StarterReasoner::load(&dir).unwrap_err();
        assert!(error.to_string().contains(name), "{name}: {error}");
        assert!(error.hint().is_some(), "{name}: {error}");
        std::fs::write(dir.join(name), &whole).unwrap();
    }
    StarterReasoner::load(&dir).unwrap();
}

#[test]
fn the_shipped_recipe_is_valid_and_a_misspelt_field_is_named() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes/starter.toml");
    StarterRecipe::load(&path).unwrap();
    let temp = tempfile::tempdir().unwrap();
    let bad = temp.path().join("bad.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&bad, text.replace("batch_size", "batch_sise")).unwrap();
    let error = StarterRecipe::load(&bad).unwrap_err().to_string();
    assert!(error.contains("batch_sise"), "{error}");
    std::fs::write(&bad, text.replace("dropout = 0.5", "dropout = 1.5")).unwrap();
    let error = StarterRecipe::load(&bad).unwrap_err().to_string();
    assert!(
        error.contains("dropout") && error.contains("1.5"),
        "{error}"
    );
}
