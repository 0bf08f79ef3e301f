//! Invitation codes: `r1-7K2M-9QXD-4HPT-6WBN`.
//!
//! The part before the first dash says whose it is, so that one hash has to be tried and not all; the
//! rest is 80 random bits in Crockford's base 32. Only an Argon2id hash of it is kept.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use smes_dialogue::Private;

use crate::{RaterId, RatingError};

/// Without the letters that are taken for others: I, L, O, U.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Letters of the secret; five bits each.
const N_LETTERS: usize = 16;
/// Longest text that can be a code, with what people may put between the letters.
const MAX_CHARS: usize = 64;

/// A rater's invitation code. Its `Debug` shows no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Whose it is.
    pub rater: RaterId,
    secret: Private<String>,
}

impl Code {
    /// A new code from the system's randomness.
    pub fn fresh(rater: RaterId) -> Self {
        let bits = u128::from_le_bytes(rand::random());
        let letter = |idx: usize| char::from(ALPHABET[(bits >> (5 * idx) & 31) as usize]);
        let secret: String = (0..N_LETTERS).map(letter).collect();
        Self {
            rater,
            secret: secret.into(),
        }
    }

    /// Reads a code as people type it: in any case, with or without dashes, O for 0, I or L for 1.
    /// `None` when it can be nobody's.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() > MAX_CHARS {
            return None;
        }
        let (rater, secret) = text.split_once('-')?;
        let rater = rater.to_ascii_lowercase().parse().ok()?;
        let secret: Option<String> = secret
            .chars()
            .filter(|letter| !letter.is_whitespace() && *letter != '-')
            .map(plain)
            .collect();
        let secret = secret.filter(|secret| secret.len() == N_LETTERS)?;
        Some(Self {
            rater,
            secret: secret.into(),
        })
    }

    /// The code as it is given to the rater, in groups of four.
    pub fn expose(&self) -> String {
        let letters: Vec<char> = self.secret.expose().chars().collect();
        let groups: Vec<String> = letters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect();
        format!("{}-{}", self.rater, groups.join("-"))
    }

    /// Its Argon2id hash with a fresh salt, for keeping.
    ///
    /// # Errors
    /// [`RatingError::Hash`] when the system has no randomness to give.
    pub fn hash(&self) -> Result<String, RatingError> {
        let hash = Argon2::default()
            .hash_password(self.secret.expose().as_bytes())
            .map_err(|_| RatingError::Hash)?;
        Ok(hash.to_string())
    }

    /// Whether the hash is of this code. Takes tens of milliseconds on purpose, and no less for a
    /// wrong code than for a right one.
    pub fn matches(&self, hash: &str) -> bool {
        PasswordHash::new(hash).is_ok_and(|hash| {
            Argon2::default()
                .verify_password(self.secret.expose().as_bytes(), &hash)
                .is_ok()
        })
    }
}

fn plain(letter: char) -> Option<char> {
    let letter = match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        letter => letter,
    };
    ALPHABET
        .contains(&u8::try_from(letter).ok()?)
        .then_some(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_code_is_recognised_by_its_hash_and_no_other_is() {
        let code = Code::fresh(RaterId::new(3));
        let hash = code.hash().unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        assert!(code.matches(&hash));
        assert!(!Code::fresh(RaterId::new(3)).matches(&hash));
        assert!(!code.matches("not a hash"));
        assert_ne!(hash, code.hash().unwrap(), "the salt is fresh");
    }

    #[test]
    fn what_people_type_is_read_kindly() {
        let code = Code::fresh(RaterId::new(12));
        let shown = code.expose();
        let (rater, secret) = shown.split_once('-').unwrap();
        let secret = secret.to_lowercase().replace('0', "o").replace('1', "l");
        let typed = format!("{}-{secret}", rater.to_uppercase());
        assert_eq!(Code::parse(&format!("  {typed} ")), Some(code.clone()));
        assert_eq!(Code::parse(&format!("{}X", code.expose())), None);
        assert_eq!(Code::parse("r1-????-????-????-????"), None);
        assert!(!format!("{code:?}").contains(code.secret.expose()));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _ = Code::parse(&text);
        }
    }
}
