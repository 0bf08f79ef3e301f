//! Greedy and beam search beside transformers' `generate`, token for token, and what holds for any
//! model.

use proptest::prelude::*;
use serde::Deserialize;
use smes_nn::blenderbot::{Blenderbot, BlenderbotConfig};
use smes_nn::generation::{
    BeamSearch, Decoding, EarlyStopping, GenerationSettings, Output, Sampling, Session,
};

use crate::support::{Golden, folder};

const FAMILIES: [&str; 2] = ["generation_small", "generation_large"];
const EOS: u32 = 2;

#[derive(Deserialize)]
struct Cases {
    sources: Vec<Vec<u32>>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    settings: Settings,
    begun: Vec<Vec<u32>>,
    outputs: Vec<Vec<u32>>,
}

/// Arguments of `generate`, by its names.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    max_length: usize,
    #[serde(default)]
    min_length: usize,
    forced_eos_token_id: Option<u32>,
    no_repeat_ngram_size: Option<usize>,
    encoder_no_repeat_ngram_size: Option<usize>,
    repetition_penalty: Option<f32>,
    #[serde(default)]
    bad_words_ids: Vec<Vec<u32>>,
    num_beams: Option<usize>,
    length_penalty: Option<f64>,
    early_stopping: Option<serde_json::Value>,
}

impl Settings {
    fn ours(&self) -> GenerationSettings {
        let early_stopping = match &self.early_stopping {
            None => EarlyStopping::WhenUnlikely,
            Some(serde_json::Value::Bool(true)) => EarlyStopping::WhenFull,
            Some(other) => {
                assert_eq!(other, "never");
                EarlyStopping::WhenImpossible
            }
        };
        let beam = |n_beams| BeamSearch {
            n_beams,
            length_penalty: self.length_penalty.unwrap_or(1.0),
            early_stopping,
        };
        GenerationSettings {
            decoding: self
                .num_beams
                .map_or(Decoding::Greedy, |n| Decoding::Beam(beam(n))),
            min_length: self.min_length,
            max_length: self.max_length,
            forced_eos: self.forced_eos_token_id.is_some(),
            repetition_penalty: self.repetition_penalty,
            no_repeat_ngram: self.no_repeat_ngram_size,
            encoder_no_repeat_ngram: self.encoder_no_repeat_ngram_size,
            barred: self.bad_words_ids.concat(),
        }
    }
}

fn read(family: &str) -> (Blenderbot, Cases) {
    let json = std::fs::read(folder(family).join("config.json")).unwrap();
    let config = BlenderbotConfig {
        // As transformers 5 has it.
        scale_decoder_embedding: family == "generation_large",
        ..BlenderbotConfig::from_json(&json, "config.json").unwrap()
    };
    let params = Golden::read(family).params("");
    let model = Blenderbot::load(&params.loader(), &config).unwrap();
    params.check_all_used().unwrap();
    let cases = std::fs::read(folder(family).join("cases.json")).unwrap();
    (model, serde_json::from_slice(&cases).unwrap())
}

/// The outputs of sources, begun with the given tokens (start token first).
fn generate(
    model: &Blenderbot,
    sources: &[Vec<u32>],
    begun: &[Vec<u32>],
    settings: &GenerationSettings,
) -> Vec<Output> {
    let mut session = Session::begin(model, sources).unwrap();
    for place in 1..begun[0].len() {
        let tokens: Vec<u32> = begun.iter().map(|begun| begun[place]).collect();
        session.feed(&tokens).unwrap();
    }
    let mut heard = vec![Vec::new(); sources.len()];
    let outputs = session
        .generate(settings, &mut |row, token| heard[row].push(token))
        .unwrap();
    let made: Vec<Vec<u32>> = outputs.iter().map(|one| one.token_ids.clone()).collect();
    assert_eq!(heard, made, "what is heard is what is made");
    outputs
}

#[test]
fn every_search_makes_the_tokens_of_transformers() {
    for family in FAMILIES {
        let (model, cases) = read(family);
        for case in &cases.cases {
            let settings = case.settings.ours();
            let found = generate(&model, &cases.sources, &case.begun, &settings);
            for (row, (found, expected)) in found.iter().zip(&case.outputs).enumerate() {
                let whole = [&case.begun[row][..], &found.token_ids[..]].concat();
                assert_eq!(&whole, expected, "{family} {:?} row {row}", case.settings);
                assert_eq!(found.has_ended, expected.last() == Some(&EOS));
            }
        }
    }
}

#[test]
fn a_source_alone_has_the_output_that_it_has_in_a_batch() {
    let (model, cases) = read("generation_small");
    let sampled = GenerationSettings {
        decoding: Decoding::Sample(Sampling {
            temperature: 1.3,
            top_k: Some(20),
            top_p: Some(0.95),
            seed: 5,
        }),
        ..GenerationSettings::greedy(20)
    };
    let beam = Settings {
        num_beams: Some(3),
        ..serde_json::from_str(r#"{"max_length": 20}"#).unwrap()
    };
    let begun = vec![vec![1]; cases.sources.len()];
    for settings in [GenerationSettings::greedy(20), sampled, beam.ours()] {
        let together = generate(&model, &cases.sources, &begun, &settings);
        for (source, together) in cases.sources.iter().zip(&together) {
            let alone = generate(&model, std::slice::from_ref(source), &[vec![1]], &settings);
            assert_eq!(&alone[0], together, "{settings:?}");
        }
    }
}

#[test]
fn seeds_decide_what_is_sampled_and_a_narrow_nucleus_is_greedy() {
    let (model, cases) = read("generation_small");
    let begun = vec![vec![1]; cases.sources.len()];
    let sample = |seed, top_p, temperature| {
        let settings = GenerationSettings {
            decoding: Decoding::Sample(Sampling {
                temperature,
                top_k: None,
                top_p,
                seed,
            }),
            ..GenerationSettings::greedy(20)
        };
        generate(&model, &cases.sources, &begun, &settings)
    };
    assert_eq!(sample(1, None, 2.0), sample(1, None, 2.0));
    assert_ne!(sample(1, None, 2.0), sample(2, None, 2.0));
    let greedy = generate(
        &model,
        &cases.sources,
        &begun,
        &GenerationSettings::greedy(20),
    );
    assert_eq!(sample(1, Some(1e-6), 1.0), greedy);
}

#[test]
fn lengths_beyond_the_model_and_vocabularies_that_are_all_barred_are_errors() {
    let (model, cases) = read("generation_small");
    let run = |settings: &GenerationSettings| {
        let session = Session::begin(&model, &cases.sources).unwrap();
        session
            .generate(settings, &mut |_, _| ())
            .unwrap_err()
            .to_string()
    };
    let error = run(&GenerationSettings::greedy(50));
    assert!(
        error.contains("max_length") && error.contains("50"),
        "{error}"
    );
    let barred = GenerationSettings {
        barred: (0..61).collect(),
        ..GenerationSettings::greedy(10)
    };
    let error = run(&barred);
    assert!(error.contains("position 1 of output 0"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn outputs_keep_their_bounds(
        max_length in 3_usize..20,
        min_length in 0_usize..20,
        forced_eos: bool,
        n_beams in 0_usize..5,
        barred in prop::collection::vec(3_u32..61, 0..20),
    ) {
        let (model, cases) = read("generation_large");
        let beam = BeamSearch {
            n_beams,
            length_penalty: 1.0,
            early_stopping: EarlyStopping::WhenFull,
        };
        let settings = GenerationSettings {
            decoding: if n_beams == 0 { Decoding::Greedy } else { Decoding::Beam(beam) },
            min_length: min_length.min(max_length),
            forced_eos,
            barred: barred.clone(),
            no_repeat_ngram: Some(2),
            ..GenerationSettings::greedy(max_length)
        };
        let begun = vec![vec![1]; cases.sources.len()];
        for output in generate(&model, &cases.sources, &begun, &settings) {
            let whole = 1 + output.token_ids.len();
            prop_assert!(whole <= max_length);
            // The end token needs the least length before it, unless it is forced.
            let is_forced = forced_eos && whole == max_length;
            let least = settings.min_length;
            prop_assert!(!output.has_ended || whole > least || is_forced);
            prop_assert!(!forced_eos || output.has_ended);
            prop_assert!(output.words().iter().all(|token| !barred.contains(token)));
            let mut runs: Vec<&[u32]> = output.words().windows(2).collect();
            runs.sort_unstable();
            let n_runs = runs.len();
            runs.dedup();
            prop_assert_eq!(runs.len(), n_runs);
        }
    }
}
