//! Why there is no transcript.

use std::path::PathBuf;

use smes_endpoint::EndpointError;
use smes_nn::NnError;

use crate::SAMPLE_RATE;

/// How to get a model that works.
const FETCH: &str = "`smes models pull openai/whisper-base` fetches a model that works";

/// An error of a transcriber. No message quotes what was said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpeechError {
    /// There is no folder of that name.
    #[error("`{}` is no folder with a Whisper in it", folder.display())]
    NoFolder {
        /// What was named.
        folder: PathBuf,
    },
    /// A file of the model is absent or cannot be read.
    #[error("cannot read `{}`", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A file of the model is not valid.
    #[error("`{}` does not fit: {reason}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The weights or their configuration do not fit.
    #[error("`{}` holds no Whisper that can be used", folder.display())]
    Model {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: Box<NnError>,
    },
    /// A model refused an operation.
    #[error("the model failed")]
    Nn(#[source] Box<NnError>),
    /// The model does not know the language.
    #[error("language `{found}` is none that the model knows")]
    Language {
        /// What was asked for.
        found: String,
        /// Those it knows.
        known: Vec<String>,
    },
    /// The sound has another rate.
    #[error("the sound has `{found}` samples a second, expected {SAMPLE_RATE}")]
    SampleRate {
        /// Its rate.
        found: u32,
    },
    /// It would have taken longer than anybody waits.
    #[error("writing down what was said took too long")]
    TooSlow,
    /// The server gave no answer.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

impl From<NnError> for SpeechError {
    fn from(source: NnError) -> Self {
        Self::Nn(Box::new(source))
    }
}

impl SpeechError {
    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoFolder { .. } | Self::Read { .. } | Self::File { .. } => Some(FETCH.to_owned()),
            Self::Model { source, .. } => Some(match source.hint() {
                Some(hint) => format!("{hint}; {FETCH}"),
                None => FETCH.to_owned(),
            }),
            Self::Nn(source) => source.hint(),
            Self::Language { known, .. } if known.is_empty() => {
                Some("this model knows English alone; leave the language out".to_owned())
            }
            Self::Language { known, .. } => Some(format!("it knows {}", known.join(", "))),
            Self::SampleRate { .. } => Some(format!("decode it at {SAMPLE_RATE} Hz")),
            Self::TooSlow => Some("a smaller model is faster: `openai/whisper-tiny`".to_owned()),
            Self::Endpoint(error) => error.hint(),
        }
    }
}
