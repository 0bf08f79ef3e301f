//! What can be wrong with a file of PyTorch's.

use std::io::ErrorKind;

use zip::result::ZipError;

use super::pytorch::{MAX_GROWTH, MAX_INDEX};

/// What is wrong with a file that should hold PyTorch's weights. Positions are bytes of the index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PytorchError {
    /// The archive cannot be read.
    #[error("the archive cannot be read")]
    Archive {
        /// The cause.
        source: ZipError,
    },
    /// The file cannot be read, or ends where more was announced.
    #[error("the file ends early or cannot be read")]
    Io {
        /// The cause.
        source: std::io::Error,
    },
    /// The archive holds no index of tensors.
    #[error("the archive holds no `data.pkl`")]
    NoIndex,
    /// The index is larger than any index of tensors.
    #[error("the index has {found} bytes, at most {MAX_INDEX} are read")]
    IndexSize {
        /// Its size.
        found: u64,
    },
    /// The index ends within an operation.
    #[error("the index ends at byte {at}")]
    IndexEnds {
        /// Where.
        at: usize,
    },
    /// An operation that the index of tensors does not need.
    #[error("the index has an unknown operation {found:#04x} at byte {at}")]
    Operation {
        /// Where.
        at: usize,
        /// The operation.
        found: u8,
    },
    /// The index names code that is not part of a state dict; it is not run.
    #[error("the index asks for `{name}` at byte {at}, which is not part of a state dict")]
    Foreign {
        /// Where.
        at: usize,
        /// The module and name.
        name: String,
    },
    /// Something else stands where a part of a tensor should be.
    #[error("the index has no {expected} at byte {at}, where there should be one")]
    Unexpected {
        /// Where.
        at: usize,
        /// What should be there.
        expected: &'static str,
    },
    /// The index nests or piles up values beyond any state dict.
    #[error("the index nests or piles up too much at byte {at}")]
    Limit {
        /// Where.
        at: usize,
    },
    /// The file does not hold a dictionary of tensors.
    #[error("the file holds no dictionary of tensors")]
    NotAStateDict,
    /// A member of the dictionary is not a tensor.
    #[error("member {idx} of the dictionary is not a named tensor")]
    NotATensor {
        /// Position in the dictionary.
        idx: usize,
    },
    /// A tensor's storage is absent.
    #[error("storage `{key}` of tensor `{name}` is absent")]
    NoStorage {
        /// The tensor.
        name: String,
        /// The storage.
        key: String,
    },
    /// A storage has another size than the index says.
    #[error("storage `{key}` has {found} bytes where the index announces {expected}")]
    StorageSize {
        /// The storage.
        key: String,
        /// Announced bytes.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A tensor reaches beyond its storage.
    #[error("tensor `{name}` reaches beyond its storage `{key}`")]
    BeyondStorage {
        /// The tensor.
        name: String,
        /// The storage.
        key: String,
    },
    /// The tensors together are far larger than the file.
    #[error("the tensors overlap so much that they would not fit into {MAX_GROWTH} times the file")]
    Growth,
    /// The numbers were written by a machine with the other byte order.
    #[error("the numbers are big-endian")]
    BigEndian,
}

impl From<std::io::Error> for PytorchError {
    fn from(source: std::io::Error) -> Self {
        Self::Io { source }
    }
}

impl From<ZipError> for PytorchError {
    fn from(source: ZipError) -> Self {
        Self::Archive { source }
    }
}

impl PytorchError {
    /// Whether the file looks cut short.
    pub(crate) fn is_cut_short(&self) -> bool {
        match self {
            Self::Archive { .. } | Self::IndexEnds { .. } => true,
            Self::Io { source } => source.kind() == ErrorKind::UnexpectedEof,
            _ => false,
        }
    }
}
