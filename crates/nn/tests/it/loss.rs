//! The losses beside PyTorch.

use smes_nn::{
    Device, Gradients, Params, Tensor,
    loss::{CrossEntropy, cross_entropy, huber, in_batch_ranking},
};

use crate::support::{Golden, assert_close, difference};

fn targets(golden: &Golden) -> Vec<Option<u32>> {
    let stored = golden.get("targets").to_vec1::<f32>().unwrap();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "class indices"
    )]
    stored
        .into_iter()
        .map(|target| (target >= 0.0).then_some(target as u32))
        .collect()
}

#[test]
fn cross_entropy_equals_torch_with_and_without_weights_and_smoothing() {
    let golden = Golden::read("loss");
    let weights = golden.get("weights").to_vec1::<f32>().unwrap();
    for (case, weighted, label_smoothing) in [
        ("plain", false, 0.0),
        ("smoothed", false, 0.2),
        ("weighted", true, 0.0),
        ("both", true, 0.2),
    ] {
        let params = golden.params("logits");
        let logits = params
            .loader()
            .get("", &[6, 4], smes_nn::Init::Zeros)
            .unwrap();
        let class_weights = weighted.then(|| weights.clone());
        let options = CrossEntropy {
            class_weights,
            label_smoothing,
        };
        let loss = cross_entropy(&logits, &targets(&golden), &options).unwrap();
        let expected = golden.number(&format!("{case}.loss"));
        assert!(
            (loss.to_scalar::<f32>().unwrap() - expected).abs() < 1e-5,
            "{case}"
        );
        let gradients = Gradients::of(&loss, &params).unwrap();
        let expected = golden.get(&format!("{case}.gradient"));
        assert_close(case, gradients.get("").unwrap(), expected, 1e-6);
    }
}

#[test]
fn nothing_to_learn_is_a_zero_loss_with_a_zero_gradient() {
    let golden = Golden::read("loss");
    let params: Params = golden.params("logits");
    let logits = params
        .loader()
        .get("", &[6, 4], smes_nn::Init::Zeros)
        .unwrap();
    let loss = cross_entropy(&logits, &[None; 6], &CrossEntropy::default()).unwrap();
    assert!(loss.to_scalar::<f32>().unwrap().abs() < 1e-12);
    let gradient = Gradients::of(&loss, &params).unwrap();
    let gradient = gradient.get("").unwrap();
    assert!(difference(gradient, &gradient.zeros_like().unwrap()) == 0.0);
    let too_large = cross_entropy(&logits, &[Some(4); 6], &CrossEntropy::default());
    assert!(too_large.unwrap_err().to_string().contains("below 4"));
}

#[test]
fn ranking_equals_torch_and_does_not_hold_equal_responses_against_each_other() {
    let golden = Golden::read("loss");
    let params = golden.params("ranking.");
    let loader = params.loader();
    let contexts = loader
        .get("contexts", &[4, 5], smes_nn::Init::Zeros)
        .unwrap();
    let responses = loader
        .get("responses", &[4, 5], smes_nn::Init::Zeros)
        .unwrap();
    let loss = in_batch_ranking(&contexts, &responses, &[10, 11, 12, 11], 7.0).unwrap();
    assert!((loss.to_scalar::<f32>().unwrap() - golden.number("ranking.loss")).abs() < 1e-5);
    let gradients = Gradients::of(&loss, &params).unwrap();
    for name in ["contexts", "responses"] {
        let expected = golden.get(&format!("ranking.gradient.{name}"));
        assert_close(name, gradients.get(name).unwrap(), expected, 1e-5);
    }
}

/// By hand: distances of 0.5, -1, -3 and 0 weigh 0.125, 0.5, 2.5 and 0, with slopes 0.5, -1, -1 and 0.
#[test]
fn hubers_loss_is_square_within_one_and_straight_beyond() {
    let params = Params::new();
    let place = params.initialiser(1);
    let found = place.get("found", &[2, 2], smes_nn::Init::Zeros).unwrap();
    let wanted = Tensor::new(&[[-0.5_f32, 1.0], [3.0, 0.0]], &Device::Cpu).unwrap();
    let loss = huber(&found, &wanted).unwrap();
    assert!((loss.to_scalar::<f32>().unwrap() - 3.125 / 4.0).abs() < 1e-6);
    let gradients = Gradients::of(&loss, &params).unwrap();
    let slopes = Tensor::new(&[[0.125_f32, -0.25], [-0.25, 0.0]], &Device::Cpu).unwrap();
    assert_close("slopes", gradients.get("found").unwrap(), &slopes, 1e-6);
    let other = Tensor::new(&[0.0_f32], &Device::Cpu).unwrap();
    assert!(huber(&found, &other).is_err());
}
