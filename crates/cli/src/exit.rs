//! Exit codes, and how an error is told.

use std::process::ExitCode;

use crate::console::Console;

/// How the program ended. The numbers are part of its interface (`smes --help` lists them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All done.
    Done = 0,
    /// Failed for another reason than those below.
    Failed = 1,
    /// A file or its contents are bad.
    BadInput = 3,
    /// A program, a model or a permission is missing.
    Missing = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error with what to do about it and the exit code it leads to.
///
/// Commands attach it where a library error says what to do:
/// `.map_err(|error| Advice::bad_input(hint, error))`.
#[derive(Debug)]
pub(crate) struct Advice {
    hint: Option<String>,
    exit: Exit,
    source: anyhow::Error,
}

impl Advice {
    /// Bad input: exit code 3.
    pub(crate) fn bad_input(
        hint: Option<String>,
        source: impl Into<anyhow::Error>,
    ) -> anyhow::Error {
        Self {
            hint,
            exit: Exit::BadInput,
            source: source.into(),
        }
        .into()
    }

    /// Work that failed by no fault of its input: exit code 1.
    pub(crate) fn failed(hint: Option<String>, source: impl Into<anyhow::Error>) -> anyhow::Error {
        Self {
            hint,
            exit: Exit::Failed,
            source: source.into(),
        }
        .into()
    }

    /// Something is missing: exit code 4.
    pub(crate) fn missing(hint: Option<String>, source: impl Into<anyhow::Error>) -> anyhow::Error {
        Self {
            hint,
            exit: Exit::Missing,
            source: source.into(),
        }
        .into()
    }
}

impl std::fmt::Display for Advice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.source.fmt(f)
    }
}

impl std::error::Error for Advice {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.source()
    }
}

/// Prints an error with its causes and its hint; gives the exit code.
pub(crate) fn report(console: &Console, error: &anyhow::Error) -> Exit {
    console.error(&describe(error));
    let advice = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Advice>());
    let hint = advice.and_then(|advice| advice.hint.as_deref());
    if let Some(hint) = hint.or_else(|| is_absent(error).then_some("is the path right?")) {
        console.hint(hint);
    }
    advice.map_or(Exit::Failed, |advice| advice.exit)
}

/// Whether something was not found at the root of it.
fn is_absent(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<std::io::Error>();
        io.is_some_and(|io| io.kind() == std::io::ErrorKind::NotFound)
    })
}

/// The causes on one line, outermost first, each once.
fn describe(error: &anyhow::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
    }
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn advice_survives_added_context() {
        let error = Err::<(), _>(Advice::bad_input(
            Some("look".into()),
            anyhow::anyhow!("row 3"),
        ))
        .context("importing")
        .unwrap_err();
        assert_eq!(report(&Console::new(false, true), &error), Exit::BadInput);
        assert_eq!(describe(&error), "importing: row 3");
    }
}
