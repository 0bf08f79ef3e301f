//! Which test says whether two systems differ.

use serde::{Deserialize, Serialize};

/// A test of the difference to a named system.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestKind {
    /// Approximate randomisation by dialogue.
    #[default]
    Randomisation,
    /// Paired bootstrap by dialogue; gives an interval of the difference too.
    Bootstrap,
    /// McNemar's exact test over instances. Only accuracy has it, and it takes instances as
    /// independent, which those of one dialogue are not. Of several seeds the first.
    Mcnemar,
}

impl TestKind {
    /// All.
    pub const ALL: [Self; 3] = [Self::Randomisation, Self::Bootstrap, Self::Mcnemar];

    /// Its name in suites and on the command line.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Randomisation => "randomisation",
            Self::Bootstrap => "bootstrap",
            Self::Mcnemar => "mcnemar",
        }
    }

    /// What it is, for the notes below a table.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Randomisation => "approximate randomisation by dialogue",
            Self::Bootstrap => "paired bootstrap by dialogue",
            Self::Mcnemar => {
                "McNemar's exact test over instances taken as independent; accuracy alone has it"
            }
        }
    }
}
