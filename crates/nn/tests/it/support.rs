//! Goldens and comparisons.

use std::{collections::BTreeMap, path::PathBuf};

use smes_nn::{DType, Params, Tensor, checkpoint};

/// A folder of `tests/golden`.
pub(crate) fn folder(case: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(case)
}

/// The tensors of a golden file.
pub(crate) struct Golden(BTreeMap<String, Tensor>);

impl Golden {
    pub(crate) fn read(case: &str) -> Self {
        Self(
            checkpoint::read_file(&folder(case).join("golden.safetensors"))
                .unwrap()
                .tensors,
        )
    }

    pub(crate) fn get(&self, name: &str) -> &Tensor {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("the golden file holds `{name}`"))
    }

    pub(crate) fn number(&self, name: &str) -> f32 {
        self.get(name)
            .flatten_all()
            .unwrap()
            .to_vec1::<f32>()
            .unwrap()[0]
    }

    pub(crate) fn whole_numbers(&self, name: &str) -> Tensor {
        self.get(name).to_dtype(DType::U32).unwrap()
    }

    /// The tensors below a prefix, as the parameters of a model.
    pub(crate) fn params(&self, prefix: &str) -> Params {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("params.safetensors");
        let tensors = self.below(prefix);
        checkpoint::write(&file, &tensors, &BTreeMap::new(), |_| {
            checkpoint::StoredAs::F32
        })
        .unwrap();
        Params::from_safetensors(&file).unwrap()
    }

    /// The tensors below a prefix, which is taken off their names.
    pub(crate) fn below(&self, prefix: &str) -> BTreeMap<String, Tensor> {
        let named = self.0.iter().filter_map(|(name, tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()))
        });
        named.collect()
    }
}

/// The largest difference of two tensors of the same shape.
pub(crate) fn difference(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let numbers = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let pairs = numbers(a).into_iter().zip(numbers(b));
    pairs
        .map(|(a, b)| {
            if a.is_nan() || b.is_nan() {
                f32::INFINITY
            } else {
                (a - b).abs()
            }
        })
        .fold(0.0, f32::max)
}

/// Asserts that a stage agrees to a tolerance relative to its largest number (at least 1).
pub(crate) fn assert_close(stage: &str, found: &Tensor, expected: &Tensor, tolerance: f32) {
    let zeros = expected.zeros_like().unwrap();
    let bound = tolerance * difference(expected, &zeros).max(1.0);
    let found = difference(found, expected);
    assert!(
        found <= bound,
        "{stage}: differs by {found}, allowed {bound}"
    );
}
