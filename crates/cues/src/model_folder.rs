//! What the folders of all models share: the names of their files, and how a configuration is read.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use smes_dialogue::{EmotionSet, emotion_set};

use crate::CueError;

/// Name of the configuration in a model folder.
pub const CONFIG_FILE: &str = "config.toml";
/// Name of the weights in a model folder.
pub const WEIGHTS_FILE: &str = "weights.safetensors";

/// The one field that every version of every configuration has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// Reads a configuration, which must be of this version of its format; `source` names it in errors.
///
/// # Errors
/// [`CueError::Model`]. The version is looked at first: what another one lacks or has more is no
/// advice to anybody.
pub(crate) fn read_config<C: DeserializeOwned>(
    bytes: &[u8],
    expected: u32,
    source: &str,
) -> Result<C, CueError> {
    let text = std::str::from_utf8(bytes).map_err(|error| refused(source, error.to_string()))?;
    let not_read = |error: toml::de::Error| refused(source, error.message().to_owned());
    let Versioned { version } = toml::from_str(text).map_err(not_read)?;
    if version != expected {
        let reason = format!("its version is {version}, expected {expected}");
        return Err(refused(source, reason));
    }
    toml::from_str(text).map_err(not_read)
}

/// The set of emotions that a configuration names.
///
/// # Errors
/// [`CueError::Model`] when there is none of this name.
pub(crate) fn read_set(name: &str, source: &str) -> Result<EmotionSet, CueError> {
    emotion_set(name).ok_or_else(|| refused(source, format!("unknown emotion set `{name}`")))
}

fn refused(source: &str, reason: String) -> CueError {
    CueError::Model {
        model: source.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Toy {
        #[serde(rename = "version")]
        _version: u32,
        side: usize,
    }

    #[test]
    fn a_configuration_is_read_or_refused_with_what_is_wrong() {
        let read = |text: &[u8]| read_config::<Toy>(text, 2, "a model");
        assert_eq!(read(b"version = 2\nside = 48").unwrap().side, 48);
        for (text, expected) in [
            (
                &b"version = 3\ndepth = 1"[..],
                "its version is 3, expected 2",
            ),
            (b"version = 2", "missing field `side`"),
            (
                b"version = 2\nside = 48\ndepth = 1",
                "unknown field `depth`",
            ),
            (b"side = 48", "missing field `version`"),
            (b"\xff", "utf-8"),
        ] {
            let said = read(text).unwrap_err().to_string();
            let is_told = said.contains("a model") && said.contains(expected);
            assert!(is_told, "{said}");
        }
    }
}
