//! `POST /api/v1/transcribe`: the words of a recording, to be seen and corrected before they are said.
//!
//! Nothing of it is kept, and it is no turn: what the person then sends goes the way of every message,
//! the crisis protocol first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::response::Json;
use smes_dialogue::Private;
use smes_media::DecodeOptions;
use smes_speech::{Hints, Transcriber, Transcript};

use crate::conversation::Engine;
use crate::http::{ApiError, Arrived, Peer};
use crate::refusal::Refusal;
use crate::state::AppState;

/// The words of a form's `clip`.
pub(crate) async fn transcribe(
    State(state): State<AppState>,
    peer: Peer,
    request: Request,
) -> Result<Json<Transcript>, ApiError> {
    if state.engine().transcriber().is_none() {
        return Err(Refusal::NoTranscriber.into());
    }
    let Arrived { room, request } = Arrived::take(&state, &peer, request).await?;
    let clip = request.clip.ok_or(Refusal::EmptyTurn)?;
    let place = state.workers().reserve(Some(room))?;
    let engine = state.engine().clone();
    let turn_time = state.limits().turn_time;
    let deadline = Instant::now() + turn_time;
    let work = place.run(move || engine.write_down(&clip, deadline));
    match tokio::time::timeout(turn_time, work).await {
        Ok(Some(result)) => Ok(Json(result?)),
        Ok(None) => Err(Refusal::NotTranscribed.into()),
        Err(_) => Err(Refusal::TooSlow.into()),
    }
}

impl Engine {
    /// The same, with somebody who writes down what is said.
    #[must_use]
    pub fn with_transcriber(mut self, transcriber: Option<Arc<dyn Transcriber>>) -> Self {
        self.transcriber = transcriber;
        self
    }

    /// Who writes down what is said, if anybody does.
    pub fn transcriber(&self) -> Option<&dyn Transcriber> {
        self.transcriber.as_deref()
    }

    /// The words of a clip; none where there is no sound.
    fn write_down(
        &self,
        clip: &Private<Vec<u8>>,
        deadline: Instant,
    ) -> Result<Transcript, Refusal> {
        let transcriber = self.transcriber().ok_or(Refusal::NoTranscriber)?;
        let options = DecodeOptions::audio_only();
        let decoded = smes_media::decode_bytes(clip.expose(), &options, &self.media_limits);
        let Some(sound) = decoded.map_err(|_| Refusal::NothingToRead)?.audio else {
            return Ok(Transcript::default());
        };
        let hints = Hints {
            deadline: Some(deadline),
            ..Hints::default()
        };
        // A fault inside a model must not end the program.
        let written = catch_unwind(AssertUnwindSafe(|| transcriber.transcribe(&sound, &hints)));
        match written {
            Ok(Ok(transcript)) => Ok(transcript),
            Ok(Err(error)) => {
                let cause: &(dyn std::error::Error + 'static) = &error;
                tracing::warn!(error = cause, "speech was not written down");
                Err(Refusal::NotTranscribed)
            }
            Err(_) => Err(Refusal::NotTranscribed),
        }
    }
}
