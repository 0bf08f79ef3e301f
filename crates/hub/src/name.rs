//! The name of a model on a hub.

use std::{fmt, str::FromStr};

use crate::HubError;

/// `owner/name`, as in `facebook/blenderbot_small-90M`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelName {
    owner: String,
    name: String,
}

impl ModelName {
    /// The folder of the model in the store.
    pub(crate) fn folder(&self) -> String {
        format!("models--{}--{}", self.owner, self.name)
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl FromStr for ModelName {
    type Err = HubError;

    fn from_str(text: &str) -> Result<Self, HubError> {
        let is_part = |part: &str| {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
            !part.is_empty() && !part.starts_with('.') && part.chars().all(is_allowed)
        };
        match text.split_once('/') {
            Some((owner, name)) if is_part(owner) && is_part(name) => Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(HubError::Name {
                found: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_an_owner_and_leads_nowhere_else() {
        let name: ModelName = "facebook/blenderbot_small-90M".parse().unwrap();
        assert_eq!(name.to_string(), "facebook/blenderbot_small-90M");
        for bad in ["bert", "a/b/c", "../a", "a/..", "a/ b", "/b", "a/"] {
            assert!(bad.parse::<ModelName>().is_err(), "{bad}");
        }
    }
}
