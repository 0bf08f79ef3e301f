//! Clips of a socket's turns: those that follow the turn that announced them, and those that go ahead
//! of it while they are recorded.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::ws::Message;
use futures_util::Sink;
use smes_dialogue::Private;
use tokio::time::Instant;

use super::{Flow, GO_ON, Talk};
use crate::conversation::TurnInput;
use crate::recording::Recording;
use crate::refusal::Refusal;
use crate::session::Session;
use crate::workers::ClipRoom;

/// What the next binary frame is.
pub(super) enum Expecting {
    /// Nothing that was announced.
    Nothing,
    /// A piece of the clip of this turn.
    Clip(Announced),
    /// A piece of a clip that is still being recorded.
    Recording(Recording),
    /// A piece of the clip of a turn that was refused or is a repetition; so many bytes are left.
    Discard(u64),
}

/// A turn whose clip is arriving.
pub(super) struct Announced {
    pub(super) id: String,
    pub(super) text: Private<String>,
    pub(super) n_bytes: u64,
    pub(super) clip: Private<Vec<u8>>,
    pub(super) room: ClipRoom,
    /// When it is given up.
    pub(super) due: Instant,
}

impl<S: Sink<Message> + Unpin> Talk<'_, S> {
    /// A text frame where a clip was announced: the turn cannot go on.
    pub(super) async fn drop_missing_clip(&mut self) -> Flow {
        match std::mem::replace(&mut self.expecting, Expecting::Nothing) {
            Expecting::Clip(turn) => self.refuse(Refusal::ClipMissing, Some(&turn.id)).await,
            recording @ Expecting::Recording(_) => {
                self.expecting = recording;
                GO_ON
            }
            Expecting::Nothing | Expecting::Discard(_) => GO_ON,
        }
    }

    /// Begins to follow a recording. One that cannot be followed is told so, and its pieces are passed
    /// over: the page then sends the clip with its turn.
    pub(super) async fn follow(
        &mut self,
        session: &Session,
        id: String,
        (sound, picture): (bool, bool),
    ) -> Flow {
        let limits = self.state.limits();
        let (clip_bytes, longest) = (limits.clip_bytes, Duration::from_millis(limits.clip_ms));
        let longest = longest + limits.clip_time;
        self.expecting = Expecting::Discard(u64::MAX);
        let room = session
            .check_turn(&id, "", Some(clip_bytes))
            .and_then(|()| self.state.workers().make_room(clip_bytes));
        match room {
            Ok(room) => {
                let followed = self.state.engine().follow(sound, picture);
                let recording = Recording::new(id, room, followed, longest);
                self.expecting = Expecting::Recording(recording);
                GO_ON
            }
            Err(refusal) => self.refuse(refusal, Some(&id)).await,
        }
    }

    /// Lets go of the recording of a turn, of any where none is named.
    pub(super) fn give_up_recording(&mut self, id: Option<&str>) {
        if let Expecting::Recording(recording) = &self.expecting
            && id.is_none_or(|id| id == recording.id())
        {
            // What is on its way is passed over.
            self.expecting = Expecting::Discard(u64::MAX);
        }
    }

    /// The recording that a turn with a clip of so many bytes belongs to.
    pub(super) fn take_recording(&mut self, id: &str, n_bytes: u64) -> Option<Recording> {
        match std::mem::replace(&mut self.expecting, Expecting::Nothing) {
            Expecting::Recording(recording)
                if recording.id() == id && recording.n_bytes() == n_bytes =>
            {
                Some(recording)
            }
            _ => None,
        }
    }

    /// Tells what is heard of the recording.
    pub(super) async fn tell_moment(&mut self) -> Flow {
        let Expecting::Recording(recording) = &mut self.expecting else {
            return GO_ON;
        };
        match recording.moment().await {
            Some(moment) => self.send(0, moment).await,
            None => GO_ON,
        }
    }

    pub(super) async fn take_clip(&mut self, piece: Bytes) -> Flow {
        let n_new = piece.len() as u64;
        let turn = match std::mem::replace(&mut self.expecting, Expecting::Nothing) {
            Expecting::Nothing => return self.bad_frame(Refusal::ClipUnexpected).await,
            Expecting::Discard(n_left) => {
                if n_new < n_left {
                    self.expecting = Expecting::Discard(n_left - n_new);
                }
                return GO_ON;
            }
            Expecting::Recording(mut recording) => {
                let limit = self.state.limits().clip_bytes;
                if recording.n_bytes() + n_new > limit {
                    self.expecting = Expecting::Discard(u64::MAX);
                    let refusal = Refusal::ClipTooLarge { limit };
                    return self.refuse(refusal, Some(recording.id())).await;
                }
                recording.add(&piece);
                self.expecting = Expecting::Recording(recording);
                return GO_ON;
            }
            Expecting::Clip(mut turn) => {
                let mut clip = turn.clip.into_inner();
                let n_bytes = clip.len() as u64 + n_new;
                if n_bytes <= turn.n_bytes {
                    clip.extend_from_slice(&piece);
                }
                turn.clip = Private::new(clip);
                if n_bytes < turn.n_bytes {
                    self.expecting = Expecting::Clip(turn);
                    return GO_ON;
                }
                if n_bytes > turn.n_bytes {
                    return self.refuse(Refusal::ClipMismatch, Some(&turn.id)).await;
                }
                turn
            }
        };
        self.take_whole_clip(turn).await
    }

    pub(super) async fn take_whole_clip(&mut self, turn: Announced) -> Flow {
        let Some(session) = self.session.clone() else {
            return self.bad_frame(Refusal::HelloFirst).await;
        };
        // Consent may have been withdrawn since the clip was announced.
        let checked = session.check_turn(&turn.id, turn.text.expose(), Some(turn.n_bytes));
        if let Err(refusal) = checked {
            return self.refuse(refusal, Some(&turn.id)).await;
        }
        let input = TurnInput {
            clip: Some(turn.clip),
            ..TurnInput::text(turn.id, turn.text)
        };
        self.start(&session, input, Some(turn.room)).await
    }
}
