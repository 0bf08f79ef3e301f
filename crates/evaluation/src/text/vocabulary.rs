//! Tokens as numbers, so that n-grams compare in one operation.

use std::collections::HashMap;

/// Numbers given to tokens in the order in which they are first seen.
#[derive(Debug, Default)]
pub struct Vocabulary {
    ids: HashMap<Box<str>, u32>,
}

impl Vocabulary {
    /// The numbers of the tokens; new tokens get new ones.
    ///
    /// # Panics
    /// Beyond `u32::MAX` distinct tokens.
    pub fn ids<T: AsRef<str>>(&mut self, tokens: &[T]) -> Vec<u32> {
        tokens.iter().map(|token| self.id(token.as_ref())).collect()
    }

    fn id(&mut self, token: &str) -> u32 {
        if let Some(&id) = self.ids.get(token) {
            return id;
        }
        let id = u32::try_from(self.ids.len()).expect("there are fewer than 2^32 distinct tokens");
        self.ids.insert(token.into(), id);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_tokens_have_equal_numbers() {
        let mut vocabulary = Vocabulary::default();
        assert_eq!(vocabulary.ids(&["a", "b", "a"]), [0, 1, 0]);
        assert_eq!(vocabulary.ids(&["b", "c"]), [1, 2]);
    }
}
