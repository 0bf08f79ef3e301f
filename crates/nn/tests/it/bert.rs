//! The encoder beside transformers' `BertModel`, and what must hold for any weights.

use proptest::prelude::*;
use smes_nn::{
    Gradients, Params, Pass, Tensor,
    bert::{self, BertConfig, BertEncoder, mean_pool},
    tokenizer::TokenBatch,
};

use crate::support::{Golden, assert_close, difference, folder};

const TOLERANCE: f32 = 1e-5;

fn config() -> BertConfig {
    let json = std::fs::read(folder("bert").join("config.json")).unwrap();
    BertConfig::from_json(&json, "config.json").unwrap()
}

fn golden_encoder(golden: &Golden) -> (Params, BertEncoder) {
    let params = golden.params("param.");
    let encoder = BertEncoder::load(&params.loader(), &config()).unwrap();
    params.check_all_used().unwrap();
    (params, encoder)
}

#[test]
fn every_stage_and_every_gradient_equals_transformers() {
    let golden = Golden::read("bert");
    let (params, encoder) = golden_encoder(&golden);
    let ids = golden.whole_numbers("input.token_ids");
    let mask = golden.whole_numbers("input.attention_mask");
    let visible = golden.get("input.attention_mask").unsqueeze(2).unwrap();

    let stages = encoder
        .hidden_states(&ids, &mask, &mut Pass::eval())
        .unwrap();
    assert_eq!(stages.len(), 4);
    for (idx, stage) in stages.iter().enumerate() {
        let expected = golden.get(&format!("stage.{idx}"));
        let found = stage.broadcast_mul(&visible).unwrap();
        assert_close(&format!("stage {idx}"), &found, expected, TOLERANCE);
    }
    let hidden = encoder.forward(&ids, &mask, &mut Pass::eval()).unwrap();
    let pooled = mean_pool(&hidden, &mask).unwrap();
    assert_close("pooled", &pooled, golden.get("stage.pooled"), TOLERANCE);

    let loss = (pooled * golden.get("input.target"))
        .unwrap()
        .sum_all()
        .unwrap();
    let gradients = Gradients::of(&loss, &params).unwrap();
    let expected = golden.below("gradient.");
    assert_eq!(expected.len(), params.trainable().len());
    for (name, expected) in expected {
        assert_close(&name, gradients.get(&name).unwrap(), &expected, TOLERANCE);
    }
}

#[test]
fn every_trainable_parameter_gets_a_gradient_in_training_and_no_frozen_one() {
    let golden = Golden::read("bert");
    let params = golden.params("param.");
    params.freeze(|name| bert::is_in_lower_layers(name, 1));
    let encoder = BertEncoder::load(&params.loader(), &config()).unwrap();
    let ids = golden.whole_numbers("input.token_ids");
    let mask = golden.whole_numbers("input.attention_mask");
    let hidden = encoder
        .forward(&ids, &mask, &mut Pass::train(1, 1))
        .unwrap();
    let pooled = mean_pool(&hidden, &mask).unwrap();
    let loss = (pooled * golden.get("input.target"))
        .unwrap()
        .sum_all()
        .unwrap();
    let gradients = Gradients::of(&loss, &params).unwrap();
    // A key bias shifts all scores of a query alike, which softmax cannot see: its gradient is
    // zero up to rounding, so it may be listed; nothing else may.
    let missing = gradients.missing(&params).unwrap();
    assert!(
        missing.iter().all(|name| name.ends_with("key.bias")),
        "{missing:?}"
    );
    assert_eq!(params.trainable().len(), 2 * 16);
    for (name, _) in params.frozen() {
        assert!(gradients.get(&name).is_none(), "{name} is frozen");
    }
}

#[test]
fn lower_and_upper_layers_make_the_whole() {
    let golden = Golden::read("bert");
    let (_, encoder) = golden_encoder(&golden);
    let ids = golden.whole_numbers("input.token_ids");
    let mask = golden.whole_numbers("input.attention_mask");
    let whole = encoder.forward(&ids, &mask, &mut Pass::eval()).unwrap();
    for n_lower in 0..=encoder.n_layers() {
        let lower = encoder
            .forward_lower(&ids, &mask, n_lower, &mut Pass::eval())
            .unwrap();
        let upper = encoder
            .forward_upper(&lower, &mask, n_lower, &mut Pass::eval())
            .unwrap();
        assert!(difference(&upper, &whole) == 0.0, "split at {n_lower}");
    }
}

#[test]
fn dropout_repeats_with_its_step_and_changes_with_it() {
    let golden = Golden::read("bert");
    let (_, encoder) = golden_encoder(&golden);
    let ids = golden.whole_numbers("input.token_ids");
    let mask = golden.whole_numbers("input.attention_mask");
    let run = |mut pass: Pass| encoder.forward(&ids, &mask, &mut pass).unwrap();
    let first = run(Pass::train(5, 1));
    assert!(difference(&first, &run(Pass::train(5, 1))) == 0.0);
    assert!(difference(&first, &run(Pass::train(5, 2))) > 0.01);
    assert!(difference(&first, &run(Pass::eval())) > 0.01);
}

#[test]
fn too_many_tokens_and_a_wrong_mask_are_errors() {
    let golden = Golden::read("bert");
    let (_, encoder) = golden_encoder(&golden);
    let long = TokenBatch::pad(&[vec![1; 17]], 0).unwrap();
    let error = encoder.forward(&long.token_ids, &long.attention_mask, &mut Pass::eval());
    assert!(error.unwrap_err().to_string().contains("1..=16"));
    let short = TokenBatch::pad(&[vec![1; 5]], 0).unwrap();
    let error = encoder.forward(&short.token_ids, &long.attention_mask, &mut Pass::eval());
    assert!(error.unwrap_err().to_string().contains("attention_mask"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn padding_and_batching_do_not_change_outputs(
        texts in prop::collection::vec(prop::collection::vec(1_u32..50, 1..=12), 1..5),
        n_extra in 0_usize..4,
    ) {
        let golden = Golden::read("bert");
        let (_, encoder) = golden_encoder(&golden);
        let embed = |batch: &TokenBatch| -> Tensor {
            let mask = &batch.attention_mask;
            let hidden = encoder.forward(&batch.token_ids, mask, &mut Pass::eval()).unwrap();
            mean_pool(&hidden, mask).unwrap()
        };
        let batch = TokenBatch::pad(&texts, 0).unwrap();
        // More padding than the longest text needs, holding tokens that must not be seen.
        let wider = TokenBatch {
            token_ids: batch.token_ids.pad_with_same(1, 0, n_extra).unwrap(),
            attention_mask: batch.attention_mask.pad_with_zeros(1, 0, n_extra).unwrap(),
        };
        let (together, padded) = (embed(&batch), embed(&wider));
        prop_assert!(difference(&together, &padded) < 1e-5);
        for (idx, text) in texts.iter().enumerate() {
            let alone = embed(&TokenBatch::pad(&[text], 0).unwrap());
            prop_assert!(difference(&alone, &together.narrow(0, idx, 1).unwrap()) < 1e-5);
        }
    }
}
