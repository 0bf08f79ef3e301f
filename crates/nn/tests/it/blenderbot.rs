//! The Blenderbots beside transformers, stage by stage, and what must hold for any weights.

use std::collections::BTreeMap;

use proptest::prelude::*;
use smes_nn::{
    DType, Gradients, NnError, Params, Pass, Precision, Tensor,
    blenderbot::{self, Blenderbot, BlenderbotConfig, DecodingWeights},
    checkpoint::{self, StoredAs},
    optim::{AdamW, AdamWConfig, ParamGroup},
    seq2seq::Seq2Seq,
};

use crate::support::{Golden, assert_close, difference, folder};

const TOLERANCE: f32 = 1e-5;
const CASES: [&str; 3] = ["small", "small-scaled", "large"];

struct Case {
    golden: Golden,
    config: BlenderbotConfig,
    params: Params,
    model: Blenderbot,
}

fn config(name: &str) -> BlenderbotConfig {
    let file = folder("blenderbot").join(name).join("config.json");
    BlenderbotConfig::from_json(&std::fs::read(file).unwrap(), "config.json").unwrap()
}

fn case(name: &str) -> Case {
    let golden = Golden::read(&format!("blenderbot/{name}"));
    let config = config(name);
    let params = golden.params("param.");
    let model = Blenderbot::load(&params.loader(), &config).unwrap();
    params.check_all_used().unwrap();
    Case {
        golden,
        config,
        params,
        model,
    }
}

impl Case {
    /// The rows of a padded tensor of ids, without what is not there.
    fn rows(&self, name: &str) -> Vec<Vec<u32>> {
        let rows = self.golden.get(name).to_vec2::<f32>().unwrap();
        let row = |row: Vec<f32>| {
            let known = row.into_iter().filter(|id| *id > 0.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an id"
            )]
            known.map(|id| id as u32).collect()
        };
        rows.into_iter().map(row).collect()
    }

    fn sources(&self) -> Vec<Vec<u32>> {
        self.rows("input.source")
    }

    fn outputs(&self) -> Vec<Vec<u32>> {
        self.rows("input.target")
    }
}

/// The decoder's inputs for these outputs.
fn shifted(outputs: &[Vec<u32>]) -> Vec<Vec<u32>> {
    let shift = |output: &Vec<u32>| [&[1], &output[..output.len() - 1]].concat();
    outputs.iter().map(shift).collect()
}

/// The most likely token of each row.
fn best(logits: &Tensor) -> Vec<u32> {
    logits.argmax(1).unwrap().to_vec1().unwrap()
}

/// Greedy decoding: until every row has ended or is `longest` long, start token included.
fn greedy(model: &impl Seq2Seq, sources: &[Vec<u32>], longest: usize) -> Vec<Vec<u32>> {
    let config = model.config().clone();
    let memory = model.encode(sources).unwrap();
    let mut cache = model.start(&memory).unwrap();
    let mut rows = vec![vec![config.start_id]; sources.len()];
    let mut next = rows.clone();
    while rows[0].len() < longest {
        let logits = model.step(&next, &mut cache).unwrap();
        for ((row, next), token) in rows.iter_mut().zip(&mut next).zip(best(&logits)) {
            let has_ended = row.contains(&config.eos_id);
            let token = if has_ended { config.pad_id } else { token };
            row.push(token);
            *next = vec![token];
        }
    }
    // Without the padding after the end.
    for row in &mut rows {
        row.retain(|token| *token != config.pad_id);
    }
    rows
}

#[test]
fn every_stage_the_loss_and_every_gradient_equal_transformers() {
    for name in CASES {
        let case = case(name);
        let expect = |stage: &str| case.golden.get(&format!("stage.{stage}"));
        let visible = case.golden.get("input.mask").unsqueeze(2).unwrap();
        let close = |stage: &str, found: &Tensor| {
            assert_close(&format!("{name}: {stage}"), found, expect(stage), TOLERANCE);
        };
        let mut pass = Pass::eval();
        let mut n_seen = 0;
        let see = |hidden: &Tensor| {
            close(
                &format!("encoder.{n_seen}"),
                &hidden.broadcast_mul(&visible).unwrap(),
            );
            n_seen += 1;
        };
        let memory = case
            .model
            .encoder_stages(&case.sources(), &mut pass, see)
            .unwrap();
        assert_eq!(n_seen, 3);
        close("memory", &memory.hidden.broadcast_mul(&visible).unwrap());

        let outputs = case.outputs();
        let counted = case.golden.get("input.target").ge(0.0).unwrap();
        let counted = counted.to_dtype(DType::F32).unwrap().unsqueeze(2).unwrap();
        let mut n_seen = 0;
        let see = |hidden: &Tensor| {
            close(
                &format!("decoder.{n_seen}"),
                &hidden.broadcast_mul(&counted).unwrap(),
            );
            n_seen += 1;
        };
        let inputs = shifted(&outputs);
        let states = case
            .model
            .decoder_stages(&memory, &inputs, &mut pass, see)
            .unwrap();
        assert_eq!(n_seen, 4);
        let logits = case.model.logits(&states, &pass).unwrap();
        close("logits", &logits.broadcast_mul(&counted).unwrap());

        let loss = case
            .model
            .loss(&case.sources(), &outputs, &mut pass)
            .unwrap();
        assert_eq!(loss.n_targets, 15);
        let loss = loss.mean().unwrap();
        let found = loss.to_scalar::<f32>().unwrap();
        assert!(
            (found - case.golden.number("loss")).abs() < TOLERANCE,
            "{name}: {found}"
        );

        let gradients = Gradients::of(&loss, &case.params).unwrap();
        let expected = case.golden.below("gradient.");
        assert_eq!(expected.len(), case.params.trainable().len());
        for (parameter, expected) in expected {
            let found = gradients.get(&parameter).unwrap();
            assert_close(&format!("{name}: {parameter}"), found, &expected, TOLERANCE);
        }
    }
}

#[test]
fn greedy_decoding_equals_transformers_in_a_batch_and_alone() {
    for name in CASES {
        let case = case(name);
        let expected = case.rows("generated.1");
        assert_eq!(greedy(&case.model, &case.sources(), 15), expected, "{name}");
        for (source, expected) in case.sources().into_iter().zip(case.rows("generated.alone")) {
            assert_eq!(greedy(&case.model, &[source], 15), [expected], "{name}");
        }
    }
}

#[test]
fn prepared_weights_decode_nearly_the_same_and_leave_training_alone() {
    // Relative to the size of the logits: bf16 has 8 bits of mantissa, int8 steps of 1/254 a row.
    for (how, bound) in [(DecodingWeights::Bf16, 0.02), (DecodingWeights::Int8, 0.08)] {
        for name in CASES {
            let case = case(name);
            let prepared = case.model.clone().for_decoding(how).unwrap();
            let logits = |model: &Blenderbot| {
                let memory = model.encode(&case.sources()).unwrap();
                let mut cache = model.start(&memory).unwrap();
                let start = vec![vec![model.config().start_id]; cache.n_rows()];
                model.step(&start, &mut cache).unwrap()
            };
            let norm = |tensor: &Tensor| {
                let sum = tensor.sqr().unwrap().sum_all().unwrap();
                sum.to_scalar::<f32>().unwrap().sqrt()
            };
            let (exact, near) = (logits(&case.model), logits(&prepared));
            let off = norm(&(near - &exact).unwrap()) / norm(&exact);
            assert!(off > 0.0 && off < bound, "{name} {how:?}: {off}");
            let loss = |model: &Blenderbot| {
                let mut pass = Pass::train(1, 1);
                let nll = model.loss(&case.sources(), &case.outputs(), &mut pass);
                nll.unwrap().sum.to_scalar::<f32>().unwrap()
            };
            assert_eq!(loss(&case.model).to_bits(), loss(&prepared).to_bits());
        }
    }
}

#[test]
fn the_switch_of_the_decoders_scale_matters() {
    let scaled = config("small-scaled");
    let unscaled = config("small");
    let params = Params::new();
    let embeddings = |config: &BlenderbotConfig| {
        let model = Blenderbot::load(&params.initialiser(3), config).unwrap();
        let memory = model.encode(&[vec![5]]).unwrap();
        let mut first = None;
        let see = |hidden: &Tensor| first = first.take().or_else(|| Some(hidden.clone()));
        let pass = &mut Pass::eval();
        model
            .decoder_stages(&memory, &[vec![1]], pass, see)
            .unwrap();
        first.unwrap()
    };
    let found = difference(&embeddings(&scaled), &embeddings(&unscaled));
    // New embeddings are small, so the norm's epsilon shows: by about 1 %.
    assert!((1e-3..0.1).contains(&found), "{found}");
}

#[test]
fn every_parameter_gets_a_gradient_in_training_except_the_bias_that_is_kept() {
    for name in CASES {
        let case = case(name);
        let mut pass = Pass::train(1, 1);
        let loss = case
            .model
            .loss(&case.sources(), &case.outputs(), &mut pass)
            .unwrap();
        let gradients = Gradients::of(&loss.mean().unwrap(), &case.params).unwrap();
        // A key bias shifts all scores of a query alike, which softmax cannot see.
        let missing = gradients.missing(&case.params).unwrap();
        let is_key_bias = |name: &String| name.ends_with("k_proj.bias");
        assert!(missing.iter().all(is_key_bias), "{name}: {missing:?}");
        let frozen: Vec<String> = case
            .params
            .frozen()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(frozen, ["final_logits_bias"]);
    }
}

#[test]
fn a_few_sequences_are_learned_by_heart_in_both_precisions() {
    for (name, precision) in [("small", Precision::F32), ("large", Precision::Bf16)] {
        let config = config(name);
        let params = Params::new();
        let model = Blenderbot::load(&params.initialiser(3), &config).unwrap();
        let sources = [vec![5, 6, 7], vec![8, 9], vec![10; 7]];
        let outputs = [
            vec![11, 12, 13, 2],
            vec![14, 15, 2],
            vec![16, 17, 18, 19, 20, 2],
        ];
        let group = ParamGroup::new("all", &params, 3e-3, 0.0, |_| true);
        let mut optimiser = AdamW::new(vec![group], AdamWConfig::default()).unwrap();
        for step in 0..150 {
            let mut pass = Pass::train(1, step).with_precision(precision);
            let loss = model
                .loss(&sources, &outputs, &mut pass)
                .unwrap()
                .mean()
                .unwrap();
            let gradients = Gradients::of(&loss, &params).unwrap();
            optimiser.step(&gradients, 1.0).unwrap();
        }
        let loss = model
            .loss(&sources, &outputs, &mut Pass::eval())
            .unwrap()
            .mean()
            .unwrap();
        let loss = loss.to_scalar::<f32>().unwrap();
        assert!(loss < 0.05, "{name}: {loss}");
        let decoded = greedy(&model.with_precision(precision), &sources, 10);
        let expected = outputs.map(|output| [&[1][..], &output].concat());
        assert_eq!(decoded, expected, "{name}");
    }
}

#[test]
fn dropout_repeats_with_its_step_and_is_off_in_evaluation() {
    let case = case("large");
    let run = |mut pass: Pass| {
        let memory = case
            .model
            .encoder_states(&case.sources(), &mut pass)
            .unwrap();
        case.model
            .decoder_states(&memory, &shifted(&case.outputs()), &mut pass)
            .unwrap()
    };
    let first = run(Pass::train(5, 1));
    assert!(difference(&first, &run(Pass::train(5, 1))) == 0.0);
    assert!(difference(&first, &run(Pass::train(5, 2))) > 0.01);
    assert!(difference(&first, &run(Pass::eval())) > 0.01);
}

#[test]
fn bad_rows_and_tokens_are_named() {
    let case = case("small");
    let said = |sources: &[Vec<u32>]| case.model.encode(sources).unwrap_err().to_string();
    assert!(said(&[]).contains("sources"));
    assert!(said(&[vec![5], vec![]]).contains("[1, 0]"));
    assert!(said(&[vec![5; 25]]).contains("1 to 24"));
    assert!(said(&[vec![61]]).contains("61"));
    let memory = case.model.encode(&[vec![5], vec![6]]).unwrap();
    let mut cache = case.model.start(&memory).unwrap();
    let mut step = |tokens: &[Vec<u32>]| case.model.step(tokens, &mut cache).map(|_| ());
    assert!(step(&[vec![1]]).unwrap_err().to_string().contains("2 rows"));
    assert!(
        step(&[vec![1], vec![1, 3]])
            .unwrap_err()
            .to_string()
            .contains("same length")
    );
    step(&[vec![1; 24], vec![1; 24]]).unwrap();
    assert!(
        step(&[vec![1], vec![1]])
            .unwrap_err()
            .to_string()
            .contains("tokens")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn cached_steps_equal_the_whole_and_neither_batch_nor_padding_shows(
        rows in prop::collection::vec(
            (prop::collection::vec(1_u32..61, 1..=10), prop::collection::vec(1_u32..61, 8)),
            1..5,
        ),
        cuts in prop::collection::vec(1_usize..4, 8),
        name in prop::sample::select(CASES.to_vec()),
    ) {
        let model = case(name).model;
        let (sources, outputs): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let pass = &mut Pass::eval();
        let memory = model.encode(&sources).unwrap();
        let states = model.decoder_states(&memory, &outputs, pass).unwrap();
        let whole = model.logits(&states, pass).unwrap();

        let mut cache = model.start(&memory).unwrap();
        let mut at = 0;
        for n_new in cuts {
            let n_new = n_new.min(8 - at);
            if n_new == 0 {
                break;
            }
            let piece: Vec<Vec<u32>> =
                outputs.iter().map(|row| row[at..at + n_new].to_vec()).collect();
            let logits = model.step(&piece, &mut cache).unwrap();
            at += n_new;
            let expected = whole.narrow(1, at - 1, 1).unwrap().squeeze(1).unwrap();
            assert_close("step", &logits, &expected, TOLERANCE);
        }
        for (idx, (source, output)) in sources.iter().zip(&outputs).enumerate() {
            let memory = model.encode(std::slice::from_ref(source)).unwrap();
            let inputs = std::slice::from_ref(output);
            let states = model.decoder_states(&memory, inputs, pass).unwrap();
            let alone = model.logits(&states, pass).unwrap();
            assert_close("alone", &alone, &whole.narrow(0, idx, 1).unwrap(), TOLERANCE);
        }
    }

    #[test]
    fn rows_of_the_cache_can_be_repeated_moved_and_dropped(
        picks in prop::collection::vec(0_usize..4, 1..7),
        tokens in prop::collection::vec(1_u32..61, 7),
    ) {
        let case = case("small");
        let sources = case.sources();
        let memory = case.model.encode(&sources).unwrap();
        let mut cache = case.model.start(&memory).unwrap();
        let first: Vec<Vec<u32>> = (0..4).map(|row| vec![1, 20 + row]).collect();
        case.model.step(&first, &mut cache).unwrap();
        cache.select(&picks).unwrap();
        let next: Vec<Vec<u32>> = picks.iter().zip(&tokens).map(|(_, token)| vec![*token]).collect();
        let found = case.model.step(&next, &mut cache).unwrap();
        for (idx, (&pick, next)) in picks.iter().zip(&next).enumerate() {
            let memory = case.model.encode(&sources[pick..=pick]).unwrap();
            let mut cache = case.model.start(&memory).unwrap();
            let row = [&first[pick][..], next].concat();
            let expected = case.model.step(&[row], &mut cache).unwrap();
            assert_close("row", &found.narrow(0, idx, 1).unwrap(), &expected, TOLERANCE);
        }
    }
}

/// A model folder with these tensors.
fn model_folder(config: &str, tensors: &BTreeMap<String, Tensor>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("config.json"), config).unwrap();
    let file = dir.path().join("model.safetensors");
    checkpoint::write(&file, tensors, &BTreeMap::new(), |_| StoredAs::F32).unwrap();
    dir
}

fn load(folder: &std::path::Path) -> Result<(Blenderbot, Params), NnError> {
    let (config, params) = blenderbot::open(folder)?;
    let model = Blenderbot::load(&params.loader(), &config)?;
    params.check_all_used()?;
    Ok((model, params))
}

#[test]
fn a_folder_is_read_with_its_aliases_and_without_the_bias_and_saved_again() {
    let json = std::fs::read_to_string(folder("blenderbot/small/config.json")).unwrap();
    let case = case("small");
    let mut tensors = case.params.snapshot().unwrap();
    let table = tensors["model.shared.weight"].clone();
    tensors.insert("lm_head.weight".to_owned(), table.copy().unwrap());
    tensors.remove("final_logits_bias");
    let (_, params) = load(model_folder(&json, &tensors).path()).unwrap();
    assert_eq!(params.tensors().len(), case.params.tensors().len());
    let bias = params.tensors()["final_logits_bias"].clone();
    assert!(difference(&bias, &bias.zeros_like().unwrap()) == 0.0);

    // The table under another name only.
    tensors.remove("model.shared.weight");
    let (_, params) = load(model_folder(&json, &tensors).path()).unwrap();
    assert!(difference(&params.tensors()["model.shared.weight"], &table) == 0.0);

    let dir = tempfile::tempdir().unwrap();
    blenderbot::save(dir.path(), &case.config, &case.params).unwrap();
    let (again, _) = load(dir.path()).unwrap();
    let expected = greedy(&case.model, &case.sources(), 15);
    assert_eq!(greedy(&again, &case.sources(), 15), expected);
}

#[test]
fn a_checkpoint_of_another_model_is_an_error_that_says_what_and_where() {
    let json = std::fs::read_to_string(folder("blenderbot/small/config.json")).unwrap();
    let tensors = case("small").params.snapshot().unwrap();
    let said = |json: &str, tensors: &BTreeMap<String, Tensor>| {
        let dir = model_folder(json, tensors);
        let error = load(dir.path()).map(|_| ()).unwrap_err();
        // What a decoder would print: the error and its causes.
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error} {}", cause.unwrap_or_default())
    };
    let other = json.replace("\"blenderbot-small\"", "\"blenderbot\"");
    assert!(said(&other, &tensors).contains("model.encoder.layer_norm.weight"));
    let other = json.replace("\"blenderbot-small\"", "\"bart\"");
    assert!(said(&other, &tensors).contains("bart"));
    let other = json.replace("\"vocab_size\": 61", "\"vocab_size\": 64");
    let vocabulary = said(&other, &tensors);
    assert!(
        vocabulary.contains("[1, 61], expected [1, 64]"),
        "{vocabulary}"
    );
    assert!(vocabulary.contains("model.safetensors"), "{vocabulary}");
    let mut more = tensors.clone();
    more.insert(
        "model.extra".to_owned(),
        tensors["final_logits_bias"].clone(),
    );
    assert!(said(&json, &more).contains("`model.extra`"));
    let mut untied = tensors.clone();
    untied.insert(
        "lm_head.weight".to_owned(),
        (&tensors["model.shared.weight"] * 2.0).unwrap(),
    );
    assert!(said(&json, &untied).contains("`lm_head.weight`"));
    let other = json.replace("\"gelu\"", "\"relu\"");
    assert!(said(&other, &tensors).contains("activation_function"));
}

#[test]
fn added_tokens_get_new_rows_and_change_nothing_else() {
    let case = case("small");
    let mut config = case.config.clone();
    blenderbot::resize_vocabulary(&case.params, &mut config, 61 + 400, 7).unwrap();
    assert_eq!(config.vocab_size, 461);
    let larger = Blenderbot::load(&case.params.loader(), &config).unwrap();
    let table = case.params.tensors()["model.shared.weight"].clone();
    let new = table
        .narrow(0, 61, 400)
        .unwrap()
        .flatten_all()
        .unwrap()
        .to_vec1::<f32>()
        .unwrap();
    let deviation = (new.iter().map(|x| x * x).sum::<f32>() / new.len() as f32).sqrt();
    assert!((deviation - 0.02).abs() < 0.001, "{deviation}");

    let logits = |model: &Blenderbot| {
        let memory = model.encode(&case.sources()).unwrap();
        let mut cache = model.start(&memory).unwrap();
        model.step(&vec![vec![1]; 4], &mut cache).unwrap()
    };
    let (before, after) = (logits(&case.model), logits(&larger));
    assert_eq!(after.dims(), [4, 461]);
    assert_close(
        "old logits",
        &after.narrow(1, 0, 61).unwrap(),
        &before,
        TOLERANCE,
    );
    let smaller = blenderbot::resize_vocabulary(&case.params, &mut config, 460, 7);
    assert!(smaller.unwrap_err().to_string().contains("vocab_size"));
}
