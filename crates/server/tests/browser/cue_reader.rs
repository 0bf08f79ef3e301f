//! A starter that reads cues, trained here: the embedded one plans from words alone.
//!
//! It is trained by the shipped recipe, with the shipped encoder, on an invented corpus whose seekers say
//! the same words whatever they feel, so that the cue alone tells. That it follows the voice afterwards
//! shows that a live cue reaches the plan, not that cues are worth anything (docs/results.md has that).

use std::path::Path;

use serde_json::{Value, json};
use smes_corpus::Corpus;
use smes_reasoning::starter::StarterReasoner;
use smes_training::starter::{StarterRecipe, train_starter};
use smes_training::{Recipe, Silent};

/// What everybody says.
pub(crate) const WORDS: &str = "I do not know what to say about it.";

const N_DIALOGUES: usize = 36;
/// What a voice sounds like, the emotion behind it, and what is answered.
const VOICES: [(Option<&str>, &str, &str); 3] = [
    (Some("sadness"), "sadness", "Restatement"),
    (Some("joy"), "joy", "Approval"),
    (None, "neutral", "Open question"),
];

/// The trained model; nothing of it is left on the disk.
pub(crate) fn train() -> StarterReasoner {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    write_encoder(&path("encoder"));
    write_corpus(&path("corpus"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut recipe = StarterRecipe::load(&root.join("recipes/starter-cues.toml")).unwrap();
    recipe.corpus = path("corpus");
    recipe.encoder.folder = path("encoder");
    recipe.cues = Some("native".to_owned());
    recipe.auxiliary = None;
    recipe.model.n_members = 1;
    recipe.fit.n_epochs = 30;
    recipe.fit.n_warmup_steps = 5;
    recipe.fit.average_decay = 0.9;
    let corpus = Corpus::open(path("corpus")).unwrap();
    train_starter(&recipe, &corpus, &path("run"), false, &mut Silent).unwrap();
    StarterReasoner::load(&path("run/model")).unwrap()
}

/// The encoder that ships with the program, laid out as one that was downloaded.
fn write_encoder(to: &Path) {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/starter");
    fs_err::create_dir(to).unwrap();
    for (from, name) in [
        ("encoder.safetensors", "model.safetensors"),
        ("tokenizer.json", "tokenizer.json"),
    ] {
        fs_err::copy(shipped.join(from), to.join(name)).unwrap();
    }
    let config = fs_err::read_to_string(shipped.join("config.toml")).unwrap();
    let config: Value = toml::from_str(&config).unwrap();
    fs_err::write(to.join("config.json"), config["encoder"].to_string()).unwrap();
}

fn write_corpus(to: &Path) {
    fs_err::create_dir_all(to.join("cues")).unwrap();
    let lines = |all: Vec<Value>| {
        let lines: Vec<String> = all.iter().map(Value::to_string).collect();
        lines.join("\n") + "\n"
    };
    let dialogues = (0..N_DIALOGUES).map(dialogue).collect();
    let cues = (0..N_DIALOGUES).filter_map(cue).collect();
    fs_err::write(to.join("dialogues.jsonl"), lines(dialogues)).unwrap();
    fs_err::write(to.join("cues/native.jsonl"), lines(cues)).unwrap();
    let ids = |of: std::ops::Range<usize>| of.map(|id| id.to_string()).collect::<Vec<_>>();
    let splits = json!({"origin": "by hand", "train": ids(0..24), "validation": ids(24..33), "test": ids(33..36)});
    fs_err::write(to.join("splits.toml"), toml::to_string(&splits).unwrap()).unwrap();
    let manifest = json!({
        "format": 1, "name": "invented", "version": "1", "licence": "CC0-1.0", "checksum": "sha256:0",
        "emotions": "mesc-7", "strategies": "mesc-10", "issues": {},
        "counts": {"dialogues": 0, "utterances": 0, "seeker": 0, "supporter": 0, "participant": 0},
        "provenance": {"importer": "by hand", "program": "test", "sources": []},
    });
    fs_err::write(to.join("corpus.toml"), toml::to_string(&manifest).unwrap()).unwrap();
}

fn dialogue(id: usize) -> Value {
    let (_, emotion, strategy) = VOICES[id % VOICES.len()];
    json!({"id": id.to_string(), "utterances": [
        {"idx": 0, "role": "seeker", "text": WORDS, "emotion": emotion},
        {"idx": 1, "role": "supporter", "text": "I see.", "emotion": "neutral", "strategy": strategy},
    ]})
}

/// A cue as the native extractor words it; the face has nothing to do with the emotion.
fn cue(id: usize) -> Option<Value> {
    let like = VOICES[id % VOICES.len()].0?;
    let manner = [
        "ordinary in pace and melody",
        "rather lively in melody",
        "rather slow",
    ][id / VOICES.len() % 3];
    let face = [
        "mostly smiling (quite sure)",
        "mostly neutral (fairly sure)",
    ][id / VOICES.len() % 2];
    let percent = 70 + id % 30;
    let observation = format!(
        "The voice sounded {manner}, most like acted {like} ({percent} %). The face was {face}."
    );
    Some(json!({"dialogue": id.to_string(), "utterance": 0, "cue": {
        "observation": observation, "modalities": ["audio", "video"],
        "extractor": {"name": "native", "version": "3"},
    }}))
}
