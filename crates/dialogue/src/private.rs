//! Values that must not appear in logs, errors or `Debug` output.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Something a person said, typed or showed.
///
/// `Debug` prints `[private]`; there is no `Display`. Reading it takes a visible call of
/// [`Private::expose`]. Serialisation is transparent, because corpora and replies have to be written.
///
/// ```
/// use smes_dialogue::Private;
/// let said = Private::new("I lost my job".to_owned());
/// assert_eq!(format!("{said:?}"), "[private]");
/// assert_eq!(said.expose(), "I lost my job");
/// ```
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Private<T = String>(T);

impl<T> Private<T> {
    /// Wraps a value.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, for those who need it.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value, given away.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[private]")
    }
}

impl From<&str> for Private<String> {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Private<String> {
    fn from(text: String) -> Self {
        Self(text)
    }
}
