//! BERTScore of predictions, kept in a file so that it is computed once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use indicatif::ProgressBar;
use smes_evaluation::metrics::{BertScore, TokenVectors, TokenWeights, bert_score};
use smes_evaluation::protocol::Target;
use smes_evaluation::suite::BertScoreSettings;
use smes_evaluation::{BertScores, GoldSet, Predictions, bytes_hash, config_hash, content_hash};
use smes_nn::bert::{BertConfig, BertEncoder, NOT_IN_ENCODER};
use smes_nn::token_vectors::{TextVectors, token_vectors};
use smes_nn::tokenizer::TextTokenizer;
use smes_nn::{NnError, Params};
use smes_reasoning::starter::StarterReasoner;

use crate::commands::reasoners::bad_reasoner;
use crate::console::Console;
use crate::exit::Advice;

/// Name of the embedded encoder.
const STARTER: &str = "starter";
/// Texts encoded between two steps of the progress bar.
const CHUNK: usize = 128;

/// An encoder of tokens.
pub(crate) enum TokenEncoder {
    /// The starter's.
    Starter(Box<StarterReasoner>),
    /// Of a folder in Hugging Face's form.
    Folder {
        bert: Box<BertEncoder>,
        tokenizer: Box<TextTokenizer>,
        max_tokens: usize,
    },
}

impl TokenEncoder {
    /// The encoder of that name: `starter`, or a folder.
    pub(crate) fn open(name: &str) -> anyhow::Result<Self> {
        if name == STARTER {
            let starter = StarterReasoner::embedded().map_err(bad_reasoner)?;
            return Ok(Self::Starter(Box::new(starter)));
        }
        Self::load(Path::new(name))
            .map_err(|error| Advice::missing(error.hint(), error))
            .with_context(|| format!("the encoder for BERTScore in `{name}`"))
    }

    fn load(folder: &Path) -> Result<Self, NnError> {
        let file = folder.join("config.json");
        let json = fs_err::read(&file).map_err(|source| NnError::Read {
            file: file.clone(),
            source,
        })?;
        let config = BertConfig::from_json(&json, &file.display().to_string())?;
        let weights = folder.join("model.safetensors");
        let params = Params::from_safetensors_except(weights, &NOT_IN_ENCODER)?;
        params.freeze(|_| true);
        let bert = BertEncoder::load(&params.loader(), &config)?;
        params.check_all_used()?;
        Ok(Self::Folder {
            bert: Box::new(bert),
            tokenizer: Box::new(TextTokenizer::from_file(folder.join("tokenizer.json"))?),
            max_tokens: config.max_position_embeddings,
        })
    }

    /// The tokens of texts with their vectors.
    pub(crate) fn encode(
        &self,
        texts: &[&str],
        layer: usize,
    ) -> Result<Vec<TokenVectors>, NnError> {
        let vectors = match self {
            Self::Starter(starter) => starter.encoder().token_vectors(texts, layer)?,
            Self::Folder {
                bert,
                tokenizer,
                max_tokens,
            } => token_vectors(bert, tokenizer, texts, layer, *max_tokens)?,
        };
        let ours = |TextVectors { ids, values }| TokenVectors { ids, values };
        Ok(vectors.into_iter().map(ours).collect())
    }
}

/// Scores predictions against the targets of one kind, once.
pub(crate) struct BertScorer<'s> {
    settings: &'s BertScoreSettings,
    encoder: Option<TokenEncoder>,
    /// The target texts that have been encoded, by kind.
    references: HashMap<Target, Vec<TokenVectors>>,
    folder: PathBuf,
    console: &'s Console,
}

impl<'s> BertScorer<'s> {
    /// A scorer that keeps its results in a folder; the encoder is loaded when it is first needed.
    pub(crate) fn new(
        settings: &'s BertScoreSettings,
        folder: PathBuf,
        console: &'s Console,
    ) -> Self {
        Self {
            settings,
            encoder: None,
            references: HashMap::new(),
            folder,
            console,
        }
    }

    /// The F1 of each instance that has a target text; `None` where the file holds no response at all.
    /// A missing response scores 0.
    pub(crate) fn score(
        &mut self,
        predictions: &Predictions,
        gold: &GoldSet,
        target: Target,
    ) -> anyhow::Result<Option<BertScores>> {
        let has_response = |record: &Option<smes_evaluation::Record>| {
            record
                .as_ref()
                .is_some_and(|record| record.response.is_some())
        };
        if !predictions.records.iter().any(has_response) {
            return Ok(None);
        }
        let pairs = pairs(predictions, gold, target);
        let kept = self.place(&pairs)?;
        if let Ok(text) = fs_err::read_to_string(&kept)
            && let Ok(scores) = serde_json::from_str(&text)
        {
            return Ok(Some(scores));
        }
        let scores = self.compute(&pairs, target)?;
        fs_err::create_dir_all(&self.folder)?;
        fs_err::write(&kept, serde_json::to_string(&scores)?)?;
        Ok(Some(scores))
    }

    /// Where the result is kept: named by everything that decides it.
    fn place(&self, pairs: &[TextPair<'_>]) -> anyhow::Result<PathBuf> {
        let encoder = if self.settings.encoder == STARTER {
            bytes_hash(&StarterReasoner::embedded_encoder())
        } else {
            content_hash(Path::new(&self.settings.encoder))?
        };
        let settings = format!("{:?}", self.settings);
        let mut parts = vec![("encoder", encoder.as_str()), ("settings", &settings)];
        for pair in pairs {
            let (response, target) = pair.unwrap_or_default();
            parts.extend([("response", response), ("target", target)]);
        }
        Ok(self.folder.join(format!("{}.json", config_hash(&parts))))
    }

    fn compute(&mut self, pairs: &[TextPair<'_>], target: Target) -> anyhow::Result<BertScores> {
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => TokenEncoder::open(&self.settings.encoder)?,
        };
        let encoder = self.encoder.insert(encoder);
        let layer = self.settings.layer;
        let (hypotheses, targets): (Vec<&str>, Vec<&str>) = pairs.iter().copied().flatten().unzip();
        let bar = self.console.progress(0, "comparing meanings");
        let references = match self.references.entry(target) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(encode(encoder, &targets, layer, &bar)?),
        };
        let weights = weights(self.settings, references);
        // A control may say the same in every instance.
        let mut distinct = hypotheses.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let encoded = encode(encoder, &distinct, layer, &bar)?;
        bar.finish_and_clear();
        let encoded: HashMap<&str, TokenVectors> = distinct.into_iter().zip(encoded).collect();
        let mut scores = hypotheses.iter().zip(references).map(|(text, reference)| {
            on_scale(
                self.settings,
                bert_score(&encoded[text], reference, &weights),
            )
        });
        let score = |pair: &Option<_>| pair.as_ref().and_then(|_| scores.next());
        Ok(pairs.iter().map(score).collect())
    }
}

/// A response and its target text; nothing where the instance has no target text.
type TextPair<'t> = Option<(&'t str, &'t str)>;

fn pairs<'t>(predictions: &'t Predictions, gold: &'t GoldSet, target: Target) -> Vec<TextPair<'t>> {
    gold.instances()
        .zip(&predictions.records)
        .map(|((_, one), record)| {
            let response = record.as_ref().and_then(|record| record.response.as_ref());
            let response = response.map_or("", |text| text.expose().as_str());
            Some((response, one.target(target)?))
        })
        .collect()
}

fn encode(
    encoder: &TokenEncoder,
    texts: &[&str],
    layer: usize,
    bar: &ProgressBar,
) -> anyhow::Result<Vec<TokenVectors>> {
    bar.inc_length(texts.len() as u64);
    let mut encoded = Vec::with_capacity(texts.len());
    for chunk in texts.chunks(CHUNK) {
        encoded.extend(encoder.encode(chunk, layer).map_err(nn)?);
        bar.inc(chunk.len() as u64);
    }
    Ok(encoded)
}

fn weights(settings: &BertScoreSettings, references: &[TokenVectors]) -> TokenWeights {
    if settings.idf {
        TokenWeights::inverse_document_frequency(references.iter().map(|text| text.ids.as_slice()))
    } else {
        TokenWeights::equal()
    }
}

/// The F1, on the scale on which random pairs have 0 where the settings name their score.
fn on_scale(settings: &BertScoreSettings, score: BertScore) -> f64 {
    let random = settings.baseline.map(|base| BertScore {
        precision: base,
        recall: base,
        f1: base,
    });
    random.map_or(score, |random| score.rescaled(random)).f1
}

fn nn(error: NnError) -> anyhow::Error {
    Advice::bad_input(error.hint(), anyhow!(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The reference computes in single precision and in another order.
    const TOLERANCE: f64 = 1e-5;

    fn golden() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/bertscore")
    }

    fn check(encoder: &TokenEncoder, cases: &str) {
        let text = fs_err::read_to_string(golden().join("expected.json")).unwrap();
        let golden: serde_json::Value = serde_json::from_str(&text).unwrap();
        let pairs: Vec<(String, String)> = serde_json::from_value(golden["pairs"].clone()).unwrap();
        let cases = golden[cases].as_array().unwrap();
        assert!(!cases.is_empty());
        for case in cases {
            let layer: usize = serde_json::from_value(case["layer"].clone()).unwrap();
            let encode = |texts: Vec<&str>| encoder.encode(&texts, layer).unwrap();
            let ours = encode(pairs.iter().map(|(ours, _)| ours.as_str()).collect());
            let theirs = encode(pairs.iter().map(|(_, theirs)| theirs.as_str()).collect());
            let weights = if case["idf"] == true {
                let ids = theirs.iter().map(|text| text.ids.as_slice());
                TokenWeights::inverse_document_frequency(ids)
            } else {
                TokenWeights::equal()
            };
            let expected: Vec<[f64; 3]> = serde_json::from_value(case["scores"].clone()).unwrap();
            for (idx, expected) in expected.into_iter().enumerate() {
                let score = bert_score(&ours[idx], &theirs[idx], &weights);
                let found = [score.precision, score.recall, score.f1];
                for (found, expected) in found.into_iter().zip(expected) {
                    let gap = (found - expected).abs();
                    assert!(
                        gap < TOLERANCE,
                        "layer {layer}, pair {idx}: {found} is not {expected}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_random_small_model_scores_as_with_bert_score() {
        let folder = golden().join("model");
        check(
            &TokenEncoder::open(folder.to_str().unwrap()).unwrap(),
            "small",
        );
    }

    #[test]
    fn the_embedded_encoder_scores_as_with_bert_score() {
        check(&TokenEncoder::open(STARTER).unwrap(), "starter");
    }
}
