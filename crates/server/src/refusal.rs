//! What the server will not or could not do, each with a stable code and humane words.
//!
//! A refusal says what happened, what was kept and what to do. Its words never repeat what the
//! person said, and it never ends the session unless it is [fatal](Refusal::is_fatal).

use crate::wire::ServerEvent;

/// Why something was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The frame or body is no message of the protocol.
    NotUnderstood,
    /// A message came before `Hello`.
    HelloFirst,
    /// A socket sent nothing sensible for too long.
    TooManyBadFrames,
    /// The frame or body is larger than any message may be.
    MessageTooLarge,
    /// The turn's id is empty or longer than 64 bytes.
    BadTurnId,
    /// The text is longer than allowed.
    TextTooLong {
        /// Longest text, in characters.
        limit: usize,
    },
    /// Neither words nor a clip.
    EmptyTurn,
    /// The clip is larger than allowed.
    ClipTooLarge {
        /// Largest clip, in bytes.
        limit: u64,
    },
    /// The clip's size is not what was announced.
    ClipMismatch,
    /// Another message came where the clip was expected.
    ClipMissing,
    /// A clip that no turn announced.
    ClipUnexpected,
    /// Voice and face may not be read: there is no consent.
    ConsentMissing,
    /// The session sends turns too fast.
    TooFast,
    /// The turn before is not done.
    TurnInProgress,
    /// The server has as many turns to do as it can hold.
    Busy,
    /// The server has as many sessions as it can hold.
    TooManySessions,
    /// The address has as many sessions as it may.
    TooManySessionsHere,
    /// A correction names an emotion that is not told apart.
    UnknownEmotion,
    /// A correction names a turn that is not known.
    UnknownTurn,
    /// The turn was answered before, and its answer is no longer kept.
    AnswerGone,
    /// Events after the last seen one are no longer kept.
    EventsGone,
    /// No words, and nothing could be read from the clip.
    NothingToRead,
    /// The reasoner failed.
    ReasonerFailed,
    /// The turn took too long and was given up.
    TooSlow,
    /// The session is over, after idleness or its longest time.
    SessionExpired,
    /// The session was taken up by a newer socket.
    TakenOver,
    /// The server is closing.
    Closing,
    /// The request comes from another site's page.
    ForeignOrigin,
    /// Nobody writes down what is said here.
    NoTranscriber,
    /// What was said could not be written down.
    NotTranscribed,
    /// The request's history cannot be read; the answer names the place.
    BadHistory,
}

impl Refusal {
    /// Stable code for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotUnderstood => "not_understood",
            Self::HelloFirst => "hello_first",
            Self::TooManyBadFrames => "too_many_bad_frames",
            Self::MessageTooLarge => "message_too_large",
            Self::BadTurnId => "bad_turn_id",
            Self::TextTooLong { .. } => "text_too_long",
            Self::EmptyTurn => "empty_turn",
            Self::ClipTooLarge { .. } => "clip_too_large",
            Self::ClipMismatch => "clip_mismatch",
            Self::ClipMissing => "clip_missing",
            Self::ClipUnexpected => "clip_unexpected",
            Self::ConsentMissing => "consent_missing",
            Self::TooFast => "too_fast",
            Self::TurnInProgress => "turn_in_progress",
            Self::Busy => "busy",
            Self::TooManySessions => "server_full",
            Self::TooManySessionsHere => "address_full",
            Self::UnknownEmotion => "unknown_emotion",
            Self::UnknownTurn => "unknown_turn",
            Self::AnswerGone => "answer_gone",
            Self::EventsGone => "events_gone",
            Self::NothingToRead => "nothing_to_read",
            Self::ReasonerFailed => "reasoner_failed",
            Self::TooSlow => "too_slow",
            Self::SessionExpired => "session_expired",
            Self::TakenOver => "taken_over",
            Self::Closing => "closing",
            Self::ForeignOrigin => "foreign_origin",
            Self::NoTranscriber => "no_transcriber",
            Self::NotTranscribed => "not_transcribed",
            Self::BadHistory => "bad_history",
        }
    }

    /// What happened, what was kept, what to do.
    pub fn message(self) -> String {
        match self {
            Self::TextTooLong { limit } => {
                return format!(
                    "That message is longer than {limit} characters. It was not sent; please split it in two."
                );
            }
            Self::ClipTooLarge { limit } => {
                let mib = limit / (1024 * 1024);
                return format!(
                    "That recording is larger than {mib} MB. It was not used; please record a shorter one, or write instead."
                );
            }
            _ => {}
        }
        self.fixed_message().to_owned()
    }

    #[expect(clippy::too_many_lines, reason = "a flat list of alike sentences")]
    const fn fixed_message(self) -> &'static str {
        match self {
            Self::NotUnderstood => {
                "That message could not be read. Nothing was changed; please send it again, or reload the page."
            }
            Self::HelloFirst => {
                "The connection has to introduce itself first. Nothing was lost; reload the page if this stays."
            }
            Self::TooManyBadFrames => {
                "Too many messages could not be read, so this connection is closed. The conversation is kept; reload the page to go on."
            }
            Self::MessageTooLarge => {
                "That message is too large. It was not used and the conversation is kept; please send something shorter."
            }
            Self::BadTurnId => {
                "That message came without a usable number. It was not used; please send it again."
            }
            Self::EmptyTurn => {
                "There was nothing in that message. Write or record something first."
            }
            Self::ClipMismatch => {
                "The recording did not arrive whole, so that message was not used. The conversation is kept; please send it again."
            }
            Self::ClipMissing => {
                "The recording that belongs to that message did not arrive. The conversation is kept; please send it again."
            }
            Self::ClipUnexpected => {
                "A recording arrived that belongs to no message. It was thrown away; the conversation is kept."
            }
            Self::ConsentMissing => {
                "Voice and face are only read after you allow it. The recording was thrown away; allow it first, or write instead."
            }
            Self::TooFast => {
                "That was a lot of messages in one minute. Everything so far is kept; please wait a moment and send it again."
            }
            Self::TurnInProgress => {
                "The answer to your last message is still being made. Please send this one when it is there."
            }
            Self::Busy => {
                "Many people are talking right now. Your conversation is kept; please send that again in a moment."
            }
            Self::TooManySessions => {
                "Many people are talking right now and there is no free place. Please try again in a few minutes."
            }
            Self::TooManySessionsHere => {
                "There are many open conversations from your address. Close one, or try again in half an hour."
            }
            Self::UnknownEmotion => {
                "That is not one of the feelings that can be told apart here. Nothing was changed; choose one from the list."
            }
            Self::UnknownTurn => "The message you correct is no longer kept. Nothing was changed.",
            Self::AnswerGone => {
                "That message was answered before, and the answer is no longer kept. Please write it again as a new message."
            }
            Self::EventsGone => {
                "Some earlier answers are no longer kept, so they cannot be shown again. The conversation goes on."
            }
            Self::NothingToRead => {
                "Nothing could be made out in the recording, and there were no words with it. The conversation is kept; try again, or write instead."
            }
            Self::ReasonerFailed => {
                "No answer could be made this time. The conversation before it is kept; please send your message again."
            }
            Self::TooSlow => {
                "The answer took too long and was given up. The conversation before it is kept; please send your message again."
            }
            Self::SessionExpired => {
                "This conversation was open for a long time without a message, so it has been forgotten. Write to begin a new one."
            }
            Self::TakenOver => {
                "This conversation goes on in another window. Reload this page to take it back."
            }
            Self::Closing => "The program is being closed. What was said here is not kept.",
            Self::ForeignOrigin => "This address only answers its own page. Open it directly.",
            Self::NoTranscriber => {
                "Nobody writes down here what is said. Nothing was kept of the recording; please type your words."
            }
            Self::NotTranscribed => {
                "What was said could not be written down this time. Nothing was kept of the recording; please type your words, or try again."
            }
            Self::BadHistory => "The history could not be read.",
            Self::TextTooLong { .. } => "That message is too long.",
            Self::ClipTooLarge { .. } => "That recording is too large.",
        }
    }

    /// Whether the socket closes after it. The session itself ends only with
    /// [`Refusal::SessionExpired`] and [`Refusal::Closing`].
    pub const fn is_fatal(self) -> bool {
        matches!(
            self,
            Self::TooManyBadFrames
                | Self::TooManySessions
                | Self::TooManySessionsHere
                | Self::SessionExpired
                | Self::TakenOver
                | Self::Closing
        )
    }

    /// The refusal as an event, about the turn `id` if there is one.
    pub fn event(self, id: Option<&str>) -> ServerEvent {
        ServerEvent::Error {
            id: id.map(str::to_owned),
            code: self.code().to_owned(),
            message: self.message(),
            fatal: self.is_fatal(),
        }
    }
}
