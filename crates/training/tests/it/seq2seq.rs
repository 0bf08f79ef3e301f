//! What a run of a sequence-to-sequence network promises.

#![allow(
    clippy::unwrap_used,
    clippy::result_large_err,
    reason = "test support fails loudly and not often"
)]

use std::path::{Path, PathBuf};

use smes_corpus::Corpus;
use smes_dialogue::{
    ContextUtterance, DialogueContext, Emotion, Label, Strategy, mesc_emotions, mesc_strategies,
};
use smes_nn::blenderbot::{self, Blenderbot};
use smes_nn::generation::{Decoding, GenerationSettings};
use smes_nn::optim::AdamWForm;
use smes_nn::schedule::Decay;
use smes_nn::seq2seq::Seq2Seq;
use smes_nn::tokenizer;
use smes_reasoning::blenderbot::{BlenderbotReasoner, SEQUENCE_FILE};
use smes_reasoning::sequence::{
    Choice, CuePlace, KnownLabels, LabelDecoding, LabelPrefix, Sequence, SequenceLayout, Target,
    TargetText, Truncation,
};
use smes_reasoning::{Reasoner, ReasonerOptions, ReasoningError, SaidTurn, Weights};
use smes_training::seq2seq::{
    FitRecipe, Precision, Pretrained, Scratch, SelectBy, Seq2seqRecipe, Start, TrainedSeq2seq,
    train_seq2seq,
};
use smes_training::{Progress, Recipe, RunFolder, Silent, TrainingError};
use tempfile::TempDir;

use crate::fixture::write_corpus;

struct Bench {
    temp: TempDir,
    corpus: Corpus,
}

impl Bench {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let corpus = write_corpus(temp.path());
        Self { temp, corpus }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    fn recipe(&self, n_epochs: u64) -> Seq2seqRecipe {
        Seq2seqRecipe {
            name: "tiny".to_owned(),
            corpus: self.temp.path().to_owned(),
            cues: "none".to_owned(),
            seed: 7,
            start: Start::Scratch(Scratch {
                vocab_size: 60,
                width: 16,
                n_heads: 2,
                n_layers: 1,
                feed_forward: 24,
                dropout: 0.1,
            }),
            layout: SequenceLayout {
                words: true,
                cue: CuePlace::Off,
                answers_apart: true,
                strategy_tags: true,
                labels: LabelPrefix::ALL,
                target: TargetText::Words,
                truncation: Truncation::UtteranceBorders,
                max_source: 24,
                max_target: 12,
            },
            fit: FitRecipe {
                adamw: AdamWForm::Torch,
                n_epochs,
                patience: 0,
                batch_size: 6,
                shard_size: 6,
                learning_rate: 0.01,
                weight_decay: 0.01,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-6,
                n_warmup_steps: 5,
                decay: Decay::Constant,
                max_gradient_norm: 1.0,
                precision: Precision::F32,
                select_by: SelectBy::AllTokens,
            },
            decoding: GenerationSettings {
                forced_eos: true,
                ..GenerationSettings::greedy(16)
            },
        }
    }

    /// Without dropout, so that a run can reach the end of what can be learnt.
    fn certain(&self, n_epochs: u64) -> Seq2seqRecipe {
        let mut recipe = self.recipe(n_epochs);
        if let Start::Scratch(shape) = &mut recipe.start {
            shape.dropout = 0.0;
        }
        recipe
    }

    fn run(&self, recipe: &Seq2seqRecipe, name: &str, is_resumed: bool) -> TrainedSeq2seq {
        self.try_run(recipe, name, is_resumed, &mut Silent).unwrap()
    }

    fn try_run(
        &self,
        recipe: &Seq2seqRecipe,
        name: &str,
        is_resumed: bool,
        progress: &mut dyn Progress,
    ) -> Result<TrainedSeq2seq, TrainingError> {
        train_seq2seq(recipe, &self.corpus, &self.path(name), is_resumed, progress)
    }

    fn weights(&self, run: &str) -> Vec<u8> {
        std::fs::read(self.path(run).join("model/model.safetensors")).unwrap()
    }

    fn load(&self, run: &str) -> Result<BlenderbotReasoner, ReasoningError> {
        BlenderbotReasoner::load(&self.path(run), ReasonerOptions::default())
    }
}

fn history(text: &str) -> DialogueContext {
    DialogueContext {
        utterances: vec![ContextUtterance::seeker(text)],
    }
}

#[test]
fn a_small_corpus_is_learnt_by_heart_and_the_reasoner_says_it() {
    let bench = Bench::new();
    let trained = bench.run(&bench.certain(60), "run", false);
    let last = trained.epochs.last().unwrap();
    assert!(last.train_loss < 0.1, "{last:?}");
    let scores = trained.best.validation;
    assert!(scores.strategy.unwrap().accuracy > 0.99, "{scores:?}");
    assert!(scores.user_emotion.unwrap().accuracy > 0.99, "{scores:?}");

    let reasoner = bench.load("run").unwrap();
    for (said, emotion, strategy, answer) in [
        ("rain again .", "depression", "Open question", "why?"),
        ("sun today .", "joy", "Approval", "yes."),
    ] {
        let plan = reasoner.plan(&history(said)).unwrap();
        assert_eq!(plan.user_emotion.top().name(), emotion);
        assert_eq!(plan.strategy.top().name(), strategy);
        assert_eq!(
            plan.strategy.iter().count(),
            10,
            "all probabilities are kept"
        );
        let mut heard = String::new();
        let mut hear = |piece: &str| heard.push_str(piece);
        let reply = reasoner.respond(&history(said), &plan, &mut hear).unwrap();
        assert_eq!(reply.text.expose(), answer);
        assert_eq!(&heard, reply.text.expose(), "the pieces make the reply");
        assert_eq!(reply.strategy.name(), strategy);
    }
    for name in [
        "run.toml",
        "epochs.jsonl",
        "curves/loss.svg",
        "curves/validation.svg",
    ] {
        assert!(bench.path("run").join(name).exists(), "{name}");
    }
    assert!(!bench.path("run/state").exists());
}

#[test]
fn the_likelihood_of_what_was_said_is_that_of_saying_it_token_by_token() {
    let bench = Bench::new();
    bench.run(&bench.certain(3), "run", false);
    let reasoner = bench.load("run").unwrap();
    let (emotion, strategy) = (Emotion::from_name("joy"), Strategy::from_name("Approval"));
    let labels = KnownLabels {
        user_emotion: Some(&emotion),
        strategy: Some(&strategy),
        system_emotion: Some(&emotion),
    };
    let words = "yes. why?".into();
    let turn = SaidTurn {
        labels,
        words: &words,
        cue: None,
    };
    let context = history("sun today .");
    let found = reasoner.likelihood(&context, &turn).unwrap().unwrap();
    let (log_prob, n_tokens) = bench.said_by_steps("run", &context, labels, words.expose());
    assert_eq!(found.n_tokens, n_tokens);
    assert!(!found.has_cue);
    assert!(
        (found.log_prob - log_prob).abs() < 1e-4 && log_prob < -1.0,
        "{found:?}, by steps {log_prob}"
    );
    // Without a label that stands before the words there is nothing to ask.
    let unlabelled = SaidTurn {
        labels: KnownLabels {
            strategy: None,
            ..labels
        },
        ..turn
    };
    let found = reasoner.likelihood(&context, &unlabelled).unwrap();
    assert_eq!(found, None);
}

impl Bench {
    /// Log-probability of the words and the end token, with no label token to choose, a step a token.
    fn said_by_steps(
        &self,
        run: &str,
        context: &DialogueContext,
        labels: KnownLabels<'_>,
        words: &str,
    ) -> (f64, u64) {
        let folder = self.path(run).join("model");
        let (config, params) = blenderbot::open(&folder).unwrap();
        let model = Blenderbot::load(&params.loader(), &config).unwrap();
        let layout = self.recipe(1).layout;
        let (emotions, strategies) = (mesc_emotions(), mesc_strategies());
        let labels = labels
            .places(layout.labels, &emotions, &strategies)
            .unwrap();
        let tokenizer = tokenizer::open(&folder).unwrap();
        let sequence = Sequence::new(layout, tokenizer, emotions, strategies).unwrap();
        let cue = None;
        let target = sequence.target(&Target { labels, words, cue }).unwrap();
        let memory = model.encode(&[sequence.source(context).unwrap()]).unwrap();
        let mut cache = model.start(&memory).unwrap();
        let n_words = config.vocab_size - sequence.labels().all().len();
        let n_prefix = sequence.prefix(labels).len();
        let mut sum = 0.0;
        for (idx, input) in sequence.decoder_input(&target).into_iter().enumerate() {
            let logits = model.step(&[vec![input]], &mut cache).unwrap();
            let logits: Vec<f32> = logits.get(0).unwrap().to_vec1().unwrap();
            if idx >= n_prefix {
                let all: f64 = logits[..n_words]
                    .iter()
                    .map(|one| f64::from(*one).exp())
                    .sum();
                sum += f64::from(logits[target[idx] as usize]) - all.ln();
            }
        }
        (sum, (target.len() - n_prefix) as u64)
    }
}

#[test]
fn an_empty_history_is_an_error_and_one_beyond_the_window_is_answered() {
    let bench = Bench::new();
    bench.run(&bench.recipe(1), "run", false);
    let reasoner = bench.load("run").unwrap();
    let error = reasoner.plan(&DialogueContext::default()).unwrap_err();
    assert!(matches!(error, ReasoningError::EmptyHistory), "{error}");
    let mut long = history("rain again .");
    long.utterances = vec![long.utterances[0].clone(); 200];
    let plan = reasoner.plan(&long).unwrap();
    let reply = reasoner.respond(&long, &plan, &mut |_| ()).unwrap();
    assert_eq!(&reply.strategy, plan.strategy.top());
}

#[test]
fn the_first_step_way_reads_all_labels_off_the_first_position() {
    let bench = Bench::new();
    bench.run(&bench.certain(40), "run", false);
    let plan = |labels, seed| {
        let options = ReasonerOptions {
            labels,
            seed,
            ..ReasonerOptions::default()
        };
        let reasoner = BlenderbotReasoner::load(&bench.path("run"), options).unwrap();
        (
            reasoner.id(),
            reasoner.plan(&history("rain again .")).unwrap(),
        )
    };
    let (id, sequential) = plan(LabelDecoding::Sequential, None);
    assert_eq!(id, "blenderbot@1");
    let (id, first) = plan(LabelDecoding::FirstStep(Choice::Likeliest), None);
    assert_eq!(id, "blenderbot@1+first-step-argmax");
    // The first label is the same; the others are not what training taught at their places.
    assert_eq!(first.user_emotion, sequential.user_emotion);
    assert!(first.strategy.top_prob() < sequential.strategy.top_prob());
    let narrow = Choice::Nucleus { p: 1e-6, seed: 0 };
    for seed in 0..20 {
        let drawn = plan(LabelDecoding::FirstStep(narrow), Some(seed)).1;
        assert_eq!(
            drawn.strategy.top(),
            first.strategy.top(),
            "the nucleus is one label"
        );
    }
    let drawn: Vec<_> = (0..20)
        .map(|seed| plan("first-step".parse().unwrap(), Some(seed)).1.strategy)
        .collect();
    assert!(drawn.iter().all(|one| (one.top_prob() - 1.0).abs() < 1e-6));
    assert!(
        drawn.iter().any(|one| one != &drawn[0]),
        "seeds draw different labels"
    );
}

#[test]
fn weights_in_fewer_bits_give_nearly_the_same_plan_and_say_so_in_the_name() {
    let bench = Bench::new();
    bench.run(&bench.certain(40), "run", false);
    let plan = |weights| {
        let options = ReasonerOptions {
            weights,
            ..ReasonerOptions::default()
        };
        let reasoner = BlenderbotReasoner::load(&bench.path("run"), options).unwrap();
        let context = history("rain again .");
        let plan = reasoner.plan(&context).unwrap();
        let mut heard = String::new();
        let mut hear = |piece: &str| heard.push_str(piece);
        let reply = reasoner.respond(&context, &plan, &mut hear).unwrap();
        assert_eq!(&heard, reply.text.expose());
        (reasoner.id(), plan)
    };
    let (_, exact) = plan(Weights::F32);
    for (weights, name, most) in [
        (Weights::Bf16, "blenderbot@1+bf16", 0.02),
        (Weights::Int8, "blenderbot@1+int8", 0.1),
    ] {
        let (id, rounded) = plan(weights);
        assert_eq!(id, name);
        assert_ne!(rounded, exact, "{name} rounds");
        assert_eq!(rounded.strategy.top(), exact.strategy.top());
        let apart = (rounded.strategy.top_prob() - exact.strategy.top_prob()).abs();
        assert!(apart < most, "{name}: {apart}");
    }
}

#[test]
fn a_sequence_file_that_cannot_work_is_refused_with_file_and_field() {
    let bench = Bench::new();
    bench.run(&bench.recipe(1), "run", false);
    let file = bench.path("run").join("model/sequence.toml");
    let whole = fs_err::read_to_string(&file).unwrap();
    let line = |field: &str| {
        let mut lines = whole.lines();
        lines
            .find(|line| line.starts_with(field))
            .unwrap()
            .to_owned()
    };
    for (field, value, place) in [
        ("max_length", "4", "decoding.max_length"),
        ("min_length", "500", "decoding.min_length"),
        ("max_source", "6400", "layout.max_source"),
        ("max_target", "2", "layout.max_target"),
    ] {
        let broken = whole.replace(&line(field), &format!("{field} = {value}"));
        fs_err::write(&file, broken).unwrap();
        let error = bench.load("run").unwrap_err().to_string();
        let names = error.contains("sequence.toml") && error.contains(place);
        assert!(names && error.contains(value), "{error}");
    }
    fs_err::write(&file, &whole).unwrap();
    fs_err::remove_file(bench.path("run").join("model/added_tokens.json")).unwrap();
    let error = bench.load("run").unwrap_err().to_string();
    assert!(error.contains("model` lacks the label tokens"), "{error}");
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
    let resumed = bench.run(&recipe, "halves", true);
    assert_eq!(resumed.epochs.len(), 4);
    assert!(
        bench.weights("whole") == bench.weights("halves"),
        "the weights differ"
    );
}

#[test]
fn shards_of_a_batch_give_the_gradient_of_the_whole() {
    let bench = Bench::new();
    let losses = |shard_size, name| {
        let mut recipe = bench.certain(3);
        recipe.fit.shard_size = shard_size;
        let trained = bench.run(&recipe, name, false);
        let losses = trained.epochs.iter().map(|epoch| epoch.train_loss);
        losses.collect::<Vec<f64>>()
    };
    for (whole, sharded) in losses(6, "whole").iter().zip(losses(2, "sharded")) {
        assert!((whole - sharded).abs() < 1e-3, "{whole} is not {sharded}");
    }
}

#[test]
fn rounded_products_learn_like_exact_ones() {
    let bench = Bench::new();
    let last = |precision, name| {
        let mut recipe = bench.certain(25);
        recipe.fit.precision = precision;
        bench.run(&recipe, name, false).epochs[24].train_loss
    };
    let (exact, rounded) = (last(Precision::F32, "f32"), last(Precision::Bf16, "bf16"));
    assert!(
        exact < 0.5 && (exact - rounded).abs() < 0.1,
        "{exact} and {rounded}"
    );
}

#[test]
fn a_run_ends_early_when_nothing_gets_better() {
    let bench = Bench::new();
    let mut recipe = bench.recipe(30);
    recipe.fit.patience = 2;
    recipe.fit.learning_rate = 1e-12;
    let trained = bench.run(&recipe, "run", false);
    let n_epochs = trained.epochs.len() as u64;
    assert!(
        n_epochs < 30 && n_epochs == trained.best.epoch + 2,
        "{n_epochs}"
    );
}

#[test]
fn a_run_can_start_from_the_model_of_another() {
    let bench = Bench::new();
    let first = bench.run(&bench.certain(20), "first", false);
    let mut recipe = bench.certain(1);
    recipe.start = Start::Pretrained(Pretrained {
        folder: bench.path("first/model"),
    });
    recipe.fit.learning_rate = 1e-12;
    let second = bench.run(&recipe, "second", false);
    let (before, after) = (first.best.validation, second.best.validation);
    assert!((before.perplexity - after.perplexity).abs() < 1e-3);
    recipe.start = Start::Pretrained(Pretrained {
        folder: bench.path("nowhere"),
    });
    let error = bench
        .try_run(&recipe, "third", false, &mut Silent)
        .unwrap_err();
    assert!(error.hint().unwrap().contains("models pull"), "{error}");
    assert!(
        !bench.path("third").exists(),
        "a failed start leaves nothing behind"
    );
}

#[test]
fn ablations_leave_labels_out_of_the_sequence_and_of_the_plan() {
    let bench = Bench::new();
    let mut recipe = bench.certain(30);
    recipe.layout.labels.user_emotion = false;
    recipe.layout.labels.system_emotion = false;
    let scores = bench.run(&recipe, "run", false).best.validation;
    assert!(scores.user_emotion.is_none() && scores.strategy.unwrap().accuracy > 0.9);
    let reasoner = bench.load("run").unwrap();
    assert!(!reasoner.tasks().user_emotion && reasoner.tasks().strategy);
    let plan = reasoner.plan(&history("rain again .")).unwrap();
    assert!(
        (plan.user_emotion.top_prob() - 1.0 / 7.0).abs() < 1e-6,
        "it does not know"
    );
    assert_eq!(plan.strategy.top().name(), "Open question");
}

#[test]
fn what_cannot_be_trained_is_an_error_that_says_why() {
    let bench = Bench::new();
    let error = |change: &dyn Fn(&mut Seq2seqRecipe)| {
        let mut recipe = bench.recipe(3);
        change(&mut recipe);
        bench
            .try_run(&recipe, "bad", false, &mut Silent)
            .unwrap_err()
            .to_string()
    };
    let cues = error(&|recipe| recipe.cues = "video-llama".to_owned());
    assert!(cues.contains("video-llama"), "{cues}");
    let diverged = error(&|recipe| {
        recipe.fit.learning_rate = 1e30;
        recipe.fit.n_warmup_steps = 0;
    });
    assert!(
        diverged.contains("the loss became") || diverged.contains("is not finite"),
        "{diverged}"
    );
}

#[test]
fn a_run_that_diverges_keeps_the_best_model_before_and_says_where() {
    let bench = Bench::new();
    let mut recipe = bench.recipe(5);
    // One step an epoch: the warm-up's first changes nothing, its second breaks everything.
    recipe.fit.batch_size = 10_000;
    recipe.fit.learning_rate = 1e30;
    let error = bench
        .try_run(&recipe, "run", false, &mut Silent)
        .unwrap_err();
    let TrainingError::DivergedLater { epoch, model, .. } = &error else {
        panic!("expected a kept model, found {error}");
    };
    assert_eq!(*epoch, 1);
    assert!(error.to_string().contains(&model.display().to_string()));
    assert!(error.hint().is_some());
    let kept = bench.load("run").expect("the model of the first epoch");
    let plan = kept.plan(&history("I lost my job.")).unwrap();
    assert!(plan.strategy.top_prob().is_finite());
    let again = bench
        .try_run(&recipe, "run", true, &mut Silent)
        .unwrap_err();
    assert!(
        matches!(again, TrainingError::DivergedLater { epoch: 1, .. }),
        "the state before it stands: {again}"
    );
}

#[test]
fn two_processes_cannot_train_in_one_folder() {
    let bench = Bench::new();
    let recipe = bench.recipe(1);
    std::fs::create_dir(bench.path("run")).unwrap();
    let lock = std::fs::File::create(bench.path("run/lock")).unwrap();
    lock.lock().unwrap();
    let error = bench
        .try_run(&recipe, "run", false, &mut Silent)
        .unwrap_err();
    assert!(matches!(error, TrainingError::RunLocked { .. }), "{error}");
    drop(lock);
    bench.run(&recipe, "run", false);
    assert!(RunFolder::check_free(&bench.path("run")).is_err());
}

#[test]
fn broken_model_folders_are_errors_that_name_what_is_wrong() {
    let bench = Bench::new();
    bench.run(&bench.recipe(1), "run", false);
    let model = bench.path("run/model");
    let with = |file: &str, change: &dyn Fn(Vec<u8>) -> Vec<u8>| {
        let path = model.join(file);
        let before = std::fs::read(&path).unwrap();
        std::fs::write(&path, change(before.clone())).unwrap();
        let error = bench.load("run").unwrap_err();
        std::fs::write(&path, before).unwrap();
        assert!(error.hint().is_some() || !error.to_string().is_empty());
        error.to_string()
    };
    let replace = |from: &'static str, to: &'static str| {
        move |bytes: Vec<u8>| {
            String::from_utf8(bytes)
                .unwrap()
                .replace(from, to)
                .into_bytes()
        }
    };
    let error = with("model.safetensors", &|bytes| {
        bytes[..bytes.len() / 2].to_vec()
    });
    assert!(error.contains("model.safetensors"), "{error}");
    let error = with("added_tokens.json", &replace("[Approval]", "[Applause]"));
    assert!(error.contains("`[Approval]`"), "{error}");
    let error = with("config.json", &replace("blenderbot-small", "bart"));
    assert!(
        error.contains("config.json") || error.contains("bart"),
        "{error}"
    );
    let error = with(
        "config.json",
        &replace("\"d_model\": 16", "\"d_model\": 32"),
    );
    assert!(error.contains("shape"), "{error}");
    let error = with(SEQUENCE_FILE, &replace("mesc-10", "mesc-99"));
    assert!(error.contains("mesc-99"), "{error}");
    std::fs::remove_file(model.join(SEQUENCE_FILE)).unwrap();
    let error = bench.load("run").unwrap_err().to_string();
    assert!(error.contains(SEQUENCE_FILE), "{error}");
}

#[test]
fn every_recipe_of_the_folder_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let mut n_loaded = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.starts_with("smes") || name.starts_with("blenderbot") {
            Seq2seqRecipe::load(&folder.join(&name)).unwrap();
            n_loaded += 1;
        }
    }
    assert!(n_loaded >= 10, "{n_loaded}");
}

#[test]
fn each_ablation_of_the_paper_switches_one_thing() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recipes");
    let load = |name: &str| Seq2seqRecipe::load(&folder.join(name)).unwrap();
    let base = load("smes.toml");
    assert_eq!(base.layout, SequenceLayout::published());
    assert!(matches!(base.decoding.decoding, Decoding::Sample(_)));
    for (name, layout) in [
        (
            "smes-no-video.toml",
            SequenceLayout {
                cue: CuePlace::Off,
                ..base.layout.clone()
            },
        ),
        (
            "smes-no-text.toml",
            SequenceLayout {
                words: false,
                ..base.layout.clone()
            },
        ),
        (
            "smes-no-emotion.toml",
            SequenceLayout {
                labels: LabelPrefix {
                    user_emotion: false,
                    strategy: true,
                    system_emotion: false,
                },
                ..base.layout.clone()
            },
        ),
        (
            "smes-no-strategy.toml",
            SequenceLayout {
                labels: LabelPrefix {
                    strategy: false,
                    ..LabelPrefix::ALL
                },
                ..base.layout.clone()
            },
        ),
    ] {
        let found = load(name);
        // As many tokens after the labels as in the whole.
        let n_fewer = base.layout.labels.steps().count() - layout.labels.steps().count();
        let decoding = GenerationSettings {
            min_length: base.decoding.min_length - n_fewer,
            max_length: base.decoding.max_length - n_fewer,
            ..base.decoding.clone()
        };
        let expected = Seq2seqRecipe {
            decoding,
            name: name.trim_end_matches(".toml").to_owned(),
            layout,
            ..base.clone()
        };
        assert_eq!(found, expected, "{name}");
    }
    let joint = load("blenderbot-joint.toml").layout.labels;
    assert!(joint.strategy && !joint.user_emotion && !joint.system_emotion);
}
