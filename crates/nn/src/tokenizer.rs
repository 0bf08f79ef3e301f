//! Text to token ids. Here: the tokenizer of encoders, a thin wrapper over the `tokenizers` crate
//! and its `tokenizer.json`. Below: those of sequence-to-sequence models, behind
//! [`SubwordTokenizer`].

mod added;
mod blenderbot_small;
mod byte_level;
mod subword;
mod train;

use std::path::Path;

use candle_core::{Device, Tensor};
use tokenizers::Tokenizer;

pub use blenderbot_small::BlenderbotSmallTokenizer;
pub use byte_level::ByteLevelTokenizer;
pub use subword::{SpecialIds, SubwordTokenizer, clean_up, open};
pub use train::train_small_bpe;

use crate::NnError;

/// A tokenizer for BERT encoders.
#[derive(Debug, Clone)]
pub struct TextTokenizer {
    tokenizer: Tokenizer,
    pad_id: u32,
    cls_id: u32,
    sep_id: u32,
}

/// Token ids of a batch of texts, padded to the longest.
#[derive(Debug, Clone)]
pub struct TokenBatch {
    /// `[B, S]`, `u32`.
    pub token_ids: Tensor,
    /// `[B, S]`, `u8`; 1 = visible, 0 = padding.
    pub attention_mask: Tensor,
}

impl TextTokenizer {
    /// Reads a `tokenizer.json`. Its own padding and truncation settings are put aside: the caller
    /// says how long a text may be.
    ///
    /// # Errors
    /// [`NnError::Read`], and as for [`TextTokenizer::from_bytes`].
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, NnError> {
        let path = path.as_ref();
        let bytes = fs_err::read(path).map_err(|source| NnError::Read {
            file: path.to_owned(),
            source,
        })?;
        Self::from_bytes(&bytes, &path.display().to_string())
    }

    /// Reads a `tokenizer.json` held in memory; `file` names it in errors.
    ///
    /// # Errors
    /// [`NnError::Tokenizer`] when it is not one, [`NnError::MissingToken`] when it lacks `[PAD]`,
    /// `[CLS]` or `[SEP]`.
    pub fn from_bytes(bytes: &[u8], file: &str) -> Result<Self, NnError> {
        let invalid = |reason: String| NnError::Tokenizer {
            file: file.to_owned(),
            reason,
        };
        let mut tokenizer =
            Tokenizer::from_bytes(bytes).map_err(|source| invalid(source.to_string()))?;
        tokenizer.with_padding(None);
        tokenizer
            .with_truncation(None)
            .map_err(|source| invalid(source.to_string()))?;
        let id = |token: &str| {
            tokenizer
                .token_to_id(token)
                .ok_or_else(|| NnError::MissingToken {
                    file: file.to_owned(),
                    token: token.to_owned(),
                })
        };
        let (pad_id, cls_id, sep_id) = (id("[PAD]")?, id("[CLS]")?, id("[SEP]")?);
        Ok(Self {
            tokenizer,
            pad_id,
            cls_id,
            sep_id,
        })
    }

    /// Id of the padding token.
    pub fn pad_id(&self) -> u32 {
        self.pad_id
    }

    /// Id of the token before every text.
    pub fn cls_id(&self) -> u32 {
        self.cls_id
    }

    /// Id of the token after every text.
    pub fn sep_id(&self) -> u32 {
        self.sep_id
    }

    /// Number of tokens, added ones included.
    pub fn vocab_size(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    /// Token ids of each text, `[CLS]` and `[SEP]` included, at most `max_tokens` (2 or more)
    /// each: a longer text loses its end. No padding.
    ///
    /// # Errors
    /// [`NnError::Encode`] names the text by its position.
    pub fn encode(
        &self,
        texts: &[impl AsRef<str>],
        max_tokens: usize,
    ) -> Result<Vec<Vec<u32>>, NnError> {
        let n_words = max_tokens.saturating_sub(2);
        let encode_one = |(text_idx, text): (usize, &str)| {
            let encoding = self
                .tokenizer
                .encode_fast(text, false)
                .map_err(|_| NnError::Encode { text_idx })?;
            let words = encoding.get_ids().iter().take(n_words).copied();
            Ok(std::iter::once(self.cls_id)
                .chain(words)
                .chain([self.sep_id])
                .collect())
        };
        texts
            .iter()
            .map(AsRef::as_ref)
            .enumerate()
            .map(encode_one)
            .collect()
    }

    /// As [`TextTokenizer::encode`], padded to the longest text as tensors.
    ///
    /// # Errors
    /// As for [`TextTokenizer::encode`].
    pub fn encode_batch(
        &self,
        texts: &[impl AsRef<str>],
        max_tokens: usize,
    ) -> Result<TokenBatch, NnError> {
        let token_ids = self.encode(texts, max_tokens)?;
        TokenBatch::pad(&token_ids, self.pad_id)
    }
}

impl TokenBatch {
    /// Pads token ids to the longest.
    ///
    /// # Errors
    /// When memory cannot be allocated.
    pub fn pad(token_ids: &[impl AsRef<[u32]>], pad_id: u32) -> Result<Self, NnError> {
        let longest = token_ids
            .iter()
            .map(|ids| ids.as_ref().len())
            .max()
            .unwrap_or(0);
        let shape = (token_ids.len(), longest);
        let mut padded = Vec::with_capacity(shape.0 * longest);
        let mut mask = Vec::with_capacity(shape.0 * longest);
        for ids in token_ids {
            padded.extend_from_slice(ids.as_ref());
            mask.resize(padded.len(), 1_u8);
            padded.resize(padded.len() + longest - ids.as_ref().len(), pad_id);
            mask.resize(padded.len(), 0_u8);
        }
        Ok(Self {
            token_ids: Tensor::from_vec(padded, shape, &Device::Cpu)?,
            attention_mask: Tensor::from_vec(mask, shape, &Device::Cpu)?,
        })
    }
}
