//! The networks of expressions and heads beside PyTorch, and the proof that every parameter of each network learns.

use std::path::Path;

use proptest::prelude::*;
use smes_cues::CueError;
use smes_cues::emotion::{N_INPUTS, VoiceModelConfig, VoiceNet};
use smes_cues::face::expression::{FaceModelConfig, FaceNet};
use smes_cues::face::head::{HeadModelConfig, HeadNet, HeadPose, HeadReader};
use smes_cues::face::{Grey, mirrored};
use smes_nn::loss::{CrossEntropy, cross_entropy, huber};
use smes_nn::{Device, Gradients, NnError, ParamLoader, Params, Pass, Tensor, checkpoint};

const LAYERS: [(usize, usize); 3] = [(4, 2), (6, 1), (5, 2)];

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

fn head_config(side: usize) -> HeadModelConfig {
    HeadModelConfig {
        version: 1,
        side,
        margin: 1.2,
        layers: LAYERS.to_vec(),
        dropout: 0.0,
        error: HeadPose::default(),
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

/// Compares what a network gives, and the gradients of its sum times a target.
fn assert_like_torch(
    case: &str,
    output: &str,
    run: impl Fn(&ParamLoader<'_>, &Tensor) -> Result<Tensor, NnError>,
) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let read = checkpoint::read_file(&folder.join(case).join("golden.safetensors")).unwrap();
    let golden = read.tensors.clone();
    let params = Params::from_checkpoint(read, "golden").unwrap();
    let found = run(&params.loader().part("param"), &golden["input.x"]).unwrap();
    assert_near(output, &found, &golden[output]);
    let loss = (found * &golden["input.target"])
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
fn logits_and_gradients_equal_torch() {
    assert_like_torch("face", "logits", |place, x| {
        FaceNet::load(place, &config(17, &LAYERS), 6)?.forward(x, &mut Pass::eval())
    });
}

#[test]
fn angles_and_gradients_equal_torch() {
    assert_like_torch("head", "angles", |place, x| {
        HeadNet::load(place, &head_config(17))?.forward(x, &mut Pass::eval())
    });
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

#[test]
fn every_parameter_of_a_head_gets_a_gradient() {
    let params = Params::new();
    let net = HeadNet::load(&params.initialiser(2), &head_config(20)).unwrap();
    let x = Tensor::randn(0_f32, 1.0, (4, 20, 20, 1), &Device::Cpu).unwrap();
    let angles = net.forward(&x, &mut Pass::train(1, 0)).unwrap();
    let targets = Tensor::randn(0_f32, 2.0, (4, 3), &Device::Cpu).unwrap();
    let gradients = Gradients::of(&huber(&angles, &targets).unwrap(), &params).unwrap();
    assert_eq!(gradients.missing(&params).unwrap(), Vec::<String>::new());
}

#[test]
fn every_parameter_of_a_voice_gets_a_gradient() {
    let params = Params::new();
    let config = VoiceModelConfig {
        version: 2,
        emotions: "emodb-7".to_owned(),
        n_members: 3,
        hidden_size: 5,
        input_dropout: 0.2,
        dropout: 0.2,
        prior_clips: 1.0,
        temperature: 1.0,
    };
    VoiceNet::load(&params.initialiser(2), &config, 7).unwrap();
    VoiceNet::set_moments(&params, &[0.0; N_INPUTS], &[1.0; N_INPUTS]).unwrap();
    let net = VoiceNet::load(&params.loader(), &config, 7).unwrap();
    let x = Tensor::randn(0_f32, 1.0, (8, N_INPUTS), &Device::Cpu).unwrap();
    let votes = net.forward(&x, &mut Pass::train(1, 0)).unwrap();
    let targets: Vec<Option<u32>> = (0..8).map(|i| Some(i % 7)).collect();
    let losses = votes
        .iter()
        .map(|vote| cross_entropy(vote, &targets, &CrossEntropy::default()).unwrap());
    let losses: Vec<Tensor> = losses.collect();
    let loss = Tensor::stack(&losses, 0).unwrap().sum_all().unwrap();
    let gradients = Gradients::of(&loss, &params).unwrap();
    assert_eq!(gradients.missing(&params).unwrap(), Vec::<String>::new());
}

#[test]
fn a_damaged_head_model_is_refused_with_what_is_wrong() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/head");
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let (config, weights) = (read("config.toml"), read("weights.safetensors"));
    let load = |config: &[u8], weights: &[u8]| HeadReader::from_parts(config, weights, "m");
    assert!(load(&config, &weights).is_ok());
    let text = String::from_utf8(config.clone()).unwrap();
    let newer = text.replace("version = 1", "version = 2");
    let wider = text.replace("side = 48", "side = 64");
    for (config, expected) in [
        (newer.as_str(), "its version is 2, expected 1"),
        ("version = 1", "missing field"),
        (&wider, "head.weight"),
    ] {
        let error = load(config.as_bytes(), &weights).unwrap_err();
        let said = error.to_string();
        assert!(said.contains(expected), "{config}: {said}");
    }
    for bad in [&weights[..weights.len() / 2], &[]] {
        let error = load(&config, bad).unwrap_err();
        assert!(matches!(error, CueError::Nn(_)), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Of any picture, also of one that shows no face.
    #[test]
    fn a_mirror_image_has_the_mirrored_pose(pixels in prop::collection::vec(any::<u8>(), 48 * 48)) {
        let face = Grey::new(48, 48, pixels).unwrap();
        let heads = HeadReader::embedded().unwrap();
        let found = heads.read(&[&face, &mirrored(&face)]).unwrap();
        let pairs = found[0].angles().into_iter().zip(found[1].mirrored().angles());
        for (angle, of_image) in pairs {
            prop_assert!(angle.is_finite() && (angle - of_image).abs() < 1e-3, "{found:?}");
        }
    }
}
