//! Whatever the bytes, an importer ends with a corpus or an error that names file and line.

use proptest::prelude::*;
use smes_corpus::importers::{EsconvSource, Importer, MeldSource, MescJson, MescSource};
use smes_dialogue::SplitName;
use smes_testkit::{fixture, temp_folder};

use crate::import;

/// Either fully random, or the fixture with a few bytes changed, so that deeper code is reached.
fn bytes_like(name: &'static str) -> impl Strategy<Value = Vec<u8>> {
    let fixture = fs_err::read(fixture(name)).unwrap();
    let n_bytes = fixture.len();
    let edits = prop::collection::vec((0..n_bytes, any::<u8>()), 1..6);
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        (edits, 0..=n_bytes).prop_map(move |(edits, end)| {
            let mut bytes = fixture.clone();
            for (at, byte) in edits {
                bytes[at] = byte;
            }
            // Half of the time the whole file, else cut short.
            let end = if end % 2 == 0 { n_bytes } else { end };
            bytes.truncate(end);
            bytes
        }),
    ]
}

fn ends_well(importer: &dyn Importer, folder: &std::path::Path) -> Result<(), TestCaseError> {
    let out = folder.join("out");
    if let Err(error) = import(importer, &out) {
        prop_assert!(!out.exists());
        let text = error.to_string();
        prop_assert!(text.starts_with('`'), "no file is named: {text}");
        let has_place = text.contains("` line ") || text.contains("none of its");
        prop_assert!(has_place, "no place is named: {text}");
    } else {
        let corpus = smes_corpus::Corpus::open(&out).unwrap();
        prop_assert_eq!(smes_corpus::check(&corpus).unwrap().problems, vec![]);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mesc_csv(bytes in bytes_like("mesc/MESC.csv")) {
        let temp = temp_folder();
        let csv = temp.path().join("MESC.csv");
        fs_err::write(&csv, bytes).unwrap();
        ends_well(&MescSource { csv, json: vec![] }, temp.path())?;
    }

    #[test]
    fn mesc_json(bytes in bytes_like("mesc/test.json")) {
        let temp = temp_folder();
        let path = temp.path().join("test.json");
        fs_err::write(&path, bytes).unwrap();
        let json = vec![MescJson { split: SplitName::Test, path }];
        ends_well(&MescSource { csv: fixture("mesc/MESC.csv"), json }, temp.path())?;
    }

    #[test]
    fn meld(bytes in bytes_like("meld/train_sent_emo.csv")) {
        let temp = temp_folder();
        for name in ["train_sent_emo.csv", "dev_sent_emo.csv", "test_sent_emo.csv"] {
            fs_err::copy(fixture("meld").join(name), temp.path().join(name)).unwrap();
        }
        fs_err::write(temp.path().join("train_sent_emo.csv"), bytes).unwrap();
        ends_well(&MeldSource { folder: temp.path().to_owned() }, temp.path())?;
    }

    #[test]
    fn esconv(bytes in bytes_like("esconv/ESConv.json")) {
        let temp = temp_folder();
        let json = temp.path().join("ESConv.json");
        fs_err::write(&json, bytes).unwrap();
        ends_well(&EsconvSource { json }, temp.path())?;
    }
}
