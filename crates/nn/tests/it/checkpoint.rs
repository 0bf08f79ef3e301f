//! Weights on disk.

use std::collections::BTreeMap;

use proptest::prelude::*;
use smes_nn::{
    Device, NnError, Params, Tensor,
    checkpoint::{self, StoredAs},
};

use crate::support::difference;

fn file_with(
    values: &[f32],
    shape: (usize, usize),
    stored_as: StoredAs,
) -> (tempfile::TempDir, u64) {
    let dir = tempfile::tempdir().unwrap();
    let tensor = Tensor::from_slice(values, shape, &Device::Cpu).unwrap();
    let tensors = BTreeMap::from([("table".to_owned(), tensor)]);
    let metadata = BTreeMap::from([("licence".to_owned(), "Apache-2.0".to_owned())]);
    let path = dir.path().join("w.safetensors");
    let size = checkpoint::write(&path, &tensors, &metadata, |_| stored_as).unwrap();
    (dir, size)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_is_saved_is_read_within_the_precision_of_its_storage(
        (rows, width, values) in (1_usize..6, 1_usize..9).prop_flat_map(|(rows, width)| {
            let values = prop::collection::vec(-30.0_f32..30.0, rows * width);
            (Just(rows), Just(width), values)
        }),
    ) {
        for (stored_as, relative) in
            [(StoredAs::F32, 0.0), (StoredAs::F16, 1.0 / 2048.0), (StoredAs::Int8Rows, 0.5 / 127.0)]
        {
            let (dir, size) = file_with(&values, (rows, width), stored_as);
            let path = dir.path().join("w.safetensors");
            prop_assert_eq!(std::fs::metadata(&path).unwrap().len(), size);
            prop_assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
            let read = checkpoint::read_file(&path).unwrap();
            prop_assert_eq!(read.metadata["licence"].as_str(), "Apache-2.0");
            prop_assert_eq!(read.tensors.len(), 1);
            let found = read.tensors["table"].to_vec2::<f32>().unwrap();
            for (found, row) in found.iter().zip(values.chunks(width)) {
                let largest = row.iter().fold(0_f32, |largest, value| largest.max(value.abs()));
                for (found, value) in found.iter().zip(row) {
                    prop_assert!((found - value).abs() <= largest * relative * 1.001);
                }
            }
        }
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_that_names_it_and_never_a_panic(cut in 0.0_f64..1.0) {
        let (dir, size) = file_with(&[0.5; 12], (3, 4), StoredAs::Int8Rows);
        let bytes = std::fs::read(dir.path().join("w.safetensors")).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let cut = (size as f64 * cut) as usize;
        let error = Params::from_bytes(&bytes[..cut], "models/w.safetensors").unwrap_err();
        prop_assert!(matches!(error, NnError::FileSize { .. }), "{error:?}");
        let text = error.to_string();
        prop_assert!(text.contains("models/w.safetensors") && text.contains("size"), "{text}");
        prop_assert!(error.hint().unwrap().contains("cut short"));
    }
}

#[test]
fn a_file_that_is_too_long_or_no_checkpoint_is_named() {
    let (dir, size) = file_with(&[1.0; 4], (2, 2), StoredAs::F32);
    let mut bytes = std::fs::read(dir.path().join("w.safetensors")).unwrap();
    bytes.extend([0; 3]);
    let error = Params::from_bytes(&bytes, "w").unwrap_err().to_string();
    assert!(error.contains(&format!("{} bytes", size + 3)), "{error}");
    assert!(error.contains(&format!("announces {size}")), "{error}");
    for foreign in [
        &b"GGUF\x03\0\0\0 a file of another kind"[..],
        b"\x08\0\0\0\0\0\0\0not json",
    ] {
        let error = Params::from_bytes(foreign, "w").unwrap_err();
        assert!(matches!(error, NnError::NotSafetensors { .. }), "{error:?}");
    }
    let absent = Params::from_safetensors(dir.path().join("absent")).unwrap_err();
    assert!(absent.to_string().contains("absent"));
}

#[test]
fn quantised_rows_without_their_scale_are_an_error() {
    let (dir, _) = file_with(&[1.0; 4], (2, 2), StoredAs::Int8Rows);
    let bytes = std::fs::read(dir.path().join("w.safetensors")).unwrap();
    let text: Vec<u8> = bytes.clone();
    let at = text
        .windows(11)
        .position(|window| window == b"table.scale")
        .unwrap();
    let mut renamed = text;
    renamed[at..at + 11].copy_from_slice(b"other.scale");
    let error = Params::from_bytes(&renamed, "w").unwrap_err().to_string();
    assert!(error.contains("table.scale"), "{error}");
}

#[test]
fn only_matrices_are_quantised_and_a_failed_write_keeps_what_was_there() {
    let (dir, size) = file_with(&[1.0; 4], (2, 2), StoredAs::F32);
    let path = dir.path().join("w.safetensors");
    let vector = Tensor::new(&[1_f32], &Device::Cpu).unwrap();
    let tensors = BTreeMap::from([("bias".to_owned(), vector)]);
    let error = checkpoint::write(&path, &tensors, &BTreeMap::new(), |_| StoredAs::Int8Rows);
    assert!(matches!(error, Err(NnError::NotAMatrix { .. })));
    assert_eq!(std::fs::metadata(&path).unwrap().len(), size);
    let nowhere = dir.path().join("absent").join("w.safetensors");
    let error = checkpoint::write(&nowhere, &tensors, &BTreeMap::new(), |_| StoredAs::F32);
    assert!(matches!(error, Err(NnError::Write { .. })));
}

#[test]
fn frozen_and_ignored_parameters_survive_a_round_trip() {
    let (dir, _) = file_with(&[1.0, 2.0, 3.0, 4.0], (2, 2), StoredAs::F32);
    let params = Params::from_safetensors(dir.path().join("w.safetensors")).unwrap();
    params.freeze(|_| true);
    assert!(params.trainable().is_empty());
    let again = dir.path().join("again.safetensors");
    params
        .save(&again, params.metadata(), |_| StoredAs::F32)
        .unwrap();
    let read = Params::from_safetensors(&again).unwrap();
    assert!(difference(&read.tensors()["table"], &params.tensors()["table"]) == 0.0);
    let none = Params::from_safetensors_except(&again, &["tab"]).unwrap();
    assert_eq!(none.n_elements(), 0);
}
