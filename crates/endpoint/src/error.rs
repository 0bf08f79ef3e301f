//! Why an endpoint gave no answer.

/// An error of an endpoint. No message quotes what was sent or answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// The address is none.
    #[error("`{url}` is no address of an endpoint, expected such as `http://127.0.0.1:8080/v1`")]
    Address {
        /// What was given.
        url: String,
    },
    /// A key would be sent where anyone on the way can read it.
    #[error("the key would be sent unencrypted to `{host}`")]
    KeyInTheOpen {
        /// Where to.
        host: String,
    },
    /// The server says no, and would again.
    #[error("`{host}` refused with status {status}{}", code.as_ref().map(|code| format!(" (`{code}`)")).unwrap_or_default())]
    Refused {
        /// Who.
        host: String,
        /// HTTP status.
        status: u16,
        /// The code of the server's own error, where it has a plain one.
        code: Option<String>,
        /// Whether the server says that it cannot do what was asked, such as see or hear.
        is_unsupported: bool,
    },
    /// What may be spent is spent, but for less than another request may take.
    #[error("the budget of {limit} does not hold another request")]
    Budget {
        /// In words.
        limit: String,
    },
    /// Trying again did not help.
    #[error("`{host}` gave no answer in {n_tries} tries; the last ended with {last}")]
    GaveUp {
        /// Who.
        host: String,
        /// How often it was tried.
        n_tries: u32,
        /// What the last one ended with.
        last: String,
    },
    /// The answer is not one of this protocol.
    #[error("`{host}` answered with something that is not of this protocol")]
    NotTheProtocol {
        /// Who.
        host: String,
    },
}

impl EndpointError {
    /// Whether the same question without some of its parts may be understood.
    pub const fn is_about_form(&self) -> bool {
        matches!(
            self,
            Self::Refused {
                is_unsupported: true,
                ..
            } | Self::Refused {
                status: 400 | 413 | 415 | 422 | 501,
                ..
            }
        )
    }

    /// What to do about it, in one line.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Address { .. } => {
                "the address ends before `/chat/completions` or `/audio/transcriptions`"
            }
            Self::KeyInTheOpen { .. } => "use an `https://` address, or leave out the key",
            Self::Refused {
                status: 401 | 403, ..
            } => "name the environment variable that holds the key with `--key-env`",
            Self::Refused { status: 404, .. } => {
                "does the address end with `/v1`, and does the server have that model?"
            }
            Self::Budget { .. } => {
                "what was answered so far is kept; the same command with a larger budget goes on"
            }
            Self::GaveUp { .. } => "what was answered so far is kept; the same command goes on",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
