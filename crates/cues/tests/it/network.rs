//! The face network beside PyTorch, and the proof that all of it learns.

use std::path::Path;

use smes_cues::face::expression::{FaceModelConfig, FaceNet};
use smes_nn::loss::{CrossEntropy, cross_entropy};
use smes_nn::{Device, Gradients, Params, Pass, Tensor, checkpoint};

fn config(side: usize, layers: &[(usize, usize)]) -> FaceModelConfig {
    FaceModelConfig {
        version: 1,
        expressions: "faces-6".to_owned(),
        side,
        margin: 1.2,
        layers: layers.to_vec(),
        dropout: 0.0,
        temperature: 1.0,
    }
}

fn assert_near(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let numbers = |t: &Tensor| t.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    for (found, expected) in numbers(found).iter().zip(numbers(expected)) {
        let near = 2e-5 * expected.abs().max(1.0);
        assert!(
            (found - expected).abs() < near,
            "{what}: {found} {expected}"
        );
    }
}

#[test]
fn logits_and_gradients_equal_torch() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/face/golden.safetensors");
    let read = checkpoint::read_file(&file).unwrap();
    let golden = read.tensors.clone();
    let params = Params::from_checkpoint(read, "golden").unwrap();
    let place = params.loader().part("param");
    let net = FaceNet::load(&place, &config(17, &[(4, 2), (6, 1), (5, 2)]), 6).unwrap();
    let logits = net.forward(&golden["input.x"], &mut Pass::eval()).unwrap();
    assert_near("logits", &logits, &golden["logits"]);
    let loss = (logits * &golden["input.target"])
        .unwrap()
        .sum_all()
        .unwrap();
    let gradients = Gradients::of(&loss, &params).unwrap();
    let mut n_compared = 0;
    for (name, expected) in &golden {
        if let Some(name) = name.strip_prefix("gradient.") {
            let found = gradients.get(&format!("param.{name}"));
            assert_near(name, found.expect("a gradient"), expected);
            n_compared += 1;
        }
    }
    assert_eq!(n_compared, 14);
}

#[test]
fn every_parameter_gets_a_gradient() {
    let params = Params::new();
    let config = config(20, &[(4, 2), (6, 2), (5, 1)]);
    let net = FaceNet::load(&params.initialiser(2), &config, 6).unwrap();
    let x = Tensor::randn(0_f32, 1.0, (4, 20, 20, 1), &Device::Cpu).unwrap();
    let logits = net.forward(&x, &mut Pass::train(1, 0)).unwrap();
    let targets = [0, 1, 4, 5].map(Some);
    let loss = cross_entropy(&logits, &targets, &CrossEntropy::default()).unwrap();
    let gradients = Gradients::of(&loss, &params).unwrap();
    assert_eq!(gradients.missing(&params).unwrap(), Vec::<String>::new());
}
