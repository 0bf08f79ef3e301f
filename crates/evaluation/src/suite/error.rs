//! What can be wrong with a suite.

/// An error of a suite: where it is and what was expected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// The file cannot be read; the cause names the path.
    #[error("cannot read the suite: {source}")]
    Io {
        /// The cause.
        #[from]
        source: std::io::Error,
    },
    /// It is no TOML of this form.
    #[error("{file}:{line}: {reason}")]
    Toml {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A name that stands for nothing.
    #[error("{file}:{line}: unknown {kind} `{found}`")]
    Unknown {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// What it should be the name of.
        kind: &'static str,
        /// What was found.
        found: String,
        /// What there is.
        expected: Vec<String>,
    },
    /// A system with no source, or with two.
    #[error("{file}:{line}: system `{system}` needs either `reasoner` or `predictions`")]
    Source {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The system.
        system: String,
    },
    /// A command line that names a system the suite does not have.
    #[error("no system `{found}` to test against")]
    NoSuchSystem {
        /// What was named.
        found: String,
        /// What there is.
        expected: Vec<String>,
    },
    /// A command line that names a test for a suite that tests against nobody.
    #[error("there is no system to test against")]
    NothingToTestAgainst,
    /// Two systems of one name.
    #[error("{file}:{line}: a system named `{system}` stands on an earlier line already")]
    Duplicate {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The name.
        system: String,
    },
    /// A run or a prediction file that is not there.
    #[error("{file}:{line}: system `{system}`: nothing at `{place}`")]
    Missing {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The system.
        system: String,
        /// Where it should be.
        place: String,
    },
}

impl SuiteError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { expected, .. } | Self::NoSuchSystem { expected, .. } => Some(format!("there are `{}`", expected.join("`, `"))),
            Self::NothingToTestAgainst => Some("name one with `--against`".to_owned()),
            Self::Missing { .. } => Some(
                "make it with `smes train` or `smes predict`, or say `optional = \"why\"` to go on without it"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}
