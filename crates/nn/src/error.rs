//! What can go wrong between a file of weights and a tensor.

use std::path::PathBuf;

use smes_kernels::KernelError;

use crate::checkpoint::PytorchError;

/// An error of the tensor layer. Never holds a person's words.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NnError {
    /// A file could not be read.
    #[error("cannot read `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file could not be written; what stood there before is untouched.
    #[error("cannot write `{}`", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A weights file is shorter or longer than its header says.
    #[error("`{file}` has a size of {found} bytes where its header announces {expected}")]
    FileSize {
        /// The file.
        file: String,
        /// Bytes that the header announces.
        expected: u64,
        /// Bytes found.
        found: u64,
    },
    /// A weights file is not in the safetensors format.
    #[error("`{file}` is not a safetensors file")]
    NotSafetensors {
        /// The file.
        file: String,
        /// The cause.
        source: safetensors::SafeTensorError,
    },
    /// A file of PyTorch's has a fault.
    #[error("`{file}` is not a PyTorch checkpoint that can be read")]
    Pytorch {
        /// The file.
        file: String,
        /// What and where.
        source: PytorchError,
    },
    /// Tensors could not be turned into a safetensors file.
    #[error("cannot write `{}` as safetensors", file.display())]
    Serialise {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: safetensors::SafeTensorError,
    },
    /// A tensor is stored in a type that parameters cannot have.
    #[error(
        "tensor `{name}` of `{file}` is stored as `{found}`, expected one of f32, f16, bf16, i8"
    )]
    StoredType {
        /// The file.
        file: String,
        /// The tensor.
        name: String,
        /// The type found.
        found: String,
    },
    /// A tensor that the model needs is absent.
    #[error("`{file}` holds no tensor `{name}`, which the model needs (shape {expected:?})")]
    MissingTensor {
        /// Where the parameters came from.
        file: String,
        /// The tensor.
        name: String,
        /// The shape that it should have.
        expected: Vec<usize>,
    },
    /// Tensors that the model does not use.
    #[error("`{file}` holds {} tensors that the model does not use: `{}`", names.len(), names.join("`, `"))]
    UnusedTensors {
        /// Where the parameters came from.
        file: String,
        /// The tensors, sorted.
        names: Vec<String>,
    },
    /// The head, or the embeddings of a part, are not the token table.
    #[error("tensor `{name}` of `{file}` differs from the token table, which should be the same")]
    Untied {
        /// The file.
        file: String,
        /// The tensor.
        name: String,
    },
    /// A tensor has another shape than the model needs.
    #[error("tensor `{name}` of `{file}` has shape {found:?}, expected {expected:?}")]
    TensorShape {
        /// Where the parameters came from.
        file: String,
        /// The tensor.
        name: String,
        /// The shape that it should have.
        expected: Vec<usize>,
        /// The shape that it has.
        found: Vec<usize>,
    },
    /// Row-wise int8 was asked for a tensor that is not a matrix.
    #[error("tensor `{name}` of shape {shape:?} is not a matrix, so it has no rows to quantise")]
    NotAMatrix {
        /// The tensor.
        name: String,
        /// Its shape.
        shape: Vec<usize>,
    },
    /// An input of a layer has a wrong shape.
    #[error("`{input}` has shape {found:?}, expected {expected}")]
    InputShape {
        /// Which input.
        input: &'static str,
        /// The expected shape, in words.
        expected: String,
        /// The shape found.
        found: Vec<usize>,
    },
    /// A configuration file is not valid JSON or lacks a field.
    #[error("the model configuration `{file}` cannot be read")]
    Config {
        /// The file.
        file: String,
        /// The cause.
        source: serde_json::Error,
    },
    /// A configuration holds a value that the architecture here cannot honour.
    #[error("the model configuration has `{field}` = `{found}`, expected {expected}")]
    ConfigValue {
        /// The field.
        field: &'static str,
        /// The value found.
        found: String,
        /// What would be accepted.
        expected: &'static str,
    },
    /// The same, of a file.
    #[error("the model configuration `{file}` has `{field}` = `{found}`, expected {expected}")]
    ConfigFileValue {
        /// The file.
        file: String,
        /// The field.
        field: &'static str,
        /// The value found.
        found: String,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A setting of decoding is out of its range.
    #[error("the decoding's `{field}` is `{found}`, expected {expected}")]
    Decoding {
        /// The field.
        field: &'static str,
        /// The value found.
        found: String,
        /// What would be accepted.
        expected: &'static str,
    },
    /// A tokenizer file is not valid.
    #[error("`{file}` is not a tokenizer: {reason}")]
    Tokenizer {
        /// The file.
        file: String,
        /// The parser's words; a tokenizer file holds nobody's text.
        reason: String,
    },
    /// The tokenizer lacks a special token.
    #[error("the tokenizer `{file}` has no token `{token}`")]
    MissingToken {
        /// The file.
        file: String,
        /// The token.
        token: String,
    },
    /// A text could not be encoded. The text is not kept.
    #[error("text {text_idx} of the batch cannot be encoded")]
    Encode {
        /// Position in the batch.
        text_idx: usize,
    },
    /// An optimiser was given no gradient for a parameter of one of its groups.
    #[error("parameter `{name}` of group `{group}` has no gradient")]
    MissingGradient {
        /// The parameter.
        name: String,
        /// The group.
        group: String,
    },
    /// The gradient, and with it the loss, is not finite.
    #[error("the gradient norm at step {step} is not finite: `{norm}`")]
    NonFiniteGradient {
        /// The optimiser step, counted from 1.
        step: u64,
        /// The norm.
        norm: f64,
    },
    /// Every token is barred where one has to come.
    #[error("no token may come at position {position} of output {row}: all are barred")]
    AllBarred {
        /// Which output of the batch.
        row: usize,
        /// The position, counted from the start token.
        position: usize,
    },
    /// A parameter appears in two groups of an optimiser.
    #[error("parameter `{name}` is in both group `{first}` and group `{second}`")]
    ParameterInTwoGroups {
        /// The parameter.
        name: String,
        /// The group that holds it already.
        first: String,
        /// The group that names it again.
        second: String,
    },
    /// The metadata of a file lacks a key or holds a value that cannot be read.
    #[error("the metadata of `{file}` has no valid `{key}`")]
    Metadata {
        /// The file.
        file: String,
        /// The key.
        key: String,
    },
    /// An operation was given what it cannot work on.
    #[error(transparent)]
    Kernel {
        /// The cause.
        source: KernelError,
    },
    /// The tensor library refused an operation.
    #[error("tensor operation failed")]
    Tensor {
        /// The cause.
        #[from]
        source: candle_core::Error,
    },
}

impl NnError {
    /// The same error, naming the configuration file in which the value stands.
    pub(crate) fn of_file(self, file: &str) -> Self {
        match self {
            Self::ConfigValue {
                field,
                found,
                expected,
            } => Self::ConfigFileValue {
                file: file.to_owned(),
                field,
                found,
                expected,
            },
            other => other,
        }
    }

    /// What the person can do about it, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::FileSize {
                expected, found, ..
            } if found < expected => {
                Some("the file was cut short; fetch or train it again".to_owned())
            }
            Self::Pytorch { source, .. } if source.is_cut_short() => {
                Some("the file was cut short or damaged; fetch it again".to_owned())
            }
            Self::Pytorch { .. } => Some(
                "only a dictionary of tensors is read, as `torch.save(model.state_dict(), file)` \
                 writes it; convert it to safetensors"
                    .to_owned(),
            ),
            Self::FileSize { .. } | Self::NotSafetensors { .. } => {
                Some("the file is damaged or of another format; fetch or train it again".to_owned())
            }
            Self::MissingTensor { .. }
            | Self::UnusedTensors { .. }
            | Self::TensorShape { .. }
            | Self::Untied { .. } => Some(
                "the weights and the model configuration belong to different models".to_owned(),
            ),
            Self::Read { .. } => Some("is the path right?".to_owned()),
            Self::Config { .. } | Self::Tokenizer { .. } | Self::MissingToken { .. } => Some(
                "the file is damaged or of another kind; fetch it again, or train the model again"
                    .to_owned(),
            ),
            Self::NonFiniteGradient { .. } => {
                Some("lower the learning rate, or clip the gradient at a smaller norm".to_owned())
            }
            Self::Kernel { source } => source.hint(),
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

impl From<KernelError> for NnError {
    /// Shapes and the tensor library's refusals look the same wherever they were noticed.
    fn from(source: KernelError) -> Self {
        match source {
            KernelError::InputShape {
                input,
                expected,
                found,
            } => Self::InputShape {
                input,
                expected,
                found,
            },
            KernelError::Tensor { source } => Self::Tensor { source },
            source => Self::Kernel { source },
        }
    }
}
