//! The network at the start of a run: published weights with rows for the label tokens, or random
//! weights over a tokenizer learnt from the training texts.

use smes_corpus::Corpus;
use smes_nn::Params;
use smes_nn::blenderbot::{self, Blenderbot, BlenderbotConfig};
use smes_nn::tokenizer::{self, SubwordTokenizer, train_small_bpe};
use smes_reasoning::sequence::{LabelTokens, Sequence};

use super::data::Material;
use super::{Pretrained, Scratch, Seq2seqRecipe, Start};
use crate::TrainingError;

/// What a run begins with.
pub(super) struct Beginning {
    pub(super) config: BlenderbotConfig,
    pub(super) params: Params,
    pub(super) model: Blenderbot,
    pub(super) sequence: Sequence,
}

/// Makes the tokenizer with the label tokens, and the network for it.
///
/// # Errors
/// [`TrainingError::NoPretrained`], or when files do not fit one another.
pub(super) fn begin(
    recipe: &Seq2seqRecipe,
    corpus: &Corpus,
    material: &Material,
) -> Result<Beginning, TrainingError> {
    let emotions = corpus.emotions().clone();
    let strategies = corpus
        .strategies()
        .cloned()
        .ok_or_else(|| TrainingError::NoStrategies {
            corpus: corpus.manifest().name.clone(),
        })?;
    let labels = LabelTokens::surface_forms(&emotions, &strategies);
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    let (config, params, tokenizer) = match &recipe.start {
        Start::Pretrained(start) => pretrained(start, recipe.seed, &labels)?,
        Start::Scratch(shape) => scratch(shape, recipe, material, &labels)?,
    };
    let model = Blenderbot::load(&params.loader(), &config)?;
    params.check_all_used()?;
    check_positions(recipe, &config)?;
    let sequence = Sequence::new(recipe.layout.clone(), tokenizer, emotions, strategies)?;
    Ok(Beginning {
        config,
        params,
        model,
        sequence,
    })
}

type Parts = (BlenderbotConfig, Params, Box<dyn SubwordTokenizer>);

fn pretrained(start: &Pretrained, seed: u64, labels: &[&str]) -> Result<Parts, TrainingError> {
    let folder = &start.folder;
    if !folder.join("config.json").exists() {
        return Err(TrainingError::NoPretrained {
            folder: folder.clone(),
        });
    }
    let (mut config, params) = blenderbot::open(folder)?;
    let mut tokenizer = tokenizer::open(folder)?;
    if tokenizer.vocab_size() != config.vocab_size {
        return Err(TrainingError::OtherVocabulary {
            folder: folder.clone(),
            n_model: config.vocab_size,
            n_tokenizer: tokenizer.vocab_size(),
        });
    }
    tokenizer.add_tokens(labels)?;
    blenderbot::resize_vocabulary(&params, &mut config, tokenizer.vocab_size(), seed)?;
    Ok((config, params, tokenizer))
}

fn scratch(
    shape: &Scratch,
    recipe: &Seq2seqRecipe,
    material: &Material,
    labels: &[&str],
) -> Result<Parts, TrainingError> {
    let mut tokenizer = train_small_bpe(material.texts(), shape.vocab_size)?;
    tokenizer.add_tokens(labels)?;
    let special = tokenizer.special();
    let config = BlenderbotConfig {
        vocab_size: tokenizer.vocab_size(),
        d_model: shape.width,
        encoder_layers: shape.n_layers,
        decoder_layers: shape.n_layers,
        encoder_attention_heads: shape.n_heads,
        decoder_attention_heads: shape.n_heads,
        encoder_ffn_dim: shape.feed_forward,
        decoder_ffn_dim: shape.feed_forward,
        max_position_embeddings: recipe
            .layout
            .max_source
            .max(recipe.layout.max_target)
            .max(recipe.decoding.max_length),
        dropout: shape.dropout,
        pad_token_id: special.pad,
        bos_token_id: special.start,
        eos_token_id: special.end,
        decoder_start_token_id: Some(special.start),
        ..BlenderbotConfig::small_90m()
    };
    let params = Params::new();
    Blenderbot::load(&params.initialiser(recipe.seed), &config)?;
    Ok((config, params, Box::new(tokenizer)))
}

/// That the network has positions for the longest sequences of the recipe.
fn check_positions(recipe: &Seq2seqRecipe, config: &BlenderbotConfig) -> Result<(), TrainingError> {
    let layout = &recipe.layout;
    for (field, wanted) in [
        ("layout.max_source", layout.max_source),
        ("layout.max_target", layout.max_target),
        ("decoding.max_length", recipe.decoding.max_length),
    ] {
        if wanted > config.max_position_embeddings {
            return Err(TrainingError::TooLong {
                field,
                wanted,
                n_positions: config.max_position_embeddings,
            });
        }
    }
    Ok(())
}
