//! The tokenizers of the Blenderbot models beside transformers, and what holds for any text.

use std::{collections::BTreeSet, path::PathBuf};

use proptest::prelude::*;
use serde::Deserialize;
use smes_nn::tokenizer::{
    self, BlenderbotSmallTokenizer, ByteLevelTokenizer, SubwordTokenizer, train_small_bpe,
};

use crate::support::folder;

/// In the order of `goldens/nn/tokenizers/generate.py`.
const ADDED: [&str; 7] = [
    "[Open question]",
    "[Others]",
    "[sys_neutral]",
    "[sys_sadness]",
    "[sep_emotion]",
    "[anger]",
    "[fear]",
];

#[derive(Deserialize)]
struct Row {
    text: String,
    small: Vec<u32>,
    bytes: Vec<u32>,
    small_raw: Option<String>,
    small_words: Option<String>,
    bytes_raw: Option<String>,
}

fn rows() -> Vec<Row> {
    let file = folder("tokenizers").join("texts.jsonl");
    let text = std::fs::read_to_string(file).unwrap();
    let rows = text.lines().map(|line| serde_json::from_str(line).unwrap());
    rows.collect()
}

fn small() -> BlenderbotSmallTokenizer {
    let mut tokenizer = BlenderbotSmallTokenizer::open(&folder("tokenizers/small")).unwrap();
    tokenizer.add_tokens(&ADDED).unwrap();
    tokenizer
}

fn byte_level() -> ByteLevelTokenizer {
    let mut tokenizer = ByteLevelTokenizer::open(&folder("tokenizers/byte-level")).unwrap();
    tokenizer.add_tokens(&ADDED).unwrap();
    tokenizer
}

#[test]
fn the_small_tokenizer_equals_transformers_on_five_thousand_texts() {
    let tokenizer = small();
    let rows = rows();
    assert_eq!(rows.len(), 5000);
    for row in rows {
        let found = tokenizer.encode(&row.text).unwrap();
        assert_eq!(found, row.small, "{:?}", row.text);
        if let (Some(raw), Some(words)) = (row.small_raw, row.small_words) {
            assert_eq!(tokenizer.decode_raw(&found), raw, "{:?}", row.text);
            assert_eq!(tokenizer.decode(&found), words, "{:?}", row.text);
        }
    }
}

#[test]
fn the_byte_level_tokenizer_equals_transformers_on_five_thousand_texts() {
    let tokenizer = byte_level();
    for row in rows() {
        let found = tokenizer.encode(&row.text).unwrap();
        assert_eq!(found, row.bytes, "{:?}", row.text);
        if let Some(raw) = row.bytes_raw {
            assert_eq!(tokenizer.decode_raw(&found), raw, "{:?}", row.text);
        }
    }
}

/// Ids of the published 90M vocabulary, read from the reference for the specification of SMES.
#[test]
fn the_published_vocabulary_gives_the_published_ids() {
    const VECTORS: [(&str, &[u32]); 13] = [
        ("Hello world", &[880, 159]),
        ("I told you.", &[14, 262, 15, 5]),
        (
            "You didn't expect it to be like this, I bet.",
            &[15, 128, 8, 30, 2629, 19, 11, 43, 71, 36, 6, 14, 2093, 5],
        ),
        (
            "The speaker seems to be in a state of sadness or depression.",
            &[7, 5058, 1335, 11, 43, 13, 12, 213, 10, 10680, 65, 5209, 5],
        ),
        (
            "downcast.The speaker's emotional expression",
            &[4365, 1707, 3, 7, 5058, 8, 17, 5085, 2055],
        ),
        (
            "It's 5:30 (p.m.)",
            &[19, 8, 17, 948, 3, 561, 3, 390, 3, 58, 5, 39],
        ),
        (
            "\"No way!\" she said...",
            &[3, 54, 132, 3, 16, 34, 94, 5, 5, 5],
        ),
        ("caf\u{e9} na\u{ef}ve", &[12679, 1115, 12723, 117]),
        (
            "<i>relieved</i>",
            &[3, 318, 3, 7931, 1457, 1577, 3, 3, 318, 1360],
        ),
        ("a\nb", &[12, 4, 354]),
        ("-- What?", &[3, 23, 44, 20]),
        ("off-screen", &[4716, 3, 2085]),
        (
            "He's 40% done; why?",
            &[21, 8, 17, 827, 1988, 183, 2166, 367, 118, 129, 20],
        ),
    ];
    let Some(folder) = std::env::var_os("SMES_BLENDERBOT_SMALL").map(PathBuf::from) else {
        println!("skipped: SMES_BLENDERBOT_SMALL does not name a folder of the 90M checkpoint");
        return;
    };
    let tokenizer = BlenderbotSmallTokenizer::open(&folder).unwrap();
    assert_eq!(tokenizer.vocab_size(), 54_944);
    for (text, ids) in VECTORS {
        assert_eq!(tokenizer.encode(text).unwrap(), ids, "{text:?}");
    }
}

#[test]
fn added_tokens_follow_the_vocabulary_and_survive_saving() {
    let tokenizers: [Box<dyn SubwordTokenizer>; 2] = [Box::new(small()), Box::new(byte_level())];
    for (kind, mut tokenizer) in ["blenderbot-small", "blenderbot"]
        .into_iter()
        .zip(tokenizers)
    {
        let n_before = tokenizer.vocab_size();
        let ids = tokenizer.add_tokens(&["[fear]", "[joy]", "[joy]"]).unwrap();
        let n_base = u32::try_from(n_before).unwrap() - 7;
        assert_eq!(ids, [n_base + 6, n_base + 7, n_base + 7], "{kind}");
        assert_eq!(tokenizer.vocab_size(), n_before + 1);
        assert!(tokenizer.add_tokens(&[""]).is_err());

        let dir = tempfile::tempdir().unwrap();
        tokenizer.save(dir.path()).unwrap();
        let json = format!("{{\"model_type\": \"{kind}\"}}");
        std::fs::write(dir.path().join("config.json"), json).unwrap();
        let again = tokenizer::open(dir.path()).unwrap();
        assert_eq!(again.vocab_size(), tokenizer.vocab_size());
        for row in rows().iter().take(300) {
            let text = format!("{}[joy]", row.text);
            assert_eq!(
                again.encode(&text).unwrap(),
                tokenizer.encode(&text).unwrap()
            );
        }
    }
}

#[test]
fn a_vocabulary_that_cannot_be_used_is_named_with_what_is_wrong() {
    let check = |vocabulary: &str, added: Option<&str>, expected: &str| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("merges.txt"), "#version: 0.2\n").unwrap();
        std::fs::write(dir.path().join("vocab.json"), vocabulary).unwrap();
        if let Some(added) = added {
            std::fs::write(dir.path().join("added_tokens.json"), added).unwrap();
        }
        let error = BlenderbotSmallTokenizer::open(dir.path())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    };
    let whole = r#"{"__null__": 0, "__start__": 1, "__end__": 2, "__unk__": 3}"#;
    check("[]", None, "vocab.json");
    check(r#"{"__null__": 0, "a": 2}"#, None, "0 to 1, each once");
    check(
        r#"{"__null__": 0, "__start__": 1, "__end__": 2}"#,
        None,
        "`__unk__`",
    );
    check(whole, Some(r#"{"[x]": 7}"#), "do not follow the 4");
    check(whole, Some(r#"{"__end__": 1}"#), "another id");
    let dir = tempfile::tempdir().unwrap();
    let error = BlenderbotSmallTokenizer::open(dir.path())
        .unwrap_err()
        .to_string();
    assert!(error.contains("vocab.json"), "{error}");
    std::fs::write(dir.path().join("config.json"), r#"{"model_type": "bart"}"#).unwrap();
    let error = tokenizer::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("`bart`"), "{error}");
}

#[test]
fn a_trained_vocabulary_has_the_size_asked_for_and_is_always_the_same() {
    let text = "low low low low low lower lower newest newest newest newest newest newest \
                widest widest widest. Don't!\nlow";
    let train = |size| train_small_bpe([text], size).unwrap();
    let tokenizer = train(60);
    assert!(tokenizer.vocab_size() <= 60);
    // The most frequent words are one token, and no word of the texts is unknown.
    for word in ["low", "newest"] {
        assert_eq!(tokenizer.encode(word).unwrap().len(), 1, "{word}");
    }
    let ids = tokenizer.encode(text).unwrap();
    assert!(!ids.contains(&tokenizer.special().unknown));
    assert_eq!(tokenizer.decode(&ids[..4]), "low low low low");
    for (file, again) in [("vocab.json", train(60)), ("merges.txt", train(60))] {
        let [first, second] = [&tokenizer, &again].map(|tokenizer| {
            let dir = tempfile::tempdir().unwrap();
            tokenizer.save(dir.path()).unwrap();
            std::fs::read_to_string(dir.path().join(file)).unwrap()
        });
        assert_eq!(first, second);
    }
    assert!(train(26).encode("newest").unwrap().len() > 1);
    let error = train_small_bpe([text], 10).unwrap_err().to_string();
    assert!(error.contains("vocab_size"), "{error}");
}

/// The worked example of Sennrich, Haddow, Birch 2016, section 3.2: the merges of a toy corpus.
#[test]
fn the_trainer_learns_the_merges_of_the_published_example() {
    let words = [("low", 5), ("lower", 2), ("newest", 6), ("widest", 3)];
    let texts: Vec<&str> = words
        .iter()
        .flat_map(|(word, count)| std::iter::repeat_n(*word, *count))
        .collect();
    let tokenizer = train_small_bpe(texts, 100).unwrap();
    let dir = tempfile::tempdir().unwrap();
    tokenizer.save(dir.path()).unwrap();
    let merges = std::fs::read_to_string(dir.path().join("merges.txt")).unwrap();
    let first: BTreeSet<&str> = merges.lines().skip(1).take(3).collect();
    // The paper marks the end of a word by a symbol of its own, so it writes `es t`, `est </w>`.
    assert_eq!(first, BTreeSet::from(["e s", "es t</w>", "l o"]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_gives_ids_of_the_vocabulary_and_its_words_come_back(text in "\\PC{0,40}|.{0,40}") {
        let tokenizer = small();
        let ids = tokenizer.encode(&text).unwrap();
        prop_assert!(ids.iter().all(|id| (*id as usize) < tokenizer.vocab_size()));
        let bytes = byte_level();
        let ids = bytes.encode(&text).unwrap();
        prop_assert!(ids.iter().all(|id| (*id as usize) < bytes.vocab_size()));
    }

    #[test]
    fn what_was_decoded_decodes_to_itself(
        words in prop::collection::vec("[a-z]{1,8}", 0..12),
        size in 60_usize..200,
    ) {
        let text = words.join(" ");
        let tokenizer = train_small_bpe([text.as_str(), "abcdefghijklm nopqrstuvwxyz"], size).unwrap();
        let ids = tokenizer.encode(&text).unwrap();
        if !ids.contains(&tokenizer.special().unknown) {
            prop_assert_eq!(tokenizer.decode(&ids), text);
        }
    }
}

#[test]
fn every_line_of_mesc_encodes_within_the_vocabulary_and_decodes_to_what_encodes_alike() {
    let Some(file) = smes_testkit::shared_data("mesc/MESC.csv") else {
        return;
    };
    let csv = std::fs::read_to_string(file).unwrap();
    let published = published_texts();
    let lines = csv.lines().chain(published.iter().map(String::as_str));
    let texts: Vec<&str> = lines.collect();
    assert!(texts.len() > 20_000);
    let tokenizer = train_small_bpe(texts.iter().copied(), N_OF_MESC).unwrap();
    let unknown = tokenizer.special().unknown;
    for (idx, text) in texts.iter().enumerate() {
        let ids = tokenizer.encode(text).unwrap();
        assert!(ids.iter().all(|id| (*id as usize) < tokenizer.vocab_size()));
        // Every word was seen in training, so nothing of it is unknown.
        assert!(!ids.contains(&unknown), "text {idx}");
        let again = tokenizer.encode(&tokenizer.decode_raw(&ids)).unwrap();
        assert_eq!(again, ids, "text {idx}");
    }
    // What transformers makes of the same texts by the same vocabulary, of which only this is kept.
    let reference = std::fs::read_to_string(folder("tokenizers").join("mesc.toml")).unwrap();
    let [n_texts, n_tokens, hash] = ["n_texts", "n_tokens", "fnv1a"].map(|name| {
        let mut lines = reference.lines();
        lines
            .find_map(|line| line.strip_prefix(&format!("{name} = ")))
            .unwrap()
    });
    let ids: Vec<Vec<u32>> = texts
        .iter()
        .map(|text| tokenizer.encode(text).unwrap())
        .collect();
    assert_eq!(ids.len().to_string(), n_texts);
    assert_eq!(
        ids.iter().map(Vec::len).sum::<usize>().to_string(),
        n_tokens
    );
    assert_eq!(format!("\"{:016x}\"", fnv1a(&ids)), hash);
}

/// Utterances with their cues, as the published files have them.
fn published_texts() -> Vec<String> {
    let texts = |split: &str| {
        let file = smes_testkit::shared_data(&format!("mesc/{split}.json")).unwrap();
        let dialogues: serde_json::Value =
            serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let turns = dialogues.as_array().unwrap().iter();
        let turns = turns.flat_map(|dialogue| dialogue["dialog"].as_array().unwrap());
        let texts = turns.map(|turn| turn["text"].as_str().unwrap().to_owned());
        texts.collect::<Vec<String>>()
    };
    [texts("val"), texts("test")].concat()
}

/// Size of the vocabulary learnt from MESC, as in `goldens/nn/tokenizers/compare.py`.
const N_OF_MESC: usize = 4000;

/// A hash of ids, each text ended by the largest number.
fn fnv1a(ids: &[Vec<u32>]) -> u64 {
    let numbers = ids
        .iter()
        .flat_map(|text| text.iter().copied().chain([u32::MAX]));
    let bytes = numbers.flat_map(u32::to_le_bytes);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
