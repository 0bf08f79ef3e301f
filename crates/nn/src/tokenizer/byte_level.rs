//! The tokenizer of Blenderbot (400M-distill, 3B): byte-level byte-pair encoding as in GPT-2
//! (Radford et al. 2019), through the `tokenizers` crate.
//!
//! A space goes before every text (`add_prefix_space`), so `Hello` and ` Hello` are the same ids.
//! Case is kept and every text is expressible. Compared with transformers' `BlenderbotTokenizer`
//! (`goldens/nn/tokenizers`).

use std::{collections::HashMap, path::Path};

use tokenizers::{
    AddedToken, Tokenizer, decoders::byte_level::ByteLevel as Decoder, models::bpe::BPE,
    pre_tokenizers::byte_level::ByteLevel,
};

use super::{
    SpecialIds, SubwordTokenizer,
    added::{self, AddedTokens},
    subword::read,
};
use crate::NnError;

const VOCABULARY: &str = "vocab.json";
const MERGES: &str = "merges.txt";
const SPECIAL: [&str; 4] = ["<pad>", "<s>", "</s>", "<unk>"];

/// Text to the ids of Blenderbot.
#[derive(Debug, Clone)]
pub struct ByteLevelTokenizer {
    tokenizer: Tokenizer,
    added: AddedTokens,
    special: SpecialIds,
    n_base: usize,
    /// `vocab.json` and `merges.txt` as they were read.
    files: [Vec<u8>; 2],
}

impl ByteLevelTokenizer {
    /// Reads `vocab.json`, `merges.txt` and, where there is one, `added_tokens.json`.
    ///
    /// # Errors
    /// [`NnError::Read`], [`NnError::Tokenizer`] for a file of another format,
    /// [`NnError::MissingToken`] for a vocabulary without the special tokens.
    pub fn open(folder: &Path) -> Result<Self, NnError> {
        let (vocabulary, merges) = (folder.join(VOCABULARY), folder.join(MERGES));
        let invalid = |file: &Path, reason: String| NnError::Tokenizer {
            file: file.display().to_string(),
            reason,
        };
        let files = [read(&vocabulary)?, read(&merges)?];
        let ids: HashMap<String, u32> = serde_json::from_slice(&files[0])
            .map_err(|source| invalid(&vocabulary, source.to_string()))?;
        let path = |file: &Path| file.display().to_string();
        let model = BPE::from_file(&path(&vocabulary), &path(&merges))
            .build()
            .map_err(|source| invalid(&merges, source.to_string()))?;
        let id = |token: &str| {
            ids.get(token)
                .copied()
                .ok_or_else(|| NnError::MissingToken {
                    file: path(&vocabulary),
                    token: token.to_owned(),
                })
        };
        let [pad, start, end, unknown] = SPECIAL.map(id);
        let special = SpecialIds {
            pad: pad?,
            start: start?,
            end: end?,
            unknown: unknown?,
        };
        let mut tokenizer = Tokenizer::new(model);
        tokenizer.with_pre_tokenizer(Some(ByteLevel::new(true, true, true)));
        tokenizer.with_decoder(Some(Decoder::new(true, true, true)));
        let known = SPECIAL.map(|token| (token.to_owned(), ids[token]));
        let mut this = Self {
            tokenizer,
            added: AddedTokens::new(known.into())?,
            special,
            n_base: ids.len(),
            files,
        };
        this.add_tokens(&SPECIAL)?;
        this.take_added(folder)?;
        Ok(this)
    }

    fn take_added(&mut self, folder: &Path) -> Result<(), NnError> {
        let added = AddedTokens::read(folder)?;
        added::check_ids(&added, self.n_base, folder)?;
        let mut in_order: Vec<(&str, u32)> =
            added.iter().map(|(t, id)| (t.as_str(), *id)).collect();
        in_order.sort_by_key(|(_, id)| *id);
        let tokens: Vec<&str> = in_order.iter().map(|(token, _)| *token).collect();
        // A token of the vocabulary keeps the id that it has there.
        let given = self.add_tokens(&tokens)?;
        added::check_kept(&in_order, &given, folder)
    }
}

impl SubwordTokenizer for ByteLevelTokenizer {
    fn special(&self) -> SpecialIds {
        self.special
    }

    fn vocab_size(&self) -> usize {
        self.tokenizer.get_vocab_size(true)
    }

    fn token_id(&self, token: &str) -> Option<u32> {
        self.tokenizer.token_to_id(token)
    }

    fn add_tokens(&mut self, tokens: &[&str]) -> Result<Vec<u32>, NnError> {
        let invalid = |reason: String| NnError::Tokenizer {
            file: added::FILE.to_owned(),
            reason,
        };
        if tokens.contains(&"") {
            return Err(invalid("an added token is empty".to_owned()));
        }
        let special = tokens.iter().map(|token| AddedToken::from(*token, true));
        self.tokenizer
            .add_special_tokens(special)
            .map_err(|source| invalid(source.to_string()))?;
        let ids: Vec<u32> = tokens
            .iter()
            .filter_map(|token| self.tokenizer.token_to_id(token))
            .collect();
        let names = tokens.iter().map(|token| (*token).to_owned());
        self.added = self.added.with(names.zip(ids.iter().copied()))?;
        Ok(ids)
    }

    fn encode(&self, text: &str) -> Result<Vec<u32>, NnError> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(|_| NnError::Encode { text_idx: 0 })?;
        Ok(encoding.get_ids().to_vec())
    }

    fn decode(&self, ids: &[u32]) -> String {
        let words = self.tokenizer.decode(ids, true).unwrap_or_default();
        words.trim().to_owned()
    }

    fn decode_raw(&self, ids: &[u32]) -> String {
        self.tokenizer.decode(ids, false).unwrap_or_default()
    }

    fn save(&self, folder: &Path) -> Result<(), NnError> {
        added::save(&folder.join(VOCABULARY), &self.files[0])?;
        added::save(&folder.join(MERGES), &self.files[1])?;
        self.added.save(folder, self.n_base)
    }
}
