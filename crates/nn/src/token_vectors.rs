//! Hidden states of a text's tokens, without padding: what BERTScore compares.
//!
//! As the package bert-score takes them: special tokens at both ends, one layer, texts cut at the
//! encoder's length.

use crate::bert::BertEncoder;
use crate::tokenizer::TextTokenizer;
use crate::{NnError, Pass};

/// Texts encoded in one pass.
const BATCH: usize = 32;

/// A text's tokens and their hidden states.
#[derive(Debug, Clone, PartialEq)]
pub struct TextVectors {
    /// Token ids, special tokens among them, `[S]`.
    pub ids: Vec<u32>,
    /// Hidden states, `[S * D]`.
    pub values: Vec<f32>,
}

/// The hidden states of one layer, counted from 1, for each text.
///
/// # Errors
/// [`NnError::ConfigValue`] for a layer that the encoder does not have, and when tokens or tensors
/// cannot be made.
pub fn token_vectors(
    bert: &BertEncoder,
    tokenizer: &TextTokenizer,
    texts: &[&str],
    layer: usize,
    max_tokens: usize,
) -> Result<Vec<TextVectors>, NnError> {
    if !(1..=bert.n_layers()).contains(&layer) {
        return Err(NnError::ConfigValue {
            field: "layer",
            found: layer.to_string(),
            expected: "a layer of the encoder, counted from 1",
        });
    }
    // Neighbours in length share a batch, so little is spent on padding.
    let mut order: Vec<usize> = (0..texts.len()).collect();
    order.sort_by_key(|&idx| texts[idx].len());
    let mut found = vec![None; texts.len()];
    for chunk in order.chunks(BATCH) {
        let batch: Vec<&str> = chunk.iter().map(|&idx| texts[idx].trim()).collect();
        let tokens = tokenizer.encode_batch(&batch, max_tokens)?;
        let stages =
            bert.hidden_states(&tokens.token_ids, &tokens.attention_mask, &mut Pass::eval())?;
        let states: Vec<Vec<Vec<f32>>> = stages[layer].to_vec3()?;
        let ids: Vec<Vec<u32>> = tokens.token_ids.to_vec2()?;
        let mask: Vec<Vec<u8>> = tokens.attention_mask.to_vec2()?;
        for (row, &idx) in chunk.iter().enumerate() {
            let n = mask[row].iter().filter(|&&visible| visible != 0).count();
            found[idx] = Some(TextVectors {
                ids: ids[row][..n].to_vec(),
                values: states[row][..n].concat(),
            });
        }
    }
    Ok(found.into_iter().flatten().collect())
}
