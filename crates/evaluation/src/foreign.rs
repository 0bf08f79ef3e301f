//! Other people's outputs as predictions: the authors' `gen.json`, and plain lines.
//!
//! Both hold one response an instance in the order of the corpus's instances. `gen.json` is what
//! `infer.py` of chuyq/Mi-Therapist (and of thu-coai/Emotional-Support-Conversation) writes: a list of
//! `{sample_id, post, response, generation, ...}`; its `gen.txt` has the same objects one a line. Its
//! reference `response` is compared with the corpus, so that outputs for other data are found out.
//! Its label ids are positions in a list that the authors did not publish; they are left out, and
//! the labels count as missing.

use std::path::Path;

use serde::Deserialize;
use smes_dialogue::Private;

use crate::error::PredictionError;
use crate::gold::{GoldInstance, GoldSet};
use crate::predictions::{FORMAT, Header, Predicted, Record, VERSION};
use crate::text::clean_up;

/// How a foreign file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForeignFormat {
    /// The authors' `gen.json` or `gen.txt`.
    GenJson,
    /// One response a line.
    Lines,
}

#[derive(Deserialize)]
struct GenItem {
    response: Private<String>,
    generation: Generation,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Generation {
    One(Private<String>),
    Several(Vec<Private<String>>),
}

impl Generation {
    /// The text; of several the first.
    fn into_first(self) -> Private<String> {
        match self {
            Self::One(text) => text,
            Self::Several(texts) => texts.into_iter().next().unwrap_or_default(),
        }
    }
}

/// Reads a foreign file as records with responses and no labels. Spaces that joining tokens left are
/// cleaned up as transformers does.
///
/// # Errors
/// [`PredictionError`] with file and line (or item) when the file is no UTF-8, is not what its format
/// says, has not one response an instance, or is of other data.
pub fn read_foreign(
    path: &Path,
    format: ForeignFormat,
    gold: &GoldSet,
) -> Result<(Header, Vec<Record>), PredictionError> {
    let text = read_text(path)?;
    let responses = match format {
        ForeignFormat::Lines => text.lines().map(Private::from).collect(),
        ForeignFormat::GenJson => gen_items(path, &text, gold)?,
    };
    check_count(path, responses.len(), gold)?;
    let records = gold
        .instances()
        .zip(responses)
        .map(|((dialogue, one), response)| Record {
            dialogue: dialogue.id.clone(),
            utterance: one.instance.utterance_idx,
            gold: one.instance.gold.clone(),
            user_emotion_from: one.instance.user_emotion_from,
            predicted: Predicted::default(),
            response: Some(clean_up(response.expose()).into()),
            target_log_prob: None,
            last_strategy: one.instance.last_strategy.clone(),
            continues_turn: one.instance.continues_turn,
            timings: None,
        })
        .collect();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let header = Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        corpus: gold.corpus.clone(),
        split: gold.split,
        n_instances: gold.n_instances(),
        reasoner: name.into_owned(),
        model: None,
        config_hash: "foreign".to_owned(),
        emotions: gold.emotions.iter().cloned().collect(),
        strategies: gold.strategies.iter().cloned().collect(),
        majority: gold.majority.clone(),
        created_with: format!("smes {}", env!("CARGO_PKG_VERSION")),
        seed: None,
    };
    Ok((header, records))
}

fn read_text(path: &Path) -> Result<String, PredictionError> {
    String::from_utf8(fs_err::read(path)?).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        PredictionError::NotUtf8 {
            path: path.to_owned(),
            line: valid.split(|&byte| byte == b'\n').count(),
        }
    })
}

fn gen_items(
    path: &Path,
    text: &str,
    gold: &GoldSet,
) -> Result<Vec<Private<String>>, PredictionError> {
    let bad = |line: usize, error: &serde_json::Error| PredictionError::Json {
        path: path.to_owned(),
        line,
        // Where and what kind only: the message may quote somebody's words.
        what: format!("column {}: not the objects of a `gen.json`", error.column()),
    };
    let items: Vec<GenItem> = if text.trim_start().starts_with('[') {
        serde_json::from_str(text).map_err(|error| bad(error.line(), &error))?
    } else {
        let lines = text.lines().enumerate();
        lines
            .filter(|(_, line)| !line.trim().is_empty())
            .map(|(idx, line)| serde_json::from_str(line).map_err(|error| bad(idx + 1, &error)))
            .collect::<Result<_, _>>()?
    };
    check_count(path, items.len(), gold)?;
    for (idx, (item, (_, one))) in items.iter().zip(gold.instances()).enumerate() {
        if !is_of(one, item.response.expose()) {
            return Err(PredictionError::OtherResponse {
                path: path.to_owned(),
                item: idx + 1,
            });
        }
    }
    Ok(items
        .into_iter()
        .map(|item| item.generation.into_first())
        .collect())
}

fn check_count(path: &Path, found: usize, gold: &GoldSet) -> Result<(), PredictionError> {
    let expected = gold.n_instances();
    if found == expected {
        return Ok(());
    }
    Err(PredictionError::Count {
        path: path.to_owned(),
        expected,
        found,
    })
}

/// Whether a reference begins with what the supporter said; case, spaces and signs aside.
fn is_of(one: &GoldInstance, reference: &str) -> bool {
    let letters = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    letters(reference).starts_with(&letters(one.spoken.expose()))
}
