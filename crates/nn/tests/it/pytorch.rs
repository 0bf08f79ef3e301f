//! Files of `torch.save`, beside what PyTorch reads in them.

use proptest::prelude::*;
use smes_nn::{
    NnError, Params,
    checkpoint::{self, PytorchError},
};

use crate::support::{Golden, difference, folder};

fn bytes(file: &str) -> Vec<u8> {
    std::fs::read(folder("pytorch").join(file)).unwrap()
}

fn fault(file: &str) -> (String, PytorchError) {
    let error = checkpoint::read(&bytes(file), file, &[]).unwrap_err();
    assert!(error.to_string().contains(file) && error.hint().is_some());
    match error {
        NnError::Pytorch { source, .. } => (source.to_string(), source),
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_forms_hold_what_torch_reads_views_and_number_types_included() {
    let golden = Golden::read("pytorch");
    for file in ["zip.bin", "stream.bin"] {
        let path = folder("pytorch").join(file);
        let read = checkpoint::read_file(&path).unwrap().tensors;
        let expected = golden.below("");
        assert!(read.keys().eq(expected.keys()), "{file}");
        for (name, found) in &read {
            assert!(difference(found, &expected[name]) == 0.0, "{file}: {name}");
        }
        // Tied weights are one tensor.
        assert_eq!(read["table"].id(), read["tied"].id(), "{file}");
    }
}

#[test]
fn the_attributes_of_a_state_dict_are_passed_over() {
    let read = checkpoint::read(&bytes("module.bin"), "module.bin", &[])
        .unwrap()
        .tensors;
    let names: Vec<&str> = read.keys().map(String::as_str).collect();
    assert_eq!(names, ["0.weight", "1.bias", "1.weight"]);
}

#[test]
fn whole_numbers_are_an_error_unless_they_are_left_out() {
    let bytes = bytes("whole-numbers.bin");
    let error = Params::from_bytes(&bytes, "w.bin").unwrap_err().to_string();
    assert!(
        error.contains("`positions`") && error.contains("`i64`"),
        "{error}"
    );
    let read = checkpoint::read(&bytes, "w.bin", &["positions"]).unwrap();
    assert_eq!(read.tensors.len(), 1);
}

#[test]
fn code_in_a_file_is_named_and_not_run() {
    let (said, error) = fault("foreign.bin");
    assert!(matches!(error, PytorchError::Foreign { .. }), "{error:?}");
    assert!(said.contains("print") && said.contains("at byte"), "{said}");
}

#[test]
fn a_file_that_holds_more_than_tensors_says_so() {
    let (said, error) = fault("nested.bin");
    assert!(
        matches!(error, PytorchError::NotATensor { idx: 0 }),
        "{said}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_file_cut_anywhere_is_an_error_and_never_a_panic(
        cut in 0.0_f64..1.0,
        file in prop::sample::select(vec!["zip.bin", "stream.bin"]),
    ) {
        let bytes = bytes(file);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let cut = (bytes.len() as f64 * cut) as usize;
        let error = checkpoint::read(&bytes[..cut], file, &[]).unwrap_err();
        if cut >= 4 {
            prop_assert!(matches!(error, NnError::Pytorch { .. }), "{error:?}");
            prop_assert!(error.hint().unwrap().contains("cut short"), "{error:?}");
        }
    }

    #[test]
    fn a_changed_byte_is_read_or_refused_and_never_a_panic(
        at in 0.0_f64..1.0,
        value: u8,
        file in prop::sample::select(vec!["zip.bin", "stream.bin", "module.bin"]),
    ) {
        let mut bytes = bytes(file);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share")]
        let at = (bytes.len() as f64 * at) as usize;
        bytes[at] = value;
        if let Err(error) = checkpoint::read(&bytes, file, &[]) {
            prop_assert!(error.to_string().contains(file), "{error:?}");
        }
    }
}

/// A stream whose index is this pickle of tensors, with one storage `0` of four numbers.
fn stream_with(index: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
    bytes.extend(b"\x80\x02M\xe9\x03.");
    bytes.extend(b"\x80\x02}.");
    bytes.extend(index);
    bytes.extend(b"\x80\x02]X\x01\x00\x00\x000a.");
    bytes.extend(4_u64.to_le_bytes());
    bytes.extend([0; 16]);
    bytes
}

/// The pickle of one tensor `w` with this offset, size and stride, of a storage of four numbers.
fn index_of(offset: u8, size: i32, stride: i32) -> Vec<u8> {
    let mut index = b"\x80\x02}X\x01\x00\x00\x00w".to_vec();
    index.extend(
        b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n",
    );
    index.extend(b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04NtQ");
    index.extend([b'K', offset, b'J']);
    index.extend(size.to_le_bytes());
    index.extend(b"\x85J");
    index.extend(stride.to_le_bytes());
    index.extend(b"\x85\x89}tRs.");
    index
}

#[test]
fn a_tensor_that_reaches_beyond_its_storage_or_repeats_it_without_end_is_refused() {
    let read = |index: Vec<u8>| checkpoint::read(&stream_with(&index), "w", &[]);
    assert_eq!(read(index_of(1, 3, 1)).unwrap().tensors["w"].dims(), [3]);
    assert_eq!(
        read(index_of(3, 1, i32::MAX)).unwrap().tensors["w"].dims(),
        [1]
    );
    for (offset, size, stride) in [(1, 4, 1), (4, 1, 1), (0, 2, 4), (0, i32::MAX, i32::MAX)] {
        let error = read(index_of(offset, size, stride)).unwrap_err();
        let is_right = matches!(
            &error,
            NnError::Pytorch { source: PytorchError::BeyondStorage { name, key }, .. }
                if name == "w" && key == "0"
        );
        assert!(is_right, "{error:?}");
    }
    let endless = read(index_of(0, i32::MAX, 0)).unwrap_err();
    assert!(matches!(
        endless,
        NnError::Pytorch {
            source: PytorchError::Growth,
            ..
        }
    ));
    let negative = read(index_of(0, -1, 1)).unwrap_err();
    assert!(matches!(
        negative,
        NnError::Pytorch {
            source: PytorchError::Unexpected { .. },
            ..
        }
    ));
}

#[test]
fn nesting_and_piling_up_have_an_end() {
    let check = |index: Vec<u8>| {
        let error = checkpoint::read(&stream_with(&index), "w", &[]).unwrap_err();
        let is_right = matches!(
            error,
            NnError::Pytorch {
                source: PytorchError::Limit { .. },
                ..
            }
        );
        assert!(is_right, "{error:?}");
    };
    check([b"\x80\x02)".to_vec(), vec![0x85; 1_000_000]].concat());
    check([b"\x80\x02".to_vec(), vec![b'N'; 1_000_000]].concat());
    // Each tuple holds the one before twice: small as a graph, endless as a tree.
    let mut doubling = b"\x80\x02)".to_vec();
    for idx in 0..40 {
        doubling.extend([b'q', idx, b'h', idx, 0x86]);
    }
    check(doubling);
}
