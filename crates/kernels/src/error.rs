//! What can be wrong with the arguments of an operation.

/// An operation was given what it cannot work on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// An input has a wrong shape.
    #[error("`{input}` has shape {found:?}, expected {expected}")]
    InputShape {
        /// Which input.
        input: &'static str,
        /// The expected shape, in words.
        expected: String,
        /// The shape found.
        found: Vec<usize>,
    },
    /// The heads of an attention do not divide its width.
    #[error("{n_heads} heads do not divide the width {width}")]
    Heads {
        /// Heads asked for.
        n_heads: usize,
        /// Width of the projections.
        width: usize,
    },
    /// An index points outside of a table or of the classes.
    #[error("index {index} at position {position} of `{input}` is not below {n_rows}")]
    Index {
        /// Which input.
        input: &'static str,
        /// Where in it.
        position: usize,
        /// The index found.
        index: u32,
        /// Rows of the table.
        n_rows: usize,
    },
    /// An operation that passes no gradient was given what is trained.
    #[error("`{operation}` passes no gradient, and was given a parameter that is trained")]
    NoGradient {
        /// Which operation.
        operation: &'static str,
    },
    /// The tensor library refused an operation.
    #[error("tensor operation failed")]
    Tensor {
        /// The cause.
        #[from]
        source: candle_core::Error,
    },
}

impl KernelError {
    /// What the person can do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Index { .. } => {
                Some("the tokenizer and the model belong to different vocabularies".to_owned())
            }
            Self::Heads { .. } => Some("correct the number of heads in the configuration".into()),
            Self::NoGradient { .. } => {
                Some("freeze the parameters before the layer takes them".into())
            }
            _ => None,
        }
    }

    pub(crate) fn shape(input: &'static str, expected: impl Into<String>, found: &[usize]) -> Self {
        Self::InputShape {
            input,
            expected: expected.into(),
            found: found.to_vec(),
        }
    }
}
