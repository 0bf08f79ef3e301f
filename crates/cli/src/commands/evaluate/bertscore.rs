//! BERTScore of predictions, kept in a file so that it is computed once.

use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use smes_evaluation::metrics::{BertScore, TokenVectors, TokenWeights, bert_score};
use smes_evaluation::protocol::Target;
use smes_evaluation::suite::BertScoreSettings;
use smes_evaluation::{BertScores, GoldSet, Predictions, config_hash, content_hash};
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
    folder: PathBuf,
    console: &'s Console,
}

impl<'s> BertScorer<'s> {
    /// A scorer that keeps its results in a folder; the encoder is loaded when it is first needed.
    pub(crate) const fn new(
        settings: &'s BertScoreSettings,
        folder: PathBuf,
        console: &'s Console,
    ) -> Self {
        Self {
            settings,
            encoder: None,
            folder,
            console,
        }
    }

    /// The F1 of each instance that has a target text; `None` where the file holds no response at all.
    /// A missing response scores 0.
    pub(crate) fn score(
        &mut self,
        file: &Path,
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
        let kept = self.place(file, gold, target)?;
        if let Ok(text) = fs_err::read_to_string(&kept)
            && let Ok(scores) = serde_json::from_str(&text)
        {
            return Ok(Some(scores));
        }
        let scores = self.compute(predictions, gold, target)?;
        fs_err::create_dir_all(&self.folder)?;
        fs_err::write(&kept, serde_json::to_string(&scores)?)?;
        Ok(Some(scores))
    }

    /// Where the result is kept: named by everything that decides it.
    fn place(&self, file: &Path, gold: &GoldSet, target: Target) -> anyhow::Result<PathBuf> {
        let settings = self.settings;
        let encoder = if settings.encoder == STARTER {
            env!("CARGO_PKG_VERSION").to_owned()
        } else {
            content_hash(Path::new(&settings.encoder))?
        };
        let key = config_hash(&[
            ("predictions", &content_hash(file)?),
            ("corpus", &gold.corpus.checksum),
            ("target", &format!("{target:?}")),
            ("encoder", &encoder),
            ("settings", &format!("{settings:?}")),
        ]);
        Ok(self.folder.join(format!("{key}.json")))
    }

    fn compute(
        &mut self,
        predictions: &Predictions,
        gold: &GoldSet,
        target: Target,
    ) -> anyhow::Result<BertScores> {
        let encoder = match self.encoder.take() {
            Some(encoder) => encoder,
            None => TokenEncoder::open(&self.settings.encoder)?,
        };
        let encoder = self.encoder.insert(encoder);
        let layer = self.settings.layer;
        let pairs: Vec<Option<(&str, &str)>> = gold
            .instances()
            .zip(&predictions.records)
            .map(|((_, one), record)| {
                let response = record.as_ref().and_then(|record| record.response.as_ref());
                let response = response.map_or("", |text| text.expose().as_str());
                Some((response, one.target(target)?))
            })
            .collect();
        let (hypotheses, targets): (Vec<&str>, Vec<&str>) = pairs.iter().copied().flatten().unzip();
        let bar = self
            .console
            .progress(2 * targets.len() as u64, "comparing meanings");
        let mut references = Vec::with_capacity(targets.len());
        for chunk in targets.chunks(CHUNK) {
            references.extend(encoder.encode(chunk, layer).map_err(nn)?);
            bar.inc(chunk.len() as u64);
        }
        let weights = weights(self.settings, &references);
        let mut scores = Vec::with_capacity(hypotheses.len());
        for chunk in hypotheses.chunks(CHUNK) {
            for hypothesis in encoder.encode(chunk, layer).map_err(nn)? {
                let score = bert_score(&hypothesis, &references[scores.len()], &weights);
                scores.push(on_scale(self.settings, score));
            }
            bar.inc(chunk.len() as u64);
        }
        bar.finish_and_clear();
        let mut scores = scores.into_iter();
        let score = |pair: &Option<_>| pair.as_ref().and_then(|_| scores.next());
        Ok(pairs.iter().map(score).collect())
    }
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
