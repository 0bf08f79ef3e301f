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
        last: Trouble,
    },
    /// The answer is not one of this protocol.
    #[error("`{host}` answered with something that is not of this protocol")]
    NotTheProtocol {
        /// Who.
        host: String,
    },
}

/// What a try ended with, where another may go better. It quotes nothing of what was sent or answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// The server cannot do it now.
    #[error("status {0}")]
    Status(u16),
    /// It was not reached in time.
    #[error("a time-out before it was reached")]
    NotReached,
    /// It took the request, and gave no answer in time.
    #[error("a time-out")]
    NoAnswer,
    /// There is no machine of that name.
    #[error("an unknown host")]
    UnknownHost,
    /// It takes no connection.
    #[error("no connection")]
    NoConnection,
    /// It takes no secure connection.
    #[error("no secure connection")]
    NotSecure,
    /// The connection ended before the answer did.
    #[error("a connection that was cut")]
    Cut,
    /// Longer than is read.
    #[error("an answer that is too long")]
    TooLong,
    /// Not HTTP.
    #[error("a broken answer")]
    Broken,
}

impl Trouble {
    /// Whether the server may have read the request and written an answer, and count both.
    pub(crate) const fn may_have_cost(self) -> bool {
        matches!(
            self,
            Self::NoAnswer | Self::Cut | Self::TooLong | Self::Broken | Self::Status(504)
        )
    }

    /// Whether the server was there, and took the request.
    pub const fn was_reached(self) -> bool {
        !matches!(
            self,
            Self::NotReached | Self::UnknownHost | Self::NoConnection | Self::NotSecure
        )
    }
}

impl From<ureq::Error> for Trouble {
    fn from(error: ureq::Error) -> Self {
        use std::io::ErrorKind::{
            AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable,
        };
        use ureq::{Error, Timeout};
        match error {
            Error::Timeout(Timeout::Resolve | Timeout::Connect) => Self::NotReached,
            Error::Timeout(_) => Self::NoAnswer,
            Error::HostNotFound => Self::UnknownHost,
            Error::ConnectionFailed => Self::NoConnection,
            Error::Io(error) => match error.kind() {
                AddrNotAvailable | ConnectionRefused | HostUnreachable | NetworkUnreachable => {
                    Self::NoConnection
                }
                _ => Self::Cut,
            },
            Error::BodyExceedsLimit(_) => Self::TooLong,
            Error::Tls(_) | Error::Rustls(_) => Self::NotSecure,
            _ => Self::Broken,
        }
    }
}

impl EndpointError {
    /// Whether it says no to this request with these parts, where it is known to answer others: a fault of
    /// its own (status 500) counts, for want of better words; having no time, or no answer, does not.
    pub const fn is_about_request(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::NotTheProtocol { .. }
                | Self::GaveUp {
                    last: Trouble::Status(500),
                    ..
                }
        )
    }

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
