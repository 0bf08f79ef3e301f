//! Exports hold what the corpus holds.

use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::RowAccessor;
use smes_corpus::{Corpus, ExportError, ExportFormat, export};
use smes_dialogue::Dialogue;
use smes_testkit::{corpus_folder, dialogues, temp_folder};

fn exported(format: ExportFormat) -> (tempfile::TempDir, std::path::PathBuf) {
    let temp = temp_folder();
    let out = temp.path().join("out");
    let corpus = Corpus::open(corpus_folder()).unwrap();
    assert_eq!(export(&corpus, format, &out).unwrap(), 5);
    assert_eq!(fs_err::read_dir(temp.path()).unwrap().count(), 1);
    (temp, out)
}

#[test]
fn jsonl_gives_the_dialogues_back() {
    let (_temp, out) = exported(ExportFormat::Jsonl);
    let read: Vec<Dialogue> = fs_err::read_to_string(out)
        .unwrap()
        .lines()
        .map(|line| {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            assert!(value.as_object_mut().unwrap().remove("split").is_some());
            serde_json::from_value(value).unwrap()
        })
        .collect();
    assert_eq!(read, dialogues());
}

#[test]
fn csv_has_a_row_for_each_utterance() {
    let (_temp, out) = exported(ExportFormat::Csv);
    let mut reader = csv::Reader::from_path(out).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 36);
    let first: Vec<&str> = rows[0].iter().collect();
    assert_eq!(
        first,
        [
            "0",
            "train",
            "supporter",
            "",
            "Good to see you again. How was the move?",
            "neutral",
            "Open question",
            "",
            "",
            "0",
            "1",
            "1",
            "60000",
            "62000"
        ]
    );
}

#[test]
fn parquet_reads_back_with_absent_values_absent() {
    let (_temp, out) = exported(ExportFormat::Parquet);
    let reader = SerializedFileReader::new(std::fs::File::open(out).unwrap()).unwrap();
    assert_eq!(reader.metadata().file_metadata().num_rows(), 36);
    let rows: Vec<_> = reader
        .get_row_iter(None)
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        rows[1].get_string(4).unwrap(),
        "The boxes are still taped shut."
    );
    assert!(rows[1].get_string(6).is_err(), "a seeker has no strategy");
    assert_eq!(rows[0].get_string(6).unwrap(), "Open question");
    assert_eq!(rows[35].get_long(9).unwrap(), 5);
}

#[test]
fn chat_has_messages_with_the_strategy_beside_the_content() {
    let (_temp, out) = exported(ExportFormat::Chat);
    let text = fs_err::read_to_string(out).unwrap();
    let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(first["split"], "train");
    let message = &first["messages"][0];
    assert_eq!(message["role"], "assistant");
    assert_eq!(message["strategy"], "Open question");
    assert_eq!(
        message["content"],
        "Good to see you again. How was the move?"
    );
    assert_eq!(first["messages"][1]["role"], "user");
}

#[test]
fn an_export_into_a_missing_folder_or_over_a_folder_is_an_error() {
    let temp = temp_folder();
    let corpus = Corpus::open(corpus_folder()).unwrap();
    for target in [temp.path().join("no/out"), temp.path().to_owned()] {
        let error = export(&corpus, ExportFormat::Csv, &target).unwrap_err();
        assert!(matches!(error, ExportError::Io { .. }), "{error}");
    }
    assert_eq!(fs_err::read_dir(temp.path()).unwrap().count(), 0);
}
