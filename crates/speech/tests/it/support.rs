//! The taught model and the sounds of the golden files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use smes_media::Audio;
use smes_nn::{Tensor, checkpoint};

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/whisper")
}

pub(crate) fn model_folder() -> PathBuf {
    folder().join("model")
}

#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) language: String,
    pub(crate) prompt: Vec<u32>,
    pub(crate) forced: Vec<u32>,
    pub(crate) text: String,
    pub(crate) no_speech: f32,
}

/// The cases, and the tensors that belong to them.
pub(crate) struct Golden {
    pub(crate) cases: Vec<Case>,
    tensors: BTreeMap<String, Tensor>,
}

impl Golden {
    pub(crate) fn read() -> Self {
        let cases = fs_err::read(folder().join("cases.json")).unwrap();
        let file = checkpoint::read_file(&folder().join("golden.safetensors")).unwrap();
        Self {
            cases: serde_json::from_slice(&cases).unwrap(),
            tensors: file.tensors,
        }
    }

    pub(crate) fn get(&self, name: &str) -> &Tensor {
        &self.tensors[name]
    }

    pub(crate) fn numbers(&self, name: &str) -> Vec<f32> {
        self.get(name).flatten_all().unwrap().to_vec1().unwrap()
    }

    pub(crate) fn sound(&self, number: usize) -> Audio {
        audio(self.numbers(&format!("sound.{number}")))
    }
}

pub(crate) fn audio(samples: Vec<f32>) -> Audio {
    Audio {
        samples,
        sample_rate: 16_000,
    }
}

/// The largest difference of two rows of numbers.
pub(crate) fn difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let far = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    far.fold(0.0, |most, far| {
        if far.is_nan() {
            f32::NAN
        } else {
            most.max(far)
        }
    })
}
