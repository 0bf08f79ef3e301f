//! Each processor beside the `LogitsProcessor` of its name in transformers, and all of a search in the
//! order in which `generate` applies them.

use serde::Deserialize;
use smes_nn::generation::{
    BarredTokens, EncoderNoRepeatNgram, ForcedEos, GenerationSettings, LogitsProcessor, MinLength,
    Moment, NoRepeatNgram, RepetitionPenalty, Temperature, TopK, TopP,
};

use smes_nn::seq2seq::Seq2SeqConfig;

use crate::support::{Golden, folder};

const EOS: u32 = 2;

#[derive(Deserialize)]
struct Case {
    name: String,
    #[serde(default)]
    value: f32,
    #[serde(default)]
    tokens: Vec<u32>,
    settings: Option<GenerationSettings>,
}

/// The processors of a case: one, or all of a search.
fn processors(case: &Case) -> Vec<Box<dyn LogitsProcessor>> {
    let model = Seq2SeqConfig {
        pad_id: 0,
        start_id: 1,
        eos_id: EOS,
        max_positions: 100,
        vocab_size: 23,
    };
    match &case.settings {
        Some(settings) => settings.processors(&model),
        None => vec![processor(case)],
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the goldens hold small whole numbers there"
)]
fn processor(case: &Case) -> Box<dyn LogitsProcessor> {
    let n = case.value as usize;
    match case.name.as_str() {
        "repetition_penalty" => Box::new(RepetitionPenalty {
            penalty: case.value,
        }),
        "no_repeat_ngram" => Box::new(NoRepeatNgram { n }),
        "encoder_no_repeat_ngram" => Box::new(EncoderNoRepeatNgram { n }),
        "barred_tokens" => Box::new(BarredTokens {
            token_ids: case.tokens.clone(),
        }),
        "min_length" => Box::new(MinLength {
            min_length: n,
            eos_id: EOS,
        }),
        "forced_eos" => Box::new(ForcedEos {
            max_length: n,
            eos_id: EOS,
        }),
        "temperature" => Box::new(Temperature {
            temperature: case.value,
        }),
        "top_k" => Box::new(TopK { k: n }),
        "top_p" => Box::new(TopP { p: case.value }),
        other => panic!("no processor `{other}`"),
    }
}

#[test]
fn every_processor_equals_that_of_transformers() {
    let golden = Golden::read("processors");
    let json = std::fs::read(folder("processors").join("cases.json")).unwrap();
    let cases: Vec<Case> = serde_json::from_slice(&json).unwrap();
    let mut n_barred = 0;
    for (idx, case) in cases.iter().enumerate() {
        let rows = |what: &str| {
            golden
                .whole_numbers(&format!("{idx}.{what}"))
                .to_vec2::<u32>()
        };
        let numbers = |what: &str| {
            golden
                .get(&format!("{idx}.{what}"))
                .to_vec2::<f32>()
                .unwrap()
        };
        let outputs = rows("outputs").unwrap();
        let sources = if ["encoder_no_repeat_ngram", "chain"].contains(&case.name.as_str()) {
            rows("sources").unwrap()
        } else {
            vec![Vec::new(); outputs.len()]
        };
        let processors = processors(case);
        let (scores, expected) = (numbers("scores"), numbers("result"));
        for (row, mut found) in scores.into_iter().enumerate() {
            let moment = Moment {
                output: &outputs[row],
                source: &sources[row],
            };
            for processor in &processors {
                processor.apply(moment, &mut found);
            }
            for (token, (found, expected)) in found.iter().zip(&expected[row]).enumerate() {
                let found = found.max(-1e30);
                n_barred += usize::from(found <= -1e30);
                assert!(
                    (found - expected).abs() <= 1e-6 * expected.abs(),
                    "{} {}: row {row}, token {token}: {found} is not {expected}",
                    case.name,
                    case.value
                );
            }
        }
    }
    assert!(n_barred > 1000, "the cases bar something: {n_barred}");
}
