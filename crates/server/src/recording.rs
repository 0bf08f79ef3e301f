//! A clip that arrives while it is being recorded.

use std::time::Duration;

use smes_dialogue::Private;
use tokio::time::Instant;

use crate::reading::Followed;
use crate::wire::{FaceNow, ServerEvent};
use crate::workers::ClipRoom;

/// How often what is heard is told.
const MOMENT_EVERY: Duration = Duration::from_millis(250);

/// The recording of one turn, as far as it came.
pub(crate) struct Recording {
    id: String,
    bytes: Vec<u8>,
    room: ClipRoom,
    /// The decoder and reader; none where the clip is only gathered.
    followed: Option<Followed>,
    next_moment: Instant,
    /// When it is given up.
    due: Instant,
}

impl Recording {
    pub(crate) fn new(
        id: String,
        room: ClipRoom,
        followed: Option<Followed>,
        longest: Duration,
    ) -> Self {
        let now = Instant::now();
        Self {
            id,
            bytes: Vec::new(),
            room,
            followed,
            next_moment: now + MOMENT_EVERY,
            due: now + longest,
        }
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn n_bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// When it is given up.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// When something is to be done about it.
    pub(crate) fn wakes_at(&self) -> Instant {
        if self.followed.is_some() {
            self.due.min(self.next_moment)
        } else {
            self.due
        }
    }

    /// Takes the next piece.
    pub(crate) fn add(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
        if let Some(followed) = &mut self.followed {
            followed.feed(piece.to_vec());
        }
    }

    /// What is heard now, if anything new was.
    pub(crate) async fn moment(&mut self) -> Option<ServerEvent> {
        let mut followed = self.followed.take()?;
        let work = move || {
            let moment = followed.moment();
            (followed, moment)
        };
        // A fault inside costs the moments, not the clip: its bytes are kept.
        let (followed, moment) = tokio::task::spawn_blocking(work).await.ok()?;
        self.followed = Some(followed);
        self.next_moment = Instant::now() + MOMENT_EVERY;
        let moment = moment?;
        Some(ServerEvent::Moment {
            id: self.id.clone(),
            time_ms: moment.time_ms,
            level_db: moment.level_db,
            f0_hz: moment.f0_hz,
            face: moment.face.map(|face| match face {
                smes_cues::FaceNow::None => FaceNow::None,
                smes_cues::FaceNow::Flawed(flaw) => FaceNow::Unclear {
                    why: flaw.words().to_owned(),
                },
                smes_cues::FaceNow::Like { expression, prob } => FaceNow::Like {
                    label: expression,
                    prob,
                },
            }),
        })
    }

    /// The whole clip, what was decoded of it, and the room it takes.
    pub(crate) fn finish(self) -> (Private<Vec<u8>>, Option<Followed>, ClipRoom) {
        (Private::new(self.bytes), self.followed, self.room)
    }
}
