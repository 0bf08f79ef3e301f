//! The optimiser beside `torch.optim.AdamW` and `transformers.AdamW`, and resuming.

use std::collections::BTreeMap;

use smes_nn::{
    Gradients, Init, Params, Tensor,
    optim::{AdamW, AdamWConfig, AdamWForm, ParamGroup},
};

use crate::support::{Golden, assert_close, difference};

const FACTORS: [f64; 5] = [0.5, 1.0, 1.0, 0.75, 0.25];

fn optimiser(params: &Params) -> AdamW {
    optimiser_of(AdamWForm::Torch, params)
}

fn optimiser_of(form: AdamWForm, params: &Params) -> AdamW {
    let groups = vec![
        ParamGroup::new("first", params, 1e-2, 0.1, |name| name == "a"),
        ParamGroup::new("second", params, 1e-3, 0.0, |name| name == "b"),
    ];
    let config = AdamWConfig {
        form,
        beta2: 0.98,
        epsilon: 1e-6,
        max_norm: Some(2.0),
        ..Default::default()
    };
    AdamW::new(groups, config).unwrap()
}

/// A loss whose gradient is the given one.
fn gradients(params: &Params, golden: &Golden, step: usize) -> Gradients {
    let mut loss = Tensor::new(0_f32, &smes_nn::Device::Cpu).unwrap();
    for (name, var) in params.trainable() {
        let gradient = golden.get(&format!("gradient.{step}.{name}"));
        let part = (var.as_tensor() * gradient).unwrap().sum_all().unwrap();
        loss = (loss + part).unwrap();
    }
    Gradients::of(&loss, params).unwrap()
}

#[test]
fn five_steps_with_groups_schedule_and_clipping_equal_torch_and_transformers() {
    for (form, case) in [
        (AdamWForm::Torch, "adamw"),
        (AdamWForm::Transformers, "adamw_transformers"),
    ] {
        let golden = Golden::read(case);
        let params = golden.params("start.");
        let mut optimiser = optimiser_of(form, &params);
        for (step, factor) in FACTORS.into_iter().enumerate() {
            let norm = optimiser
                .step(&gradients(&params, &golden, step), factor)
                .unwrap();
            assert!((norm - f64::from(golden.number(&format!("norm.{step}")))).abs() < 1e-4);
            for (name, found) in params.tensors() {
                let expected = golden.get(&format!("after.{step}.{name}"));
                let what = format!("{case}: {name} after step {step}");
                assert_close(&what, &found, expected, 1e-6);
            }
        }
    }
}

/// With gradients this small the forms are as far apart as a test can tell.
#[test]
fn the_forms_are_not_each_other() {
    let golden = Golden::read("adamw_transformers");
    let params = golden.params("start.");
    let mut optimiser = optimiser(&params);
    optimiser
        .step(&gradients(&params, &golden, 0), FACTORS[0])
        .unwrap();
    let found = &params.tensors()["a"];
    assert!(difference(found, golden.get("after.0.a")) > 1e-4);
}

#[test]
fn a_resumed_run_equals_an_uninterrupted_one_to_the_bit() {
    let golden = Golden::read("adamw");
    let dir = tempfile::tempdir().unwrap();
    let (weights, state) = (
        dir.path().join("w.safetensors"),
        dir.path().join("o.safetensors"),
    );
    let params = golden.params("start.");
    let mut uninterrupted = optimiser(&params);
    for (step, factor) in FACTORS.into_iter().enumerate() {
        uninterrupted
            .step(&gradients(&params, &golden, step), factor)
            .unwrap();
        if step == 2 {
            params
                .save(&weights, &BTreeMap::new(), |_| {
                    smes_nn::checkpoint::StoredAs::F32
                })
                .unwrap();
            uninterrupted.save(&state).unwrap();
        }
    }
    let resumed_params = Params::from_safetensors(&weights).unwrap();
    let mut resumed = optimiser(&resumed_params);
    resumed.restore(&state).unwrap();
    assert_eq!(resumed.n_steps(), 3);
    for (step, factor) in FACTORS.into_iter().enumerate().skip(3) {
        resumed
            .step(&gradients(&resumed_params, &golden, step), factor)
            .unwrap();
    }
    let expected = params.tensors();
    for (name, found) in resumed_params.tensors() {
        assert!(difference(&found, &expected[&name]) == 0.0, "{name}");
    }
}

#[test]
fn a_bad_gradient_and_a_foreign_state_change_nothing() {
    let golden = Golden::read("adamw");
    let params = golden.params("start.");
    let before = params.snapshot().unwrap();
    let mut optimiser = optimiser(&params);
    let infinite = (params.trainable()[0].1.as_tensor() * f64::INFINITY).unwrap();
    let bad = Gradients::of(&infinite.sum_all().unwrap(), &params).unwrap();
    assert!(optimiser.step(&bad, 1.0).unwrap_err().hint().is_some());
    let partial = params.trainable()[0].1.sum_all().unwrap();
    let partial = Gradients::of(&partial, &params).unwrap();
    let error = optimiser.step(&partial, 1.0).unwrap_err().to_string();
    assert!(error.contains("`b`") && error.contains("second"), "{error}");
    assert_eq!(optimiser.n_steps(), 0);
    for (name, found) in params.tensors() {
        assert!(difference(&found, &before[&name]) == 0.0, "{name}");
    }

    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state.safetensors");
    optimiser.save(&state).unwrap();
    let other = Params::new();
    other.initialiser(0).get("c", &[2], Init::Zeros).unwrap();
    let group = ParamGroup::new("all", &other, 1.0, 0.0, |_| true);
    let mut foreign = AdamW::new(vec![group], AdamWConfig::default()).unwrap();
    assert!(
        foreign
            .restore(&state)
            .unwrap_err()
            .to_string()
            .contains("c.first")
    );
    let twice = || ParamGroup::new("all", &other, 1.0, 0.0, |_| true);
    assert!(AdamW::new(vec![twice(), twice()], AdamWConfig::default()).is_err());
}
