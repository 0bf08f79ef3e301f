//! A tiny encoder and an invented corpus in which strategy and emotion follow from the words.

#![allow(clippy::unwrap_used, reason = "test support fails loudly")]

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use smes_corpus::{Corpus, Counts, LabelSetRef, Manifest, Provenance};
use smes_dialogue::{Dialogue, DialogueId, Emotion, Label, Role, Strategy, Utterance};
use smes_nn::Params;
use smes_nn::bert::{BertConfig, BertEncoder};
use smes_nn::checkpoint::StoredAs;

const WORDS: [&str; 12] = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "rain", "sun", "why", "yes", "today", "again", ".", "?",
];

/// Writes an encoder folder as `scripts/fetch-minilm.sh` would: 2 layers, 8 wide, random weights.
pub(crate) fn write_encoder(dir: &Path) {
    let config = json!({
        "vocab_size": WORDS.len(), "hidden_size": 8, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 16, "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 32, "type_vocab_size": 2, "layer_norm_eps": 1e-12,
    });
    let bytes = serde_json::to_vec(&config).unwrap();
    let bert = BertConfig::from_json(&bytes, "fixture").unwrap();
    let params = Params::new();
    BertEncoder::load(&params.initialiser(1), &bert).unwrap();
    std::fs::write(dir.join("config.json"), bytes).unwrap();
    let path = dir.join("model.safetensors");
    params
        .save(path, &BTreeMap::new(), |_| StoredAs::F32)
        .unwrap();
    std::fs::write(dir.join("tokenizer.json"), tokenizer().to_string()).unwrap();
}

fn tokenizer() -> serde_json::Value {
    let vocab: BTreeMap<&str, usize> = WORDS
        .iter()
        .enumerate()
        .map(|(id, word)| (*word, id))
        .collect();
    let special = |id: usize| {
        json!({ "id": id, "content": WORDS[id], "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true })
    };
    let template = |id: &str| json!({ "SpecialToken": { "id": id, "type_id": 0 } });
    let piece = |id: &str| json!({ "id": id, "ids": [vocab[id]], "tokens": [id] });
    json!({
        "version": "1.0", "truncation": null, "padding": null,
        "added_tokens": [special(0), special(1), special(2), special(3)],
        "normalizer": { "type": "BertNormalizer", "clean_text": true,
                        "handle_chinese_chars": true, "strip_accents": null, "lowercase": true },
        "pre_tokenizer": { "type": "BertPreTokenizer" },
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [template("[CLS]"), { "Sequence": { "id": "A", "type_id": 0 } }, template("[SEP]")],
            "pair": [template("[CLS]"), { "Sequence": { "id": "A", "type_id": 0 } }, template("[SEP]"),
                     { "Sequence": { "id": "B", "type_id": 0 } }, template("[SEP]")],
            "special_tokens": { "[CLS]": piece("[CLS]"), "[SEP]": piece("[SEP]") }
        },
        "decoder": null,
        "model": { "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                   "max_input_chars_per_word": 100, "vocab": vocab },
    })
}

/// After rain the seeker is low and the supporter asks; after sun the seeker is glad and the
/// supporter approves.
fn dialogue(id: usize) -> Dialogue {
    let utterance = |idx: usize| {
        let is_rain = (id + idx / 2).is_multiple_of(3);
        let is_seeker = idx.is_multiple_of(2);
        let (text, emotion, strategy) = match (is_seeker, is_rain) {
            (true, true) => ("rain again .", "depression", None),
            (true, false) => ("sun today .", "joy", None),
            (false, true) => ("why ?", "neutral", Some("Open question")),
            (false, false) => ("yes .", "neutral", Some("Approval")),
        };
        Utterance {
            idx,
            role: if is_seeker {
                Role::Seeker
            } else {
                Role::Supporter
            },
            speaker: None,
            text: text.into(),
            emotion: Some(Emotion::from_name(emotion)),
            strategy: strategy.map(Strategy::from_name),
            span: None,
        }
    };
    Dialogue {
        id: DialogueId::new(id.to_string()),
        scenario: None,
        situation: None,
        emotion: None,
        episode: None,
        utterances: (0..4 + id % 3 * 2).map(utterance).collect(),
    }
}

/// Takes the words from what the seekers say and puts them into cues of `test` instead.
pub(crate) fn move_words_to_cues(dir: &Path) {
    let (mut lines, mut cues) = (Vec::new(), Vec::new());
    for id in 0..18 {
        let mut dialogue = dialogue(id);
        for utterance in &mut dialogue.utterances {
            if utterance.role == Role::Seeker {
                let said = std::mem::replace(&mut utterance.text, "today .".into());
                cues.push(json!({
                    "dialogue": dialogue.id, "utterance": utterance.idx,
                    "cue": { "observation": said, "modalities": [],
                             "extractor": { "name": "test", "version": "1" } },
                }));
            }
        }
        lines.push(serde_json::to_string(&dialogue).unwrap());
    }
    std::fs::write(dir.join("dialogues.jsonl"), lines.join("\n") + "\n").unwrap();
    let cues: Vec<String> = cues.iter().map(ToString::to_string).collect();
    std::fs::create_dir(dir.join("cues")).unwrap();
    std::fs::write(dir.join("cues/test.jsonl"), cues.join("\n") + "\n").unwrap();
}

/// Writes a corpus of 18 dialogues: 12 train, 4 validation, 2 test.
pub(crate) fn write_corpus(dir: &Path) -> Corpus {
    let lines: Vec<String> = (0..18)
        .map(|id| serde_json::to_string(&dialogue(id)).unwrap())
        .collect();
    std::fs::write(dir.join("dialogues.jsonl"), lines.join("\n") + "\n").unwrap();
    let ids = |range: std::ops::Range<usize>| {
        range
            .map(|id| format!("\"{id}\""))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let splits = format!(
        "origin = \"by hand\"\ntrain = [{}]\nvalidation = [{}]\ntest = [{}]\n",
        ids(0..12),
        ids(12..16),
        ids(16..18)
    );
    std::fs::write(dir.join("splits.toml"), splits).unwrap();
    let manifest = Manifest {
        format: 1,
        name: "invented".to_owned(),
        version: "1".to_owned(),
        licence: "CC0-1.0".to_owned(),
        checksum: "sha256:0".to_owned(),
        emotions: LabelSetRef::BuiltIn("mesc-7".to_owned()),
        strategies: Some(LabelSetRef::BuiltIn("mesc-10".to_owned())),
        counts: Counts::default(),
        provenance: Provenance {
            importer: "by hand".to_owned(),
            program: "test".to_owned(),
            sources: Vec::new(),
        },
        issues: BTreeMap::new(),
    };
    std::fs::write(dir.join("corpus.toml"), toml::to_string(&manifest).unwrap()).unwrap();
    Corpus::open(dir).unwrap()
}
