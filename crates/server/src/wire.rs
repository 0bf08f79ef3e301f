//! The messages of the live conversation, as they travel over the WebSocket `/api/v1/live`.
//!
//! Text frames hold one JSON message each. A clip travels as one binary frame right after the
//! [`ClientMessage::Turn`] that announces it. Every [`ServerEvent`] carries a `seq`; after a dropped
//! socket the client says [`ClientMessage::Hello`] with its session and the last `seq` it saw, and the
//! server sends what was missed.

use serde::{Deserialize, Serialize};
use smes_dialogue::{Cue, Emotion, Private, Strategy};

/// What the page sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ClientMessage {
    /// First message on every socket.
    Hello {
        /// The session to go on with; absent to begin one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        session: Option<String>,
        /// Last `seq` seen in that session.
        #[serde(default)]
        last_seq: u64,
        /// Preferred language and region, as in `navigator.language`; chooses the help lines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        locale: Option<String>,
        /// Whether the person has agreed that voice and face are read.
        #[serde(default)]
        sensing_consent: bool,
    },
    /// The person changed what may be sensed.
    Consent {
        /// Whether voice and face may be read from now on.
        sensing: bool,
    },
    /// One turn of the person.
    Turn {
        /// Chosen by the page, unique in the session; a repeated id is answered from memory.
        id: String,
        /// What was typed or transcribed; may be empty when a clip follows.
        text: Private<String>,
        /// The clip that follows in the next binary frame, if one does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clip: Option<ClipHeader>,
    },
    /// "That's not right": the person names the emotion of an earlier turn.
    Correct {
        /// The turn that was misread.
        id: String,
        /// What the person says it was.
        user_emotion: Emotion,
    },
    /// Forget everything of this session now.
    Erase,
}

/// Announces a clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipHeader {
    /// Size of the binary frame, in bytes.
    pub bytes: u64,
    /// Media type as the recorder names it, for example `video/webm;codecs=vp8,opus`.
    pub media_type: String,
}

/// What the server sends: an event with its number in the session.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Envelope {
    /// Number of the event in its session, from 1, rising without holes; it goes on counting after
    /// an erase. `0` marks an event of this socket alone (`Welcome`, refusals): it is never
    /// replayed and must not move the client's `last_seq`.
    pub seq: u64,
    /// The event.
    #[serde(flatten)]
    pub event: ServerEvent,
}

/// One label with its probability.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// The label.
    pub label: String,
    /// Its probability, `0..=1`.
    pub prob: f32,
}

/// What the server tells. Of one turn, in this order: `Received`, `Cue`, `UserEmotion`, `Strategy`,
/// `SystemEmotion`, `ResponseDelta`*, `Response`. A crisis sends `Crisis` after `Received` and
/// nothing else of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerEvent {
    /// The session is open.
    Welcome {
        /// Token of the session, a secret of this page.
        session: String,
        /// Whether an earlier session was taken up again.
        resumed: bool,
        /// Reasoner in use.
        reasoner: String,
        /// Cue extractor in use.
        cues: String,
        /// The emotions that can be told apart, in index order.
        emotions: Vec<String>,
        /// The strategies, with their definitions, in index order.
        strategies: Vec<LabelInfo>,
        /// Bounds the page must keep.
        limits: WireLimits,
        /// "This is a program", in the words to show.
        notice: String,
    },
    /// The turn arrived whole and work has begun.
    Received {
        /// The turn.
        id: String,
    },
    /// What was heard and seen.
    Cue {
        /// The turn.
        id: String,
        /// The cue; absent when there was no clip or nothing could be read from it.
        cue: Option<Cue>,
        /// What is missing and why, in words to show; empty when all went well.
        notes: Vec<String>,
    },
    /// The person's emotion as read.
    UserEmotion {
        /// The turn.
        id: String,
        /// Most likely first.
        distribution: Vec<Scored>,
    },
    /// The strategy chosen.
    Strategy {
        /// The turn.
        id: String,
        /// Most likely first.
        distribution: Vec<Scored>,
    },
    /// The tone chosen.
    SystemEmotion {
        /// The turn.
        id: String,
        /// Most likely first.
        distribution: Vec<Scored>,
    },
    /// A piece of the answer.
    ResponseDelta {
        /// The turn.
        id: String,
        /// The piece.
        text: Private<String>,
    },
    /// The whole answer; the turn is done.
    Response {
        /// The turn.
        id: String,
        /// What is said.
        text: Private<String>,
        /// The strategy it follows.
        strategy: Strategy,
        /// Milliseconds of each stage.
        timings: Timings,
    },
    /// The turn disclosed a crisis: a fixed, reviewed answer and human help; the turn is done.
    Crisis {
        /// The turn.
        id: String,
        /// The reviewed answer.
        text: Private<String>,
        /// Where human help is.
        help: Vec<HelpLine>,
    },
    /// A correction was taken over.
    Corrected {
        /// The turn.
        id: String,
    },
    /// Everything of the session is forgotten.
    Erased,
    /// "This is not a human", repeated at intervals.
    Notice {
        /// In the words to show.
        text: String,
    },
    /// Something could not be done; the session goes on unless `fatal`.
    Error {
        /// The turn it belongs to, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// Stable code for programs, for example `clip_too_large`.
        code: String,
        /// What happened, what was kept, what to do: in words to show.
        message: String,
        /// Whether the session is over.
        fatal: bool,
    },
}

/// A label with its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelInfo {
    /// The label.
    pub label: String,
    /// Its meaning.
    pub definition: String,
}

/// A place where people help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HelpLine {
    /// Who.
    pub name: String,
    /// How to reach them: a number or a short instruction.
    pub contact: String,
    /// Page of theirs.
    pub url: String,
    /// When they answer.
    pub hours: String,
}

/// Bounds the server keeps, told so that the page can keep them too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireLimits {
    /// Longest text of a turn, in characters.
    pub text_chars: usize,
    /// Largest clip, in bytes.
    pub clip_bytes: u64,
    /// Longest clip, in milliseconds.
    pub clip_ms: u64,
}

/// Milliseconds spent on each stage of a turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Timings {
    /// Decoding the clip.
    pub decode_ms: f64,
    /// Deriving the cue.
    pub cue_ms: f64,
    /// Planning: emotion, strategy, tone.
    pub plan_ms: f64,
    /// Wording the answer.
    pub respond_ms: f64,
    /// From the arrival of the turn to the answer.
    pub total_ms: f64,
}
