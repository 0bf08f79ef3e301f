//! The authors' `gen.json` and plain lines become predictions, and what does not fit is an error.

use std::path::Path;

use serde_json::json;
use smes_dialogue::SplitName;
use smes_evaluation::{ForeignFormat, GoldSet, PredictionError, Record, read_foreign};

use crate::support;

fn read(
    text: &[u8],
    format: ForeignFormat,
    gold: &GoldSet,
) -> Result<Vec<Record>, PredictionError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gen.json");
    fs_err::write(&path, text).unwrap();
    let (header, records) = read_foreign(&path, format, gold)?;
    assert_eq!(header.n_instances, records.len());
    Ok(records)
}

fn error(text: &[u8], format: ForeignFormat, gold: &GoldSet) -> String {
    let text = read(text, format, gold).unwrap_err().to_string();
    let name = text.find("gen.json").unwrap();
    text[name..].to_owned()
}

/// What the authors' program would write, with the references of the corpus.
fn gen_items(gold: &GoldSet) -> Vec<serde_json::Value> {
    gold.instances()
        .enumerate()
        .map(|(idx, (_, one))| {
            let reference = format!("{} The speaker seems calm.", one.spoken.expose());
            json!({"sample_id": idx, "post": "x", "response": reference,
                   "generation": format!("go on , number {idx} ."), "pred_strat_id": 54_944})
        })
        .collect()
}

#[test]
fn the_authors_file_is_read_in_both_its_forms_and_cleaned_up() {
    let gold = support::fixture_gold(SplitName::Test);
    let items = gen_items(&gold);
    let whole = serde_json::to_string_pretty(&items).unwrap();
    let lines: Vec<String> = items.iter().map(ToString::to_string).collect();
    for text in [whole, lines.join("\n")] {
        let records = read(text.as_bytes(), ForeignFormat::GenJson, &gold).unwrap();
        let first = records[0].response.as_ref().unwrap();
        assert_eq!(first.expose(), "go on, number 0.");
        assert!(records[0].predicted.strategy.is_none());
    }
}

#[test]
fn outputs_for_other_data_or_too_few_are_errors() {
    let gold = support::fixture_gold(SplitName::Test);
    let mut items = gen_items(&gold);
    items[1]["response"] = json!("Something that nobody said.");
    let text = serde_json::to_string(&items).unwrap();
    assert_eq!(
        error(text.as_bytes(), ForeignFormat::GenJson, &gold),
        "gen.json: item 2: its reference is not what the supporter says in instance 2"
    );
    items.pop();
    let n = gold.n_instances();
    let text = serde_json::to_string(&items).unwrap();
    assert_eq!(
        error(text.as_bytes(), ForeignFormat::GenJson, &gold),
        format!(
            "gen.json: {} responses, expected one for each of the {n} instances",
            n - 1
        )
    );
    assert!(error(b"one\ntwo\n", ForeignFormat::Lines, &gold).contains("2 responses"));
}

#[test]
fn broken_files_are_errors_with_their_line_and_nobodys_words() {
    let gold = support::fixture_gold(SplitName::Test);
    let text = error(
        b"{\"response\": \"marker-words\"}\n",
        ForeignFormat::GenJson,
        &gold,
    );
    assert!(text.starts_with("gen.json:1: column"), "{text}");
    assert!(!text.contains("marker-words"));
    let text = error(b"fine\nbad \xff\n", ForeignFormat::Lines, &gold);
    assert_eq!(text, "gen.json:2: the text is not UTF-8");
    assert!(!Path::new("gen.json").exists());
}

#[test]
fn lines_are_responses_in_the_order_of_the_instances() {
    let gold = support::fixture_gold(SplitName::Test);
    let lines: Vec<String> = (0..gold.n_instances())
        .map(|idx| format!("line {idx}"))
        .collect();
    let records = read(lines.join("\n").as_bytes(), ForeignFormat::Lines, &gold).unwrap();
    let last = records.last().unwrap();
    let expected = format!("line {}", gold.n_instances() - 1);
    assert_eq!(last.response.as_ref().unwrap().expose(), &expected);
}
