//! The messages of the live conversation, as they travel over the WebSocket `/api/v1/live`.
//!
//! Text frames hold one JSON message each. A clip travels right after the [`ClientMessage::Turn`] that
//! announces it, in binary frames of at most [`WireLimits::clip_frame_bytes`] each. Every [`ServerEvent`] carries a `seq`; after a dropped
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
        session: Option<Private<String>>,
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
        /// The clip that follows in the next binary frames, if one does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        clip: Option<ClipHeader>,
    },
    /// A clip of turn `id` is being recorded: its pieces follow in binary frames as they come, are
    /// decoded meanwhile, and answered by [`ServerEvent::Moment`]s, until the turn is said (its clip
    /// marked [`ClipHeader::followed`]) or given up.
    Follow {
        /// The turn that the clip will belong to.
        id: String,
        /// Whether it has sound.
        sound: bool,
        /// Whether it has pictures.
        picture: bool,
    },
    /// The recording is not wanted any more.
    Unfollow {
        /// The turn it would have belonged to.
        id: String,
    },
    /// "That's not right": the person names the emotion of an earlier turn.
    Correct {
        /// The turn that was misread.
        id: String,
        /// What the person says it was.
        user_emotion: Emotion,
    },
    /// Forget everything of the session, at once.
    Erase,
}

/// Announces a clip.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClipHeader {
    /// Size of the clip, in bytes: of all its frames together.
    pub bytes: u64,
    /// Media type as the recorder names it, for example `video/webm;codecs=vp8,opus`.
    pub media_type: String,
    /// It came after a [`ClientMessage::Follow`], and nothing of it follows here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub followed: bool,
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

/// What the server tells. Of one turn, in this order: `Moment`* while it is recorded, `Received`, `Cue`, `UserEmotion`, `Strategy`,
/// `SystemEmotion`, `ResponseDelta`*, `Response`. A crisis sends `Crisis` after `Received` and
/// nothing else of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerEvent {
    /// The session is open.
    Welcome {
        /// Token of the session, a secret of this page.
        session: Private<String>,
        /// Whether an earlier session was taken up again.
        resumed: bool,
        /// Reasoner in use.
        reasoner: String,
        /// Cue extractor in use.
        cues: String,
        /// Who writes down what is said, at `/api/v1/transcribe`; absent where nobody does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        transcriber: Option<String>,
        /// The emotions that can be told apart, in index order.
        emotions: Vec<String>,
        /// The strategies, with their definitions, in index order.
        strategies: Vec<LabelInfo>,
        /// Bounds the page must keep.
        limits: WireLimits,
        /// "This is a program", in the words to show.
        notice: String,
    },
    /// What is heard and seen of a recording that goes on; of this socket alone.
    Moment {
        /// The turn that it will belong to.
        id: String,
        /// Where the moment ends, in milliseconds from the start of the recording.
        time_ms: u64,
        /// Level in dB below full scale.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        level_db: Option<f64>,
        /// Pitch of the voice, in Hz.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        f0_hz: Option<f64>,
        /// What the latest picture shows of a face.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        face: Option<FaceNow>,
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
        /// One sentence where voice or face point elsewhere than the words do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        contrast: Option<String>,
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

/// A face in the latest picture of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaceNow {
    /// There is none.
    None,
    /// It cannot be judged.
    Unclear {
        /// Why, in words to show: `too dark`.
        why: String,
    },
    /// It looks most like this.
    Like {
        /// The expression.
        label: String,
        /// Its probability, `0..=1`.
        prob: f64,
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
    /// Largest binary frame, in bytes; a larger one closes the socket.
    pub clip_frame_bytes: usize,
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    // `Strategy` is a label here; proptest's goes by another name.
    use proptest::strategy::Strategy as Generator;
    use smes_dialogue::{Extractor, Feature, Label, Modality, Strategy, TimeSpan};

    fn private() -> impl Generator<Value = Private<String>> {
        any::<String>().prop_map(Private::new)
    }

    fn client_message() -> impl Generator<Value = ClientMessage> {
        let clip = (any::<u64>(), any::<String>()).prop_map(|(bytes, media_type)| ClipHeader {
            bytes,
            media_type,
            followed: bytes % 2 == 0,
        });
        prop_oneof![
            (
                option::of(private()),
                any::<u64>(),
                option::of(any::<String>()),
                any::<bool>()
            )
                .prop_map(|(session, last_seq, locale, sensing_consent)| {
                    ClientMessage::Hello {
                        session,
                        last_seq,
                        locale,
                        sensing_consent,
                    }
                }),
            any::<bool>().prop_map(|sensing| ClientMessage::Consent { sensing }),
            any::<(String, bool, bool)>().prop_map(|(id, sound, picture)| ClientMessage::Follow {
                id,
                sound,
                picture
            }),
            any::<String>().prop_map(|id| ClientMessage::Unfollow { id }),
            (any::<String>(), private(), option::of(clip))
                .prop_map(|(id, text, clip)| ClientMessage::Turn { id, text, clip }),
            (any::<String>(), any::<String>()).prop_map(|(id, label)| ClientMessage::Correct {
                id,
                user_emotion: Emotion::from_name(&label),
            }),
            Just(ClientMessage::Erase),
        ]
    }

    /// Decimal fractions of few digits: the reader gives others back within one last binary digit.
    fn number() -> impl Generator<Value = f64> {
        (-1_000_000_i32..1_000_000).prop_map(|n| f64::from(n) / 4.0)
    }

    fn face_now() -> impl Generator<Value = FaceNow> {
        prop_oneof![
            Just(FaceNow::None),
            any::<String>().prop_map(|why| FaceNow::Unclear { why }),
            (any::<String>(), number()).prop_map(|(label, prob)| FaceNow::Like { label, prob }),
        ]
    }

    fn scored() -> impl Generator<Value = Vec<Scored>> {
        let one = (any::<String>(), 0.0_f32..=1.0).prop_map(|(label, prob)| Scored { label, prob });
        vec(one, 0..4)
    }

    fn cue() -> impl Generator<Value = Cue> {
        let feature = (any::<String>(), number(), option::of(number())).prop_map(
            |(name, value, relative_to_baseline)| Feature {
                name,
                value,
                unit: "Hz".to_owned(),
                relative_to_baseline,
            },
        );
        let limits = vec(any::<String>(), 0..3);
        (private(), option::of(private()), vec(feature, 0..3), limits).prop_map(
            |(observation, distress, features, limits)| Cue {
                observation,
                distress,
                modalities: vec![Modality::Audio],
                span: TimeSpan::try_new(3, 9).ok(),
                extractor: Extractor {
                    name: "x".to_owned(),
                    version: "1".to_owned(),
                },
                confidence: Some(0.5),
                features,
                limits,
            },
        )
    }

    #[expect(clippy::too_many_lines, reason = "a flat list of all events")]
    fn event() -> impl Generator<Value = ServerEvent> {
        let id = any::<String>;
        let texts = || vec(any::<String>(), 0..3);
        let timings = vec(number(), 5).prop_map(|ms| Timings {
            decode_ms: ms[0],
            cue_ms: ms[1],
            plan_ms: ms[2],
            respond_ms: ms[3],
            total_ms: ms[4],
        });
        let info = (id(), id()).prop_map(|(label, definition)| LabelInfo { label, definition });
        let line = (id(), id(), id(), id()).prop_map(|(name, contact, url, hours)| HelpLine {
            name,
            contact,
            url,
            hours,
        });
        prop_oneof![
            (
                id(),
                any::<bool>(),
                texts(),
                vec(info, 0..3),
                any::<(usize, u64, u64)>(),
                option::of(id()),
            )
                .prop_map(
                    |(text, resumed, emotions, strategies, bounds, transcriber)| {
                        ServerEvent::Welcome {
                            session: Private::new(text.clone()),
                            resumed,
                            reasoner: text.clone(),
                            cues: text.clone(),
                            transcriber,
                            emotions,
                            strategies,
                            limits: WireLimits {
                                text_chars: bounds.0,
                                clip_bytes: bounds.1,
                                clip_frame_bytes: bounds.0,
                                clip_ms: bounds.2,
                            },
                            notice: text,
                        }
                    }
                ),
            (
                id(),
                any::<u64>(),
                option::of(number()),
                option::of(number()),
                option::of(face_now())
            )
                .prop_map(|(id, time_ms, level_db, f0_hz, face)| ServerEvent::Moment {
                    id,
                    time_ms,
                    level_db,
                    f0_hz,
                    face,
                }),
            id().prop_map(|id| ServerEvent::Received { id }),
            (id(), option::of(cue()), texts()).prop_map(|(id, cue, notes)| ServerEvent::Cue {
                id,
                cue,
                notes
            }),
            (id(), scored(), option::of(any::<String>())).prop_map(
                |(id, distribution, contrast)| ServerEvent::UserEmotion {
                    id,
                    distribution,
                    contrast
                }
            ),
            (id(), scored())
                .prop_map(|(id, distribution)| ServerEvent::Strategy { id, distribution }),
            (id(), scored())
                .prop_map(|(id, distribution)| ServerEvent::SystemEmotion { id, distribution }),
            (id(), private()).prop_map(|(id, text)| ServerEvent::ResponseDelta { id, text }),
            (id(), private(), id(), timings).prop_map(|(id, text, label, timings)| {
                ServerEvent::Response {
                    id,
                    text,
                    strategy: Strategy::from_name(&label),
                    timings,
                }
            }),
            (id(), private(), vec(line, 0..3)).prop_map(|(id, text, help)| ServerEvent::Crisis {
                id,
                text,
                help
            }),
            id().prop_map(|id| ServerEvent::Corrected { id }),
            Just(ServerEvent::Erased),
            id().prop_map(|text| ServerEvent::Notice { text }),
            (option::of(id()), id(), id(), any::<bool>()).prop_map(|(id, code, message, fatal)| {
                ServerEvent::Error {
                    id,
                    code,
                    message,
                    fatal,
                }
            }),
        ]
    }

    proptest! {
        #[test]
        fn every_client_message_reads_back_as_it_was_written(message in client_message()) {
            let json = serde_json::to_string(&message).unwrap();
            prop_assert_eq!(serde_json::from_str::<ClientMessage>(&json).unwrap(), message);
        }

        #[test]
        fn every_event_reads_back_as_it_was_written(seq in any::<u64>(), event in event()) {
            let envelope = Envelope { seq, event };
            let json = serde_json::to_string(&envelope).unwrap();
            prop_assert_eq!(serde_json::from_str::<Envelope>(&json).unwrap(), envelope);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in vec(any::<u8>(), 0..200)) {
            let _ = serde_json::from_slice::<ClientMessage>(&bytes);
            let _ = serde_json::from_slice::<Envelope>(&bytes);
        }

        #[test]
        fn a_message_cut_short_or_changed_is_refused_or_read_but_never_panics(
            message in client_message(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
        ) {
            let mut json = serde_json::to_vec(&message).unwrap();
            let idx = at.index(json.len());
            prop_assert!(serde_json::from_slice::<ClientMessage>(&json[..idx]).is_err());
            json[idx] = byte;
            let _ = serde_json::from_slice::<ClientMessage>(&json);
        }
    }

    #[test]
    fn a_turn_on_the_wire_looks_as_documented() {
        let json =
            r#"{"type":"turn","id":"1","text":"hm","clip":{"bytes":9,"media_type":"video/webm"}}"#;
        let message: ClientMessage = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&message).unwrap(), json);
        let unknown = json.replace("\"id\"", "\"ip\"");
        assert!(serde_json::from_str::<ClientMessage>(&unknown).is_err());
    }
}
